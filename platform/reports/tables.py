"""Reports as text for a terminal."""

from collections.abc import Iterable, Sequence
from dataclasses import asdict
from typing import Any

from budgets.models import LedgerEntry
from budgets.money import ZERO
from reports.advice import NextTranche, OfferRecord
from reports.bills import BillSection
from reports.costs import CostRow, Grouping, names_of, totals
from reports.formatting import interval, money, money_range, percent, points_per_dollar
from reports.points import Point
from reports.queries import Report
from studies.task_types import metric_title
from tables.table import counted

_SECTIONS = {
    BillSection.LABELS: "For labels",
    BillSection.TEACHER_TRAINING: "Teacher",
    BillSection.TEACHER_SCORING: "Scoring",
    BillSection.STUDENT_TRAINING: "Training",
}


def report_text(report: Report) -> str:
    """The whole report: its table, what no student used, and whether all of it adds up."""
    table = _points_table(report) if report.points else "No student is trained and evaluated yet. Start a run first."
    return "\n".join([f"Study: {report.study}", "", table, "", *_spending(report)])


def tranche_text(found: NextTranche) -> str:
    """What to buy next, all that is on offer, and what was measured of what was forecast before."""
    kept, currency = found.recommendation, found.study.budget.currency
    if kept is None:
        return "Nothing has been recommended yet."
    header = ["", "Purchase", "Price", "Likely", "Expected", "80 %", "90 %", "Gain", "Per $", "With next", "Best"]
    rows = [_offer_row(one, is_best=one == found.best, currency=currency) for one in found.offers]
    came = [
        f"Student {one.artifact_id}: forecast {_band((one.low_90, one.high_90))} (90 %), measured {one.came:.1f}."
        for one in found.outcomes
    ]
    counts = found.coverage
    if counts.total:
        came.append(f"In all studies here: inside the 90 % band {counts.inside_90:,} of {counts.total:,}.")
    table = [_table([header, *rows], left=(0, 1))] if rows else []
    alone = [f"Labels alone would need: {kept.labels_alone}"] if kept.labels_alone else []
    words = [kept.words, *alone, *kept.flips, *_pilot_lines(found)]
    return "\n".join([f"Study: {found.study}", "", *words, "", *table, *kept.notes, *came])


def tranche_json(found: NextTranche) -> dict[str, Any]:
    """The same as JSON: amounts as text, scores in percent."""
    kept = found.recommendation
    if kept is None:
        return {}
    return {
        "study": found.study.pk,
        "words": kept.words,
        "made_at": kept.made_at.isoformat(),
        "best": found.best.as_json if found.best else None,
        "runner_up": kept.runner_up,
        "labels_alone": kept.labels_alone,
        "flips": kept.flips,
        "pilot": [one.as_json for one in found.pilot],
        "offers": kept.offers,
        "notes": kept.notes,
        "coverage": asdict(found.coverage),
    }


def _pilot_lines(found: NextTranche) -> list[str]:
    if not found.pilot:
        return []
    currency = found.study.budget.currency
    rows = [[one.name, money(one.pilot_adds, currency=currency)] for one in found.pilot if one.pilot_adds is not None]
    return ["", _table([["Pilot", "Adds"], *rows, ["In all", money(found.pilot_price, currency=currency)]])]


def _offer_row(one: OfferRecord, *, is_best: bool, currency: str) -> list[str]:
    said = ["-"] * 7
    if one.own_gain is not None:
        said = [
            f"{one.score:.1f}" if one.can_tell else "-",
            _band(one.band_80),
            _band(one.band_90),
            f"{one.own_gain:.1f}",
            points_per_dollar(one.gain_per_dollar),
            f"{one.gain:.1f}",
            f"{one.chance_of_being_best:.0%}",
        ]
    price = money(one.price, currency=currency)
    return ["*" if is_best else "", one.name, price, _likely(one, currency=currency), *said]


def _likely(one: OfferRecord, *, currency: str) -> str:
    return money_range(*one.price_interval, currency=currency) if one.price_interval else "-"


def _band(band: tuple[float, float] | None) -> str:
    return "-" if band is None else f"{band[0]:.1f} to {band[1]:.1f}"


def entry_table(entries: Iterable[LedgerEntry], *, currency: str) -> str:
    rows, total = [], ZERO
    for entry in entries:
        when = f"{entry.occurred_at:%Y-%m-%d %H:%M:%S}"
        names = [entry.get_kind_display(), entry.get_origin_display(), entry.source_key, entry.memo]
        rows.append([f"{entry.pk}", when, f"{entry.amount}", *names])
        total += entry.amount
    header = ["Entry", "When (UTC)", f"Amount {currency}", "Kind", "Origin", "Source", "Memo"]
    return f"{_table([header, *rows], left=(1, 3, 4, 5, 6))}\n{len(rows):,} entries, {total} {currency} in all."


def cost_table(rows: Sequence[CostRow], *, by: Grouping) -> str:
    names = names_of(by=by, keys={row.key for row in rows})
    cells = [[names[row.key], row.currency, f"{row.amount}", f"{row.num_entries:,}"] for row in rows]
    sums = [["In all", total.currency, f"{total.amount}", f"{total.num_entries:,}"] for total in totals(rows)]
    return _table([[by.label, "Currency", "Amount", "Entries"], *cells, *sums], left=(0, 1))


def _points_table(report: Report) -> str:
    metric = metric_title(task_type=report.study.task_type, metric=report.study.metric)
    header = ["Path", "Student", "Labels", "Pseudo-labels", *_SECTIONS.values(), "Total", "With dev", metric]
    header += ["95 % interval", "Over", "With labels", "Seeds", "Per $", "Marginal"]
    notes = [
        "A metric is the mean over the seeds. Its interval holds other test examples and, of several seeds, other",
        "seeds; of distilled ones those of the student only, unless each seed has a teacher of its own. One seed says",
        "nothing of what the same training gives from another. With labels: the interval over examples and labels,",
        "measured for heads on a checkpoint that is not trained; no other holds other labels.",
        "With dev: with the dev labels that chose rates and steps, which serve every student and are in no bill.",
        "Per $ and Marginal are percentage points of the metric per unit of the currency: over what costs nothing"
        f"{_zero_of(report)},",
        "and from step to step of the path's frontier, the best student of each number of labels; none where",
        "the interval of the step includes zero. * On the frontier of both paths: nothing cheaper is as good.",
    ]
    return "\n".join([_table([header, *map(_row, report.points)]), *_remarks(report), *notes])


def _row(point: Point) -> list[str]:
    amounts = [point.bill.line(section).amount for section in _SECTIONS]
    written = point.money_format
    return [
        point.path.label,
        f"{point.artifact_id}",
        f"{point.num_labels:,}",
        f"{point.num_pseudo_labels:,}",
        *(written.text(amount) for amount in [*amounts, point.dollars, point.with_dev]),
        percent(point.utility) + ("*" if point.on_frontier else " "),
        interval(point.low, point.high),
        point.interval_over.removeprefix("over "),
        "-" if point.over_labels is None else interval(point.over_labels.low, point.over_labels.high),
        f"{point.num_seeds}",
        points_per_dollar(point.utility_per_dollar),
        points_per_dollar(point.marginal_utility),
    ]


def _zero_of(report: Report) -> str:
    return "" if report.zero is None else f" ({report.zero.title.lower()}, {percent(report.zero.value)})"


def _remarks(report: Report) -> list[str]:
    """What a reader must know before believing a figure."""
    baselines = sorted(f"{one.title} {one.value}" for one in report.baselines)
    remarks = [f"Baselines: {'; '.join(baselines)}"] if baselines else []
    remarks += [f"Student {point.artifact_id} is {point.warning}." for point in report.points if point.warning]
    taught = [f"{point.artifact_id}" for point in report.points if point.is_from_language_model]
    if taught:
        remarks.append(f"Taught by a language model: student{'s' if len(taught) > 1 else ''} {', '.join(taught)}.")
    remarks += [
        f"Of the labels of student {point.artifact_id}, a model chose {point.num_chosen:,}: no random sample."
        for point in report.points
        if point.num_chosen
    ]
    remarks += [
        f"Of the labels of student {point.artifact_id}, {point.num_opinions:,} rest on second opinions."
        for point in report.points
        if point.num_opinions
    ]
    remarks += [
        f"Of the labels of student {point.artifact_id}, a language model gave {point.num_by_model:,}{_verified(point)}."
        for point in report.points
        if point.num_by_model
    ]
    remarks += [
        f"Student {point.artifact_id} has {counted(len(point.layers), 'layer')} of its checkpoint."
        for point in report.points
        if point.layers
    ]
    if any(point.is_replay for point in report.points):
        remarks.append("Replay: labels were replayed from known answers, not given by people.")
    return remarks


def _verified(point: Point) -> str:
    return f", and people verified {point.num_verified:,} more that it was least sure of" if point.num_verified else ""


def _spending(report: Report) -> list[str]:
    written = report.money_format
    spent, used, unused = (written.text(amount) for amount in (report.spent, report.used, report.unused.amount))
    lines = [f"Spent {spent}: {used} in bills (each entry once), {unused} not used by any student."]
    for group in report.unused.groups:
        lines.append(f"  {written.text(group.amount)}  {group.reason.label} ({len(group.charges):,} entries)")
    if not report.reconciles:
        lines.append("This does not add up: run `manage.py ledger verify` and fix what it lists.")
    return lines


def _table(rows: Sequence[Sequence[str]], *, left: Sequence[int] = (0,)) -> str:
    """Columns as wide as their widest cell; figures to the right, the `left` ones to the left."""
    widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
    return "\n".join(
        "  ".join(
            cell.ljust(width) if i in left else cell.rjust(width)
            for i, (cell, width) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in rows
    )
