from typing import Any

import pytest

from planning.policy import Advice, Forecast, Question, advise
from planning.policy import advice as advising
from planning.posterior import vague_prior
from planning.surfaces import Cell
from tests.unit.planning.grounds import point
from tests.unit.planning.test_advice_is_given_in_plain_words import offers

DEAR, CHEAP = Cell(4000), Cell(1000)


def forecast(cell: Cell, dollars: float, **changes: Any) -> Forecast:
    """A student that is expected to gain ten points by itself, and no more with a second purchase."""
    figures: dict[str, Any] = {"score": 80.0, "gain": 10.0, "own_gain": 10.0, "adds": 10.0, "plan_dollars": dollars}
    bands: dict[str, Any] = {"band_80": (78.0, 82.0), "band_90": (77.0, 83.0)}
    chances: dict[str, Any] = {"gain_per_dollar": None, "chance_of_being_best": 0.5, "can_tell": True}
    return Forecast(cell=cell, dollars=dollars, **{**figures, **bands, **chances, **changes})


def asked(monkeypatch: pytest.MonkeyPatch, *forecasts: Forecast, worth: float = 0.0) -> Advice:
    monkeypatch.setattr(advising, "forecasts_of", lambda **_: list(forecasts))
    points = [point(100, 0, 1.0, 60.0), point(500, 0, 1.0, 70.0)]
    return advise(Question(points=points, offers=offers(), money=1_000.0, prior=vague_prior(), dollars_per_point=worth))


@pytest.mark.parametrize(
    "dear",
    [
        {},
        # A second purchase that gains next to nothing makes the cheaper plan the dearer one.
        {"score": 80.5, "gain": 10.6, "own_gain": 10.5},
    ],
)
def test_of_two_students_with_one_forecast_the_cheaper_is_bought(
    monkeypatch: pytest.MonkeyPatch, dear: dict[str, float]
) -> None:
    cheap = forecast(CHEAP, 115.0, gain=10.02, plan_dollars=515.0)
    advice = asked(monkeypatch, forecast(DEAR, 400.0, **dear), cheap)
    assert advice.best is cheap
    assert advice.words.startswith("Buy 1,000 labels for $115.00: ")
    assert advice.words.endswith("Dearer and not clearly better: 4,000 labels for $400.00.")


def test_students_of_a_like_price_are_too_close_to_call(monkeypatch: pytest.MonkeyPatch) -> None:
    advice = asked(monkeypatch, forecast(DEAR, 120.0), forecast(CHEAP, 115.0))
    assert advice.best is not None and advice.best.cell == CHEAP
    assert advice.words.endswith("It is too close to call against 4,000 labels for $120.00.")


def test_a_cheaper_student_that_needs_a_dear_one_after_it_is_not_the_cheaper_way(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    look = forecast(CHEAP, 115.0, score=73.0, band_80=(71.0, 81.0), own_gain=3.0, plan_dollars=515.0)
    advice = asked(monkeypatch, forecast(DEAR, 400.0), look)
    assert advice.best is not None and advice.best.cell == DEAR
    assert advice.words.endswith(
        "1,000 labels for $115.00 would end as well only with a further purchase, $515.00 in all."
    )


def test_a_dearer_student_that_is_clearly_better_is_bought(monkeypatch: pytest.MonkeyPatch) -> None:
    cheap = forecast(CHEAP, 115.0, score=74.0, band_80=(72.0, 76.0), gain=4.0, own_gain=4.0)
    advice = asked(monkeypatch, forecast(DEAR, 400.0), cheap)
    assert advice.best is not None and advice.best.cell == DEAR
    assert advice.words.endswith("Next best: 1,000 labels for $115.00, 6.0 points less at the end.")


def test_what_a_point_is_worth_decides_where_it_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    better = forecast(DEAR, 400.0, score=80.9, gain=10.9, own_gain=10.9)
    assert asked(monkeypatch, better, forecast(CHEAP, 115.0)).best is not better
    advice = asked(monkeypatch, better, forecast(CHEAP, 115.0), worth=1_000.0)
    assert advice.best is better
    assert advice.words.endswith("Cheaper and not clearly worse: 1,000 labels for $115.00.")
