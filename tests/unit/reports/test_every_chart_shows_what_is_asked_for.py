"""Run curves and reliability hide series, show a part of their axis, and say what each mark is."""

import csv
import json
from collections.abc import Callable

import pytest

from reports.charts import (
    WHOLE,
    ChartSpec,
    ChartView,
    MonthView,
    NothingToDraw,
    Reliability,
    curve_axis,
    curve_chart,
    curve_csv,
    curve_series,
    month_number,
    reliability_axis,
    reliability_chart,
    reliability_csv,
)
from reports.charts.reliability import ReliabilityBin
from runs.results import CurvePoint

TRIALS = ("rate 1, seed 0", "rate 2, seed 0")
CURVES = [
    *(CurvePoint(trial=trial, step=step, loss=1 / step, is_kept=True) for trial in TRIALS for step in (1, 5, 9)),
    *(CurvePoint(trial=trial, step=9, score=0.75, is_kept=True) for trial in TRIALS),
]
BIN = ReliabilityBin(count=12, confidence=0.9, accuracy=0.75)
CALIBRATED = Reliability(
    temperature=1.5,
    num_examples=20,
    num_decisions=20,
    accuracy=0.8,
    error_before=0.1,
    error_after=0.05,
    before=(BIN,),
    after=(ReliabilityBin(count=8, confidence=0.7, accuracy=0.75),),
)


def hiding(*series: str) -> ChartView:
    return ChartView(hidden=frozenset(series))


def curves(view: ChartView) -> ChartSpec:
    return curve_chart(CURVES, metric="Accuracy", view=view)


def reliability(view: ChartView) -> ChartSpec:
    return reliability_chart(CALIBRATED, view=view)


def test_a_runs_series_are_its_curves_and_its_trainings() -> None:
    titles = ["Loss", "Accuracy on dev", *TRIALS]
    assert curve_series(CURVES, metric="Accuracy") == list(
        zip(["loss", "score", "training-1", "training-2"], titles, strict=True)
    )
    assert curve_series(CURVES[:3], metric="Accuracy") == []


@pytest.mark.parametrize(
    ("draw", "series", "said"),
    [
        (curves, "loss", "seed 0, step 1: loss 1"),
        (curves, "score", "seed 0, step 9: Accuracy on dev 75.0 %"),
        (curves, "training-1", "rate 1, seed 0, step 9"),
        (curves, "training-2", "rate 2, seed 0, step 9"),
        (reliability, "before", "Before, confidence 90.0 %: accuracy 75.0 %, 12 decisions"),
        (reliability, "after", "After, confidence 70.0 %: accuracy 75.0 %, 8 decisions"),
        (reliability, "perfect", "strokeDash"),
    ],
)
def test_what_is_hidden_is_not_drawn(draw: Callable[[ChartView], ChartSpec], series: str, said: str) -> None:
    assert said in json.dumps(draw(WHOLE).spec)
    assert said not in json.dumps(draw(hiding(series)).spec)


def test_marks_speak_and_lines_do_not() -> None:
    svg = curves(WHOLE).svg()
    assert svg.count('aria-label="rate 1, seed 0, step ') == 4
    assert 'aria-label="step' not in svg


def test_a_long_curve_has_few_marks() -> None:
    long = [CurvePoint(trial="", step=step, loss=1.0, is_kept=True) for step in range(1, 1001)]
    svg = curve_chart(long, metric="Accuracy").svg()
    assert 20 < svg.count('loss 1"') <= 41
    assert "step 1,000: loss 1" in svg


def test_axes_are_those_of_the_view() -> None:
    assert (curve_axis(CURVES, WHOLE).low, curve_axis(CURVES, WHOLE).high) == (0, 9)
    part = ChartView(low=4, high=6)
    assert (curve_axis(CURVES, part).low, curve_axis(CURVES, part).high) == (4, 6)
    assert "step 1:" not in json.dumps(curves(part).spec)
    assert reliability_axis(CALIBRATED, ChartView(low=0.8)).low == 0.8


@pytest.mark.parametrize("draw", [curves, reliability])
def test_a_part_without_marks_says_the_way_out(draw: Callable[[ChartView], ChartSpec]) -> None:
    with pytest.raises(NothingToDraw, match="Show more series, or a wider range"):
        draw(ChartView(low=100))


def test_files_have_what_is_shown() -> None:
    rows = list(csv.DictReader(curve_csv(CURVES, hiding("loss", "training-2"))))
    assert [(row["training"], row["loss"], row["dev_score"]) for row in rows] == [("rate 1, seed 0", "", "0.75")]
    bins = list(csv.DictReader(reliability_csv(CALIBRATED, hiding("before"))))
    assert [(row["calibration"], row["confidence"], row["decisions"]) for row in bins] == [("after", "0.7", "8")]


def test_an_address_names_whole_months() -> None:
    january = month_number(2026, 1)
    assert MonthView(low=january, high=january + 11).query == "from=2026-01&to=2026-12"
    assert MonthView(low=january - 0.5, high=january + 0.5).query == "from=2026-01&to=2026-01"
