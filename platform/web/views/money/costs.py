"""The cost report over all studies or of one, and its files."""

from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import partial
from typing import Any
from urllib.parse import parse_qsl

from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import render
from django.urls import reverse

from accounts.permissions import Action, allows
from budgets.cost_kinds import CostKind
from reports.charts import ChartSpec, ChartView, MonthCost, cost_axis, cost_chart, cost_chart_csv, month_costs
from reports.costs import (
    FORMATS,
    OF_ONE_KIND,
    CostFilter,
    CostRow,
    Grouping,
    cost_rows,
    export_entries,
    grouped_csv,
    names_of,
    total_of,
    totals,
)
from reports.formatting import MoneyFormat, adding_up
from web.forms.charts import AxisWords
from web.forms.costs import CostFilterForm
from web.guards import page_for
from web.http import page_of, person, stream, study_of, unreadable
from web.views.charting import Address, ChartPart, Panel, ShownChart, carried_from, chart_file, linked_part, shown_chart

ROWS_PER_PAGE = 100
# A chosen row of these is broken down by month, of all others by kind.
BY_MONTH = frozenset({Grouping.KIND, Grouping.RUN, Grouping.PRICE})


@dataclass(frozen=True, kw_only=True)
class ShownRow:
    """A row of the report with its name, its entries, and the report of itself alone."""

    row: CostRow
    money_format: MoneyFormat
    name: str
    entries_query: str
    narrowed_query: str


@page_for(Action.SEE_COSTS)
def costs(request: HttpRequest) -> HttpResponse:
    form = CostFilterForm(request.GET)
    context = {
        **_report(request, form),
        "entries_url": reverse("cost-entries"),
        "may_reconcile": allows(actor=person(request), action=Action.RECONCILE),
    }
    return render(request, "web/costs.html", context)


@page_for(Action.SEE_COSTS)
def study_costs(request: HttpRequest, pk: int) -> HttpResponse:
    study = study_of(pk)
    form = CostFilterForm(request.GET, study=study)
    context = {**_report(request, form), "study": study, "entries_url": reverse("ledger", args=[study.pk])}
    return render(request, "web/study_costs.html", context)


def _report(request: HttpRequest, form: CostFilterForm) -> dict[str, Any]:
    if not form.is_valid():
        return {"form": form, "formats": FORMATS}
    wanted, by = form.wanted(), form.grouping
    rows = cost_rows(wanted=wanted, by=by)
    page = page_of(request, rows, size=ROWS_PER_PAGE)
    money_formats, sums = _money_formats(rows), totals(rows)
    page.object_list = _shown(form, wanted, by, list(page.object_list), money_formats)
    return {
        "form": form,
        "by": by,
        "page": page,
        "totals": sums,
        "shown": _chart(request, form, [one.currency for one in sums]),
        "money_formats": money_formats,
        "has_quantity": by in OF_ONE_KIND,
        "all_query": form.query(wanted),
        "grouped_query": form.query(wanted, by=by),
        "export_query": _study_too(form.query(wanted), wanted),
        "carried": form.carried(),
        "formats": FORMATS,
    }


def _chart(request: HttpRequest, form: CostFilterForm, currencies: Sequence[str]) -> ShownChart | None:
    return shown_chart(request, _cost_part(request, form, currencies=currencies)) if currencies else None


def _money_formats(rows: Sequence[CostRow]) -> dict[str, MoneyFormat]:
    """By currency, the format in which its rows add up as they are written."""
    amounts: dict[str, list[Decimal]] = defaultdict(list)
    for row in rows:
        amounts[row.currency].append(row.amount)
    return {currency: adding_up(currency, found) for currency, found in amounts.items()}


def _shown(
    form: CostFilterForm, wanted: CostFilter, by: Grouping, rows: list[CostRow], money_formats: dict[str, MoneyFormat]
) -> list[ShownRow]:
    names = names_of(by=by, keys={row.key for row in rows})
    further = Grouping.MONTH if by in BY_MONTH else Grouping.KIND
    narrowed = {row.key: wanted.narrowed(by, row.key) for row in rows}
    return [
        ShownRow(
            row=row,
            money_format=money_formats[row.currency],
            name=names[row.key],
            entries_query=form.query(narrowed[row.key]),
            narrowed_query=form.query(narrowed[row.key], by=further),
        )
        for row in rows
    ]


def _study_too(query: str, wanted: CostFilter) -> str:
    """Files have one address for all studies, so a study's own pages name theirs."""
    named = f"study={wanted.where[Grouping.STUDY]}" if Grouping.STUDY in wanted.where else ""
    return query if not named or named in query.split("&") else "&".join(filter(None, [named, query]))


@page_for(Action.SEE_COSTS)
def cost_table(request: HttpRequest) -> HttpResponseBase:
    form = CostFilterForm(request.GET)
    if not form.is_valid():
        return unreadable(form)
    return stream(grouped_csv(wanted=form.wanted(), by=form.grouping), "text/csv; charset=utf-8", "costs.csv")


@page_for(Action.SEE_COSTS)
def cost_file(request: HttpRequest, name: str) -> HttpResponseBase:
    if name not in FORMATS:
        raise Http404(f"There is no format {name!r}; there are {', '.join(FORMATS)}.")
    form = CostFilterForm(request.GET)
    if not form.is_valid():
        return unreadable(form)
    file_format = FORMATS[name]
    pieces = export_entries(wanted=form.wanted(), file_format=file_format)
    return stream(pieces, file_format.content_type, f"costs.{file_format.suffix}")


@page_for(Action.SEE_COSTS)
def cost_chart_file(request: HttpRequest, suffix: str) -> HttpResponseBase:
    """Costs by month and kind: drawn in the currency that the address names, else the first; as CSV in every one."""
    form = CostFilterForm(request.GET)
    if not form.is_valid():
        return unreadable(form)
    part = _cost_part(request, form, currencies=[request.GET.get("currency", "")])
    if suffix != "csv":
        return chart_file(request, part, suffix, file_name="costs-by-month")
    view_form = part.form(request)
    if not view_form.is_valid():
        return unreadable(view_form)
    currencies = [name for name in [request.GET.get("currency")] if name] or _currencies(form.wanted())
    costs = [row for name in currencies for row in month_costs(form.wanted(), currency=name)]
    return stream(cost_chart_csv(costs, view_form.view), "text/csv; charset=utf-8", "costs-by-month.csv")


@page_for(Action.SEE_COSTS)
def cost_chart_part(request: HttpRequest, pk: int | None = None) -> HttpResponse:
    """The chart as a part of the page of all costs, or of a study's."""
    form = CostFilterForm(request.GET, study=study_of(pk) if pk is not None else None)
    if not form.is_valid():
        return unreadable(form)
    return linked_part(request, _cost_part(request, form, currencies=_currencies(form.wanted())))


def _currencies(wanted: CostFilter) -> list[str]:
    return [total.currency for total in total_of(wanted=wanted)]


def _cost_part(request: HttpRequest, form: CostFilterForm, *, currencies: Sequence[str]) -> ChartPart:
    study, wanted = form.of_study, form.wanted()
    own = [study.pk] if study else []
    place = [*parse_qsl(_study_too(form.query(wanted), wanted))]
    return ChartPart(
        name="cost-chart",
        title="By month",
        page=reverse("study-costs" if study else "costs", args=own),
        part=reverse("study-cost-part" if study else "cost-part", args=own),
        files=reverse("cost-chart", args=["svg"]).removesuffix(".svg"),
        table=reverse("cost-chart", args=["csv"]),
        series=[(kind.value, kind.label) for kind in _kinds(wanted)],
        words=AxisWords(unit="month", less="Earlier", more="Later", whole="All months", is_in_months=True),
        panels=[_cost_panel(form, name, place) for name in currencies],
        carried=carried_from(request, without=frozenset({"page"})),
    )


def _kinds(wanted: CostFilter) -> list[CostKind]:
    """Those that a filter leaves."""
    found = set(wanted.tallies().order_by().values_list("kind", flat=True).distinct())
    return [kind for kind in CostKind if kind in found]


def _cost_panel(form: CostFilterForm, currency: str, place: Sequence[tuple[str, str]]) -> Panel:
    wanted = form.wanted()
    costs = month_costs(wanted, currency=currency)
    entries = reverse("ledger", args=[form.of_study.pk]) if form.of_study else reverse("cost-entries")

    def draw(view: ChartView, address: Address | None) -> Callable[..., ChartSpec]:
        def leads_to(row: MonthCost) -> str:
            assert address is not None
            narrowed = wanted.narrowed(Grouping.KIND, row.kind).narrowed(Grouping.MONTH, row.month)
            return address(f"{entries}?{form.query(narrowed)}")

        return partial(cost_chart, costs, view=view, leads_to=leads_to if address else None)

    return Panel(
        name=currency,
        axis=partial(cost_axis, costs),
        draw=draw,
        alt=f"Costs in {currency} by month and kind, as bars; summed by month, the table has the same figures.",
        place=[*place, *([("currency", currency)] if currency else [])],
        size=(760, 400),
    )
