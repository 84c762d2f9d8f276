"""Rows of the report's table of students, written at once: by a template, hundreds take most of a page's time."""

from collections.abc import Iterable, Iterator

from django.urls import reverse
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from reports.bills import BillLine
from reports.formatting import NONE, percent, points_per_dollar
from reports.points import Point
from studies.models import Study
from tables.table import counted
from web.presenters.amounts import money

_NUM_COLUMNS = 13
_LINE, _BREAK = SafeString("\n"), SafeString("<br>")
_FIRST = SafeString(" first")
_MARK = '<span class="mark" title="{}">{}</span>'
_SMALL = '<br><span class="{}">{}</span>'
_ROW = """<tr><th scope="row"><a class="nowrap" href="{url}">Student {pk}</a>{marks}</th>
<td>{path}</td><td class="number first">{labels}</td><td class="number">{pseudo}</td>
{parts}
<td class="number"><a href="{bill}"><strong>{dollars}</strong></a></td><td class="number">{with_dev}</td>
<td class="number first"><strong>{utility}</strong>{below}</td><td class="number">{per_dollar}</td>\
<td class="number">{marginal}</td></tr>
{warning}"""


def student_rows(study: Study, points: Iterable[Point]) -> SafeString:
    """A row for each, its amounts with links to the entries behind them."""
    ledger = reverse("ledger", args=[study.pk])
    # Addresses of students differ by their number alone.
    page, _, rest = reverse("artifact", args=[0]).rpartition("0")
    return SafeString("".join(_row(one, ledger, f"{page}{one.artifact_id}{rest}") for one in points))


def _row(point: Point, ledger: str, url: str) -> SafeString:
    form, bill = point.money_format, f"{ledger}?bill={point.artifact_id}"
    return format_html(
        _ROW,
        url=url,
        pk=point.artifact_id,
        marks=_marks(point),
        path=_with_small(point.path.label, counted(len(point.layers), "layer") if point.layers else "", "nowrap"),
        labels=_with_small(f"{point.num_labels:,}", ", ".join(_kinds_of_labels(point))),
        pseudo=f"{point.num_pseudo_labels:,}" if point.num_pseudo_labels else NONE,
        parts=SafeString("".join(_part(line, point, bill) for line in point.bill.lines)),
        bill=bill,
        dollars=money(point.dollars, form),
        with_dev=money(point.with_dev, form),
        utility=percent(point.utility),
        below=format_html(_SMALL, "small soft", format_html_join(_BREAK, "{}", ((one,) for one in _below(point)))),
        per_dollar=points_per_dollar(point.utility_per_dollar),
        marginal=_marginal(point),
        warning=_warning(point),
    )


def _marks(point: Point) -> SafeString:
    marks = []
    if point.on_frontier:
        marks.append(("No other student is both cheaper and better", "frontier"))
    if point.is_replay:
        marks.append(("Trained on replayed labels, not on those of people", "replay"))
    if point.is_from_language_model:
        marks.append(("Taught by the answers of a language model", "language model"))
    return _BREAK + format_html_join(" ", _MARK, marks) if marks else SafeString("")


def _kinds_of_labels(point: Point) -> Iterator[str]:
    """How many of them are no random ones, or not those of one person."""
    if point.num_chosen:
        yield f"{point.num_chosen:,} chosen"
    if point.num_opinions:
        yield f"{point.num_opinions:,} with a second opinion"
    if point.num_by_model:
        yield f"{point.num_by_model:,} by a language model"
    if point.num_verified:
        yield f"{point.num_verified:,} verified"


def _with_small(text: str, small: str, style: str = "") -> SafeString:
    below = format_html(_SMALL, f"small soft {style}".rstrip(), small) if small else ""
    return format_html("{}{}", text, below)


def _part(line: BillLine, point: Point, bill: str) -> SafeString:
    is_first = line is point.bill.lines[0]
    amount = (
        format_html('<a href="{}&amp;part={}">{}</a>', bill, line.section, money(line.amount, point.money_format))
        if line.charges
        else NONE
    )
    return format_html('<td class="number{}">{}</td>', _FIRST if is_first else "", amount)


def _below(point: Point) -> Iterator[str]:
    """What stands under a utility: its intervals, over what, seeds, settings."""
    yield f"{percent(point.low)} to {percent(point.high)}"
    yield point.interval_over
    if point.over_labels:
        yield f"{percent(point.over_labels.low)} to {percent(point.over_labels.high)}"
        yield "over examples and labels"
    if point.is_trained:
        yield counted(point.num_seeds, "seed")
    if point.chosen:
        yield point.chosen.settings


def _marginal(point: Point) -> SafeString:
    found = point.marginal
    bounds = f"{points_per_dollar(found.low)} to {points_per_dollar(found.high)}" if found else ""
    return _with_small(points_per_dollar(point.marginal_utility), bounds, "nowrap")


def _warning(point: Point) -> SafeString:
    if not point.warning:
        return SafeString("")
    row = '<tr class="remark"><td colspan="{}"><strong>Student {}</strong> is {}.</td></tr>\n'
    return format_html(row, _NUM_COLUMNS, point.artifact_id, point.warning)
