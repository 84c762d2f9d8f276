"""The chart of costs by month and kind: one specification for the page, the PNG and the SVG."""

from decimal import Decimal
from typing import Any

import altair as alt
from django.db.models import Sum

from budgets.models import Kind
from budgets.money import rounded_text
from reports.charts.utility import LIGHT, Chart, NothingToDraw, Theme, look_of
from reports.costs import CostFilter

_WIDTH, _HEIGHT = 640, 280
_WIDEST_BAR = 56
# More months than this have their names at an angle.
_MOST_LEVEL = 8
# After Okabe and Ito: told apart by colour-blind readers. Kinds keep their colour, whatever else is drawn.
_COLOURS = {
    Kind.LABEL: "#0072b2",
    Kind.LABELLING_HOUR: "#56b4e9",
    Kind.REVIEW: "#009e73",
    Kind.SKIP: "#f0e442",
    Kind.PLATFORM_FEE: "#999999",
    Kind.DEVICE_HOUR: "#d55e00",
    Kind.INPUT_TOKENS: "#e69f00",
    Kind.CACHED_TOKENS: "#cc79a7",
    Kind.OUTPUT_TOKENS: "#a05195",
    Kind.KWH: "#8c8c4a",
}


def cost_chart(*, wanted: CostFilter, currency: str = "", theme: Theme = LIGHT) -> Chart:
    """Draw what each month's work cost, a bar per month, its kinds stacked.

    Parameters: `currency` the one to draw, for amounts of two are never added; by default the first there is.
    Raises: NothingToDraw where there are no costs.
    """
    data = _data(wanted)
    drawn = currency or min((row["currency"] for row in data), default="")
    rows = [row for row in data if row["currency"] == drawn]
    if not rows:
        raise NothingToDraw("Nothing was spent here yet, so there is nothing to draw.")
    kinds = [kind for kind in Kind if any(row["kind"] == kind.label for row in rows)]
    colours = alt.Scale(domain=[kind.label for kind in kinds], range=[_COLOURS[kind] for kind in kinds])
    num_months = len({row["month"] for row in rows})
    months = alt.Axis(labelAngle=0 if num_months <= _MOST_LEVEL else -45)
    legend = alt.Legend(orient="top", symbolOpacity=1, columnPadding=18)
    chart = (
        alt.Chart(alt.InlineData(values=rows))
        .mark_bar(size=min(_WIDEST_BAR, 0.7 * _WIDTH / num_months))
        .encode(
            x=alt.X("month:O", title="Month of the work, UTC", axis=months),
            y=alt.Y("amount:Q", title=f"Cost, {drawn}", axis=alt.Axis(format="~f", tickCount=5)),
            color=alt.Color("kind:N", scale=colours, title=None, legend=legend),
            order=alt.Order("position:Q"),
        )
        .properties(width=_WIDTH, height=_HEIGHT, description=_description(rows), config=look_of(theme))
    )
    return Chart(spec=chart.to_dict())


def _data(wanted: CostFilter) -> list[dict[str, Any]]:
    sums = wanted.tallies().values_list("budget__currency", "month", "kind").order_by("month", "kind")
    positions = {kind.value: position for position, kind in enumerate(Kind)}
    return [
        {
            "currency": currency,
            "month": f"{month:%Y-%m}",
            "kind": Kind(kind).label,
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
