"""How prices, caps and stops are written."""

from decimal import Decimal
from typing import Any

from django import template

from budgets.cost_kinds import CostKind
from budgets.limits import waiting_request, waiting_requests
from budgets.models import Price
from budgets.overviews import PriceState
from studies.models import Study
from web.presenters import stopped
from web.templatetags.fulcrum import exact

register = template.Library()

_TONES = {
    PriceState.IN_FORCE: "good",
    PriceState.TO_COME: "busy",
    PriceState.CORRECTION: "warn",
}


@register.filter
def price_amount(row: Price) -> str:
    """A price's amount: in its book's currency, in percent for a fee, in words where it ends an override."""
    if row.amount is None:
        return "ends"
    return (
        f"{row.amount.normalize():f} %" if row.kind == CostKind.PLATFORM_FEE else exact(row.amount, row.book.currency)
    )


@register.filter
def price_kind(row: Price) -> str:
    """What a price is for, the device of a device hour too."""
    device = f" on {row.device}" if row.device else ""
    return f"{row.get_kind_display()}{device}"


@register.filter
def price_tone(state: PriceState) -> str:
    return _TONES.get(state, "")


@register.filter
def minus(amount: Decimal, other: Decimal) -> Decimal:
    return amount - other


@register.filter
def percent_of(amount: Decimal, whole: Decimal) -> float:
    return float(amount / whole * 100) if whole else 0.0


@register.inclusion_tag("web/limit_banner.html", takes_context=True)
def limit_banner(context: dict[str, Any], study: Study) -> dict[str, Any]:
    """On a study's pages: a raise of its limit waits. Its budget's page shows the request itself."""
    waiting = None if context.get("here") == "budget" else waiting_request(study.budget)
    return {"study": study, "waiting": waiting}


@register.simple_tag
def waiting_budgets() -> set[int]:
    """The budgets with a raise of their limit that waits for a second person."""
    return set(waiting_requests().values_list("budget", flat=True))


@register.inclusion_tag("web/stopped.html", takes_context=True)
def stop_banner(context: dict[str, Any], study: Study) -> dict[str, Any]:
    return {"study": study, "stopped": stopped(study), "here": context.get("here")}
