import pytest

from planning.policy import LabelsNeeded
from reports.advice.words import name_labels_alone


def said(low: int | None, middle: int | None, high: int | None, *, most: int = 900, is_bounded: bool = False) -> str:
    needed = LabelsNeeded(low=low, middle=middle, high=high, most=most, is_bounded=is_bounded)
    return name_labels_alone(needed, num_there=100, price=lambda labels: f"${labels / 10:.2f}")


@pytest.mark.parametrize(
    ("needed", "words"),
    [
        (
            (213, 342, 587),
            "About 340 labels, $34.00 from here; with 80 % between 210 ($21.00) and 590 ($59.00).",
        ),
        ((None, None, None), "More than the 900 labels that the pool has."),
        (
            (400, None, None),
            "At least 400 labels, $40.00 from here. Probably more than the 900 labels that the pool has.",
        ),
        (
            (300, 500, None),
            "At least 300 labels, $30.00 from here. It cannot be told whether it is more than the 900 labels that the "
            "pool has.",
        ),
        ((30, 60, 90), "No more than the 100 labels there."),
        ((40, 300, 800), "Cannot tell: with 80 % between 40 ($4.00) and 800 ($80.00)."),
    ],
)
def test_each_case_has_its_sentence(needed: tuple[int | None, int | None, int | None], words: str) -> None:
    assert said(*needed) == words


def test_where_nothing_is_forecast_farther_out_that_is_said() -> None:
    words = said(None, None, None, most=320, is_bounded=True)
    assert words == "More than 320 labels, beyond which nothing is forecast."


def test_a_rounded_number_is_never_above_what_there_is() -> None:
    assert "897 ($89.70)" in said(600, 700, 897, most=897)
