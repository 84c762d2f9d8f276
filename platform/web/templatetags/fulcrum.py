"""How amounts, times, shares, prices and states are written on every page."""

from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from django import template
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString

from budgets.cost_kinds import CostKind
from budgets.limits import waiting_request, waiting_requests
from budgets.models import Budget, Price
from budgets.overviews import CurrencyOverview, PriceState
from notices.models import Delivery
from reports import formatting as wording
from reports.formatting import MoneyFormat
from runs.models import LabelingJob, RunState
from runs.preflight import CheckLevel
from studies.models import Study
from studies.task_types import metric_title as title_of_metric
from web.presenters import action_in_words, key_in_words, model_name, money, money_text, recorded_value, stopped

register = template.Library()
register.filter("words", key_in_words)
register.filter("action_words", action_in_words)
register.filter("recorded", recorded_value)
register.filter("model", model_name)
register.filter("money", money)
register.filter("money_text", money_text)
register.filter("slope", wording.points_per_dollar)

DASH = "\N{EN DASH}"


@register.filter
def money_range(bounds: tuple[Decimal, Decimal], currency: str) -> str:
    return wording.money_range(*bounds, currency=currency)


@register.filter
def adding_up(budget: Budget | CurrencyOverview) -> MoneyFormat:
    """The format in which spent, held and left add up to the limit as they are written."""
    return wording.adding_up(budget.currency, [budget.spent, budget.held, budget.available])


@register.filter
def exact(amount: Decimal, currency: str = "USD") -> str:
    """A price, with every decimal it has."""
    return wording.exact(amount, currency=currency)


@register.filter
def quantity(number: Decimal) -> str:
    """At most six decimals, without zeros at the end, thousands apart."""
    return _trimmed(f"{number:,.6f}")


@register.filter
def exact_quantity(number: Decimal) -> str:
    """Every digit that says something, thousands apart."""
    return _trimmed(f"{number:,f}")


def _trimmed(figure: str) -> str:
    whole, _, decimals = figure.partition(".")
    return f"{whole}.{decimals.rstrip('0')}".rstrip(".")


@register.filter
def percent(share: float | None, decimals: int = 1) -> str:
    return DASH if share is None else f"{share * 100:.{decimals}f} %"


@register.filter
def metric_title(study: Study, metric: str = "") -> str:
    """What a metric, the study's own unless another is named, is called for its task type."""
    return title_of_metric(task_type=study.task_type, metric=metric or study.metric)


@register.filter
def within_sentence(title: str) -> str:
    """A title as part of a sentence; what begins with an abbreviation stays."""
    return title if title[1:2].isupper() or title[1:2].isdigit() else title[:1].lower() + title[1:]


@register.filter
def share_width(share: float | Decimal | None) -> str:
    return f"{min(max(float(share or 0), 0), 1) * 100:.1f}"


@register.filter
def points(share: float) -> str:
    """A difference between shares, in percentage points."""
    return f"{share * 100:+.1f}"


@register.filter
def when(moment: datetime | None) -> SafeString:
    if moment is None:
        return SafeString(DASH)
    utc = timezone.localtime(moment)
    return format_html('<time datetime="{}">{}</time>', utc.isoformat(), utc.strftime("%Y-%m-%d %H:%M UTC"))


@register.filter
def ago(moment: datetime | None) -> SafeString:
    if moment is None:
        return SafeString("never")
    words = f"{duration(max(timezone.now() - moment, timedelta(0)))} ago"
    return format_html(
        '<time datetime="{}" title="{}">{}</time>', moment.isoformat(), moment.strftime("%Y-%m-%d %H:%M:%S UTC"), words
    )


@register.filter
def duration(span: timedelta | float | Decimal | None) -> str:
    """Seconds or a timedelta in at most two units."""
    if span is None:
        return DASH
    seconds = span.total_seconds() if isinstance(span, timedelta) else float(span)
    if seconds < 60:
        return f"{seconds:.0f} s" if seconds >= 10 or seconds == int(seconds) else f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    if minutes < 60:
        return f"{minutes} min {rest} s" if rest else f"{minutes} min"
    hours, minutes = divmod(minutes, 60)
    if hours < 48:
        return f"{hours} h {minutes} min" if minutes else f"{hours} h"
    return f"{hours // 24} days"


@register.filter
def energy(kilowatt_hours: float | None) -> str:
    return _in_thousands(kilowatt_hours, "kWh", "Wh")


@register.filter
def carbon(kilograms: float | None) -> str:
    return _in_thousands(kilograms, "kg CO₂e", "g CO₂e")


def _in_thousands(amount: float | None, unit: str, small_unit: str) -> str:
    """None is not known: a run that was killed could not tell."""
    if amount is None:
        return "not known"
    return f"{amount:.3g} {unit}" if amount >= 1 else f"{amount * 1000:.3g} {small_unit}"


STATE_TONES = {
    RunState.RUNNING: "busy",
    RunState.PAUSED: "warn",
    RunState.SUCCEEDED: "good",
    RunState.FAILED: "bad",
    RunState.CANCELLED: "warn",
}
LABELING_JOB_TONES = {
    LabelingJob.State.WORKING: "busy",
    LabelingJob.State.PAUSED: "warn",
    LabelingJob.State.DONE: "good",
    LabelingJob.State.STOPPED: "warn",
}


@register.filter
def tone(state: str) -> str:
    return STATE_TONES.get(RunState(state), "")


@register.filter
def labeling_job_tone(state: str) -> str:
    return LABELING_JOB_TONES.get(LabelingJob.State(state), "")


DELIVERY_TONES = {
    Delivery.State.WAITING: "busy",
    Delivery.State.FAILED: "warn",
    Delivery.State.SENT: "good",
    Delivery.State.LOGGED: "warn",
    Delivery.State.GIVEN_UP: "bad",
}


@register.filter
def delivery_tone(delivery: Delivery) -> str:
    return DELIVERY_TONES[Delivery.State(delivery.state)]


@register.simple_tag(takes_context=True)
def here_with(context: dict[str, Any], **changed: object) -> str:
    """This page's address with these parts of its question changed; an empty one is left out."""
    query = context["request"].GET.copy()
    for name, value in changed.items():
        query.pop(name, None)
        if value:
            query[name] = str(value)
    return f"?{query.urlencode()}"


@register.filter
def item(values: dict[Any, Any], key: Any) -> Any:
    return values.get(key)


_FINDINGS = {
    CheckLevel.GOOD: ("good", "Fine"),
    CheckLevel.UNKNOWN: ("", "Not known"),
    CheckLevel.WARNING: ("warn", "Mind"),
    CheckLevel.REFUSED: ("bad", "Refused"),
}


@register.filter
def check_state(level: CheckLevel) -> str:
    return _FINDINGS[level][0]


@register.filter
def check_word(level: CheckLevel) -> str:
    return _FINDINGS[level][1]


_PRICE_TONES = {
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
    return _PRICE_TONES.get(state, "")


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
