"""The chart of costs by month and kind: one specification for the page, the PNG and the SVG."""

from collections.abc import Callable, Iterator, Sequence
from datetime import date
from decimal import Decimal
from typing import NamedTuple

import altair as alt
from django.db.models import Sum

from budgets.cost_kinds import CostKind
from reports.charts.axis import Axis, straight_axis
from reports.charts.theme import LIGHT, WIDTH, ChartSpec, NothingToDraw, Theme, legend_of, look_of
from reports.charts.view import WHOLE, ChartView, month_number, month_text
from reports.costs import CostFilter
from reports.formatting import money
from tables.csv_lines import csv_lines

_HEIGHT = 280
_WIDEST_BAR = 56
# More months than this have their names at an angle, and more than that not all of them have names.
_MOST_LEVEL, _MOST_NAMED = 8, 24
# A month's name of its number, as `month_text` gives it.
_NAME_OF_MONTH = "floor(datum.value / 12) + '-' + format(datum.value % 12 + 1, '02d')"


class MonthCost(NamedTuple):
    """What a month's work of one kind cost, in one currency."""

    currency: str
    month: date
    kind: CostKind
    amount: Decimal

    @property
    def place(self) -> int:
        return month_number(self.month.year, self.month.month)

    @property
    def words(self) -> str:
        return f"{month_text(self.place)}, {self.kind.label}: {money(self.amount, currency=self.currency)}"


def month_costs(wanted: CostFilter, *, currency: str = "") -> list[MonthCost]:
    """What a filter leaves, month by month and kind by kind, in one currency: by default the first there is."""
    sums = wanted.tallies().values_list("budget__currency", "month", "kind").order_by("month", "kind")
    rows = [
        MonthCost(name, month, CostKind(kind), amount) for name, month, kind, amount in sums.annotate(Sum("amount"))
    ]
    drawn = currency or min((row.currency for row in rows), default="")
    return [row for row in rows if row.currency == drawn]


def shown_costs(costs: Sequence[MonthCost], view: ChartView) -> list[MonthCost]:
    """Those that a view shows. Raises NothingToDraw where that is nothing."""
    if not costs:
        raise NothingToDraw("Nothing was spent here yet, so there is nothing to draw.")
    shown = [row for row in costs if view.shows(row.kind) and view.has(row.place)]
    if not shown:
        raise NothingToDraw("No cost is in this part of the chart. Show more kinds, or more months.")
    return shown


def cost_axis(costs: Sequence[MonthCost], view: ChartView) -> Axis:
    """The months that are shown, each a bar wide, by their numbers."""
    places = [row.place for row in shown_costs(costs, view)]
    months = straight_axis(min(places), max(places), view)
    last = max(places) if view.high is None else months.high
    return Axis(low=months.low - 0.5, high=last + 0.5)


def cost_chart(
    costs: Sequence[MonthCost],
    *,
    theme: Theme = LIGHT,
    view: ChartView = WHOLE,
    leads_to: Callable[[MonthCost], str] | None = None,
) -> ChartSpec:
    """Draw what each month's work cost, a bar per month, its kinds stacked.

    Parameters: `leads_to` gives the absolute address of the entries behind a part of a bar.
    Raises NothingToDraw where there are no costs, and where the view has none.
    """
    shown, axis = shown_costs(costs, view), cost_axis(costs, view)
    rows = [_datum(row, leads_to) for row in shown]
    kinds = [kind for kind in CostKind if any(row.kind == kind for row in shown)]
    colours = alt.Scale(domain=[kind.label for kind in kinds], range=[kind.facts.chart_colour for kind in kinds])
    bars = (
        alt.Chart(alt.InlineData(values=rows))
        .mark_bar(size=min(_WIDEST_BAR, 0.7 * WIDTH / (axis.high - axis.low)), aria=True)
        .encode(
            x=_months(axis),
            y=alt.Y("amount:Q", title=f"Cost, {shown[0].currency}", axis=alt.Axis(format="~f", tickCount=5)),
            color=alt.Color("kind:N", scale=colours, title=None, legend=legend_of(columnPadding=18)),
            order=alt.Order("position:Q"),
            description="words:N",
        )
    )
    bars = bars.encode(href="url:N") if leads_to else bars
    words = "; ".join(row.words for row in shown)
    chart = bars.properties(width=WIDTH, height=_HEIGHT, description=words, config=look_of(theme))
    return ChartSpec(spec=chart.to_dict())


def cost_chart_csv(costs: Sequence[MonthCost], view: ChartView) -> Iterator[str]:
    """Yield a row for each month and kind that a view shows, amounts with all their digits."""
    shown = (row for row in costs if view.shows(row.kind) and view.has(row.place))
    rows = ([row.currency, month_text(row.place), row.kind.value, row.amount] for row in shown)
    return csv_lines(header=["currency", "month", "kind", "amount"], rows=rows)


def _months(axis: Axis) -> alt.X:
    first, last = round(axis.low + 0.5), round(axis.high - 0.5)
    step = 1 + (last - first) // _MOST_NAMED
    named = list(range(first, last + 1, step))
    angle = 0 if len(named) <= _MOST_LEVEL else -45
    names = alt.Axis(values=named, labelExpr=_NAME_OF_MONTH, labelAngle=angle, grid=False)
    scale = alt.Scale(domain=[axis.low, axis.high], nice=False, zero=False)
    return alt.X("place:Q", title="Month of the work, UTC", axis=names, scale=scale)


def _datum(row: MonthCost, leads_to: Callable[[MonthCost], str] | None) -> dict[str, object]:
    return {
        "place": row.place,
        "kind": row.kind.label,
        "position": list(CostKind).index(row.kind),
        "amount": float(row.amount),
        "words": row.words,
        **({"url": leads_to(row)} if leads_to else {}),
    }
