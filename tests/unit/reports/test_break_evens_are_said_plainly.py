from decimal import Decimal
from types import SimpleNamespace
from typing import Any, cast

import pytest

from planning.serving import ServingGap
from reports.serving import compare_serving
from studies.models import Study


def said(
    points: float = 4, low: float = 2, high: float = 6, *, worth: str | None = None, requests: int | None = None
) -> str:
    gap = ServingGap(points=points, low=low, high=high, dollars_per_thousand=Decimal("0.40"))
    worth_per_point = None if worth is None else Decimal(worth)
    study: Any = SimpleNamespace(
        budget=SimpleNamespace(currency="USD"), worth_per_point=worth_per_point, monthly_requests=requests
    )
    return compare_serving(gap, dearer="Teacher 3", cheaper="Student 5", study=cast(Study, study))


BETTER = (
    "Teacher 3 costs $0.4000 more per 1,000 requests than Student 5 and scores 4.0 points more (95 %: +2.0 to +6.0). "
)


def test_without_a_worth_the_difference_is_named_at_given_volumes() -> None:
    months = "More each month: $4.00 at 10,000, $400.00 at 1,000,000 requests. "
    assert said() == BETTER + months + "Say what a point is worth, and the break-even is named."
    assert "More each month: $20.00 at 50,000 requests." in said(requests=50_000)


def test_with_a_worth_the_break_even_is_named_with_its_interval() -> None:
    assert said(worth="6").endswith(
        "At $6.00 a point and a year of serving it pays up to about 5,000 requests a month (2,500 to 7,500 with 95 %); "
        "above, Student 5 wins."
    )


@pytest.mark.parametrize(
    ("requests", "end"),
    [
        (1_000, "At the 1,000 that are expected Teacher 3 wins."),
        (5_000, "At the 5,000 that are expected it is too close to call."),
        (90_000, "At the 90,000 that are expected Student 5 wins."),
    ],
)
def test_at_the_expected_requests_the_winner_is_named(requests: int, end: str) -> None:
    assert said(worth="6", requests=requests).endswith(end)


def test_of_a_dearer_model_that_is_not_better_the_other_wins_always() -> None:
    assert said(-1, -3, 1).endswith(
        "does not score higher (-1.0 points; 95 %: -3.0 to +1.0): Student 5 wins at any volume."
    )


def test_where_the_interval_has_zero_nothing_is_promised() -> None:
    words = said(2, -1, 5, worth="6", requests=1_000)
    assert words.endswith("Whether it is better cannot be told, and so not whether it is worth more.")
