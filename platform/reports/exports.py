"""A report as files: CSV, PNG and SVG. Amounts in full precision, utilities as fractions."""

import os
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from tempfile import NamedTemporaryFile

from accounts.cells import csv_lines
from reports.bills import Part, Standing
from reports.charts import LIGHT, utility_chart
from reports.queries import Point, Report

_COLUMNS = [
    "study",
    "path",
    "student",
    "run",
    "labels",
    "pseudo_labels",
    "currency",
    *(f"cost_{part}" for part in Part),
    "cost_total",
    "metric",
    "utility",
    "utility_low",
    "utility_high",
    "test_examples",
    "seeds",
    "learning_rate",
    "epochs",
    "steps",
    "baseline",
    "utility_per_currency_unit",
    "marginal_utility_per_currency_unit",
    "on_frontier",
    "replayed_labels",
    "against_baselines",
]


def report_csv(report: Report) -> str:
    """The report's table, one row per trained student; safe to open in a spreadsheet."""
    names = list(dict.fromkeys(one.name for point in report.points for one in point.baselines))
    header = [*_COLUMNS, *(f"baseline_{name}" for name in names)]
    return "".join(csv_lines(header=header, rows=(_row(report, point, names) for point in report.points)))


def write_report(*, report: Report, folder: Path) -> list[Path]:
    """Write report.csv and, where there is a point to draw, report.png and report.svg.

    Each file is whole or absent: all are rendered and written beside their place before any takes it.
    Returns: the files' paths.
    """
    contents = {"report.csv": report_csv(report).encode()}
    if report.points:
        chart = utility_chart(report.points, theme=LIGHT, study=report.study.name)
        contents |= {"report.png": chart.png(), "report.svg": chart.svg().encode()}
    folder.mkdir(parents=True, exist_ok=True)
    return _replace_all({folder / name: content for name, content in contents.items()})


def _row(report: Report, point: Point, baselines: Sequence[str]) -> list[object]:
    chosen, known = point.chosen, {one.name: one.value for one in point.baselines}
    return [
        report.study.name,
        point.path.value,
        point.artifact_id,
        point.run_id,
        point.num_labels,
        point.num_pseudo_labels,
        point.currency,
        *(line.amount for line in point.bill.lines),
        point.dollars,
        point.metric,
        point.utility,
        point.low,
        point.high,
        point.num_examples,
        point.num_seeds,
        chosen.learning_rate if chosen else None,
        chosen.epochs if chosen else None,
        chosen.steps if chosen else None,
        point.baseline,
        point.utility_per_dollar,
        point.marginal_utility,
        "yes" if point.on_frontier else "no",
        "yes" if point.is_replay else "no",
        point.warning or Standing.ABOVE.value,
        *(known.get(name) for name in baselines),
    ]


def _replace_all(contents: dict[Path, bytes]) -> list[Path]:
    with ExitStack() as undo:
        written = []
        for path, content in contents.items():
            with NamedTemporaryFile(dir=path.parent, prefix=f".{path.name}.", delete=False) as file:
                undo.callback(Path(file.name).unlink, missing_ok=True)
                file.write(content)
            os.chmod(file.name, 0o644)
            written.append((file.name, path))
        for temporary, path in written:
            os.replace(temporary, path)
    return list(contents)
