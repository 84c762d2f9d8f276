"""The chart of costs by month and kind: one specification for the page, the PNG and the SVG."""

from decimal import Decimal
from typing import Any

import altair as alt
from django.db.models import Sum

from budgets.cost_kinds import CostKind
from budgets.money import rounded_text
from reports.charts.theme import LIGHT, WIDTH, ChartSpec, NothingToDraw, Theme, legend_of, look_of
from reports.costs import CostFilter

_HEIGHT = 280
_WIDEST_BAR = 56
# More months than this have their names at an angle.
_MOST_LEVEL = 8


def cost_chart(*, wanted: CostFilter, currency: str = "", theme: Theme = LIGHT) -> ChartSpec:
    """Draw what each month's work cost, a bar per month, its kinds stacked.

    One currency is drawn, by default the first there is. Raises NothingToDraw where there are no costs.
    """
    data = _data(wanted)
    drawn = currency or min((row["currency"] for row in data), default="")
    rows = [row for row in data if row["currency"] == drawn]
    if not rows:
        raise NothingToDraw("Nothing was spent here yet, so there is nothing to draw.")
    kinds = [kind for kind in CostKind if any(row["kind"] == kind.label for row in rows)]
    colours = alt.Scale(domain=[kind.label for kind in kinds], range=[kind.facts.chart_colour for kind in kinds])
    num_months = len({row["month"] for row in rows})
    months = alt.Axis(labelAngle=0 if num_months <= _MOST_LEVEL else -45)
    legend = legend_of(columnPadding=18)
    chart = (
        alt.Chart(alt.InlineData(values=rows))
        .mark_bar(size=min(_WIDEST_BAR, 0.7 * WIDTH / num_months))
        .encode(
            x=alt.X("month:O", title="Month of the work, UTC", axis=months),
            y=alt.Y("amount:Q", title=f"Cost, {drawn}", axis=alt.Axis(format="~f", tickCount=5)),
            color=alt.Color("kind:N", scale=colours, title=None, legend=legend),
            order=alt.Order("position:Q"),
        )
        .properties(width=WIDTH, height=_HEIGHT, description=_description(rows), config=look_of(theme))
    )
    return ChartSpec(spec=chart.to_dict())


def _data(wanted: CostFilter) -> list[dict[str, Any]]:
    sums = wanted.tallies().values_list("budget__currency", "month", "kind").order_by("month", "kind")
    positions = {kind.value: position for position, kind in enumerate(CostKind)}
    return [
        {
            "currency": currency,
            "month": f"{month:%Y-%m}",
            "kind": CostKind(kind).label,
            "position": positions[kind],
            "amount": float(amount),
        }
        for currency, month, kind, amount in sums.annotate(Sum("amount"))
    ]


def _description(rows: list[dict[str, Any]]) -> str:
    """What a screen reader says instead of the picture."""
    return "; ".join(
        f"{row['month']}, {row['kind']}: {rounded_text(Decimal(str(row['amount'])))} {row['currency']}" for row in rows
    )
