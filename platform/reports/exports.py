"""A report as files: CSV, PNG and SVG. Amounts in full precision, utilities as fractions."""

from collections.abc import Callable, Sequence
from operator import attrgetter
from pathlib import Path

from reports.advice import NextTranche, OfferRecord, PlannedPoint
from reports.bills import BillSection
from reports.charts import LIGHT, WHOLE, ChartView, measured_in, utility_chart
from reports.points import Point
from reports.queries import Report
from runs.results import BaselineComparison
from tables.csv_lines import csv_of
from tables.whole_files import write_whole

Column = Callable[[Point], object]


def report_csv(report: Report, *, view: ChartView = WHOLE) -> str:
    """The report's table, one row per trained student that a view shows; safe to open in a spreadsheet."""
    return "".join(csv_of(_columns(report), measured_in(report.points, view)))


def planned_csv(found: NextTranche) -> str:
    """The offers of the latest recommendation, best first, one row each; safe to open in a spreadsheet."""
    columns: dict[str, Callable[[OfferRecord], object]] = {
        "study": lambda offer: found.study.name,
        "path": lambda offer: offer.path.value,
        "purchase": attrgetter("name"),
        "labels": attrgetter("labels"),
        "chosen_labels": attrgetter("num_chosen"),
        "labels_with_second_opinions": attrgetter("num_opinions"),
        "labels_by_language_model": attrgetter("num_by_model"),
        "verified_labels": attrgetter("num_verified"),
        "pseudo_labels": attrgetter("pseudo_labels"),
        "student_layers": _layers,
        "new_labels": attrgetter("num_new"),
        "new_second_opinions": attrgetter("num_asked"),
        "labels_to_verify": attrgetter("num_to_verify"),
        "currency": lambda offer: found.study.budget.currency,
        "cost_labels": attrgetter("label_cost"),
        "cost_compute": attrgetter("compute_cost"),
        "price": attrgetter("price"),
        "price_low_80": attrgetter("price_low"),
        "price_high_80": attrgetter("price_high"),
        "expected_utility": lambda offer: _fraction(offer.score) if offer.can_tell else None,
        **{f"low_{level}": _bound(level, 0) for level in (80, 90)},
        **{f"high_{level}": _bound(level, 1) for level in (80, 90)},
        "recommended": lambda offer: "yes" if offer == found.best else "no",
        "up_to_date": lambda offer: "yes" if found.is_current else "no",
    }
    return "".join(csv_of(columns, found.offers))


def write_report(*, report: Report, folder: Path, planned: Sequence[PlannedPoint] = ()) -> list[Path]:
    """Write report.csv and, where there is a point, report.png and report.svg, all or none; return their paths.

    `planned` are drawn too.
    """
    contents = {"report.csv": report_csv(report).encode()}
    if report.points:
        chart = utility_chart(report.points, planned=planned, theme=LIGHT, study=report.study.name)
        contents |= {"report.png": chart.png(), "report.svg": chart.svg().encode()}
    folder.mkdir(parents=True, exist_ok=True)
    files = {folder / name: [content] for name, content in contents.items()}
    write_whole(files)
    return list(files)


def _columns(report: Report) -> dict[str, Column]:
    baselines = dict.fromkeys(one.name for point in report.points for one in point.baselines)
    return {
        "study": lambda point: report.study.name,
        "path": lambda point: point.path.value,
        "student": attrgetter("artifact_id"),
        "run": attrgetter("run_id"),
        "labels": attrgetter("num_labels"),
        "chosen_labels": attrgetter("num_chosen"),
        "labels_with_second_opinions": attrgetter("num_opinions"),
        "labels_by_language_model": attrgetter("num_by_model"),
        "verified_labels": attrgetter("num_verified"),
        "pseudo_labels": attrgetter("num_pseudo_labels"),
        "student_layers": _layers,
        "currency": attrgetter("currency"),
        **{f"cost_{section}": _cost(section) for section in BillSection},
        "cost_total": attrgetter("dollars"),
        "cost_dev_labels": lambda point: point.dev.amount,
        "cost_with_dev": attrgetter("with_dev"),
        "metric": attrgetter("metric"),
        "utility": attrgetter("utility"),
        "utility_low": attrgetter("low"),
        "utility_high": attrgetter("high"),
        "interval": attrgetter("interval_over"),
        "utility_low_with_labels": lambda point: point.over_labels and point.over_labels.low,
        "utility_high_with_labels": lambda point: point.over_labels and point.over_labels.high,
        "sd_over_labels": lambda point: point.over_labels and point.over_labels.sd,
        "test_examples": attrgetter("num_examples"),
        "seeds": attrgetter("num_seeds"),
        "teachers": attrgetter("num_teachers"),
        **{name: _chosen(name) for name in ("learning_rate", "epochs", "steps")},
        "baseline": attrgetter("baseline"),
        "zero": lambda point: point.zero and point.zero.value,
        "utility_per_currency_unit": attrgetter("utility_per_dollar"),
        "marginal_utility_per_currency_unit": attrgetter("marginal_utility"),
        "marginal_utility_low": lambda point: point.marginal and point.marginal.low,
        "marginal_utility_high": lambda point: point.marginal and point.marginal.high,
        "on_frontier": lambda point: "yes" if point.on_frontier else "no",
        "language_model": lambda point: "yes" if point.is_from_language_model else "no",
        "replayed_labels": lambda point: "yes" if point.is_replay else "no",
        "against_baselines": lambda point: point.warning or BaselineComparison.ABOVE.value,
        **{f"baseline_{name}": _baseline(name) for name in baselines},
    }


def _layers(one: Point | OfferRecord) -> str:
    """Those that a student keeps of its checkpoint; empty of one that has all."""
    return " ".join(map(str, one.layers))


def _cost(section: BillSection) -> Column:
    return lambda point: point.bill.line(section).amount


def _chosen(setting: str) -> Column:
    return lambda point: getattr(point.chosen, setting, None)


def _baseline(name: str) -> Column:
    return lambda point: next((one.value for one in point.baselines if one.name == name), None)


def _bound(level: int, side: int) -> Callable[[OfferRecord], object]:
    def bound(offer: OfferRecord) -> float | None:
        band = offer.band_80 if level == 80 else offer.band_90
        return None if band is None else _fraction(band[side])

    return bound


def _fraction(percent: float | None) -> float | None:
    return None if percent is None else percent / 100
