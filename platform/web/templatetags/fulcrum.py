"""How amounts, times and shares are written on every page."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from django import template
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString

from budgets.models import Budget, Price
from budgets.overviews import CurrencyOverview
from notices.models import Delivery
from reports import formatting as wording
from reports.formatting import MoneyFormat
from runs.models import RunState
from runs.preflight import CheckLevel
from studies.models import Study
from studies.task_types import metric_title as title_of_metric
from web.presenters import action_in_words, key_in_words
from web.presenters import model_name as model_in_words
from web.presenters import recorded_value as value_in_words

register = template.Library()

DASH = "\N{EN DASH}"


@register.filter
def money_text(amount: Decimal | None, form: str | MoneyFormat = "USD") -> str:
    return DASH if amount is None else _money_format(form).text(amount)


@register.filter
def money(amount: Decimal | None, form: str | MoneyFormat = "USD") -> SafeString:
    """An amount to read, with all of its digits in the title, in a currency or as its table is written."""
    if amount is None:
        return SafeString(DASH)
    currency = _money_format(form).currency
    return format_html('<data value="{}" title="{} {}">{}</data>', amount, amount, currency, money_text(amount, form))


def _money_format(form: str | MoneyFormat) -> MoneyFormat:
    return form if isinstance(form, MoneyFormat) else MoneyFormat(currency=form)


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
def price(row: Price) -> str:
    unit = f"{row.get_kind_display().lower()} ({row.device})" if row.device else row.get_kind_display().lower()
    return f"{exact(row.rate, row.book.currency)} per {unit}"


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
def share_width(share: float) -> str:
    return f"{min(max(share, 0), 1) * 100:.1f}"


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
    """What is not known is said to be so: a run that was killed could not tell."""
    if kilowatt_hours is None:
        return "not known"
    return f"{kilowatt_hours:.3g} kWh" if kilowatt_hours >= 1 else f"{kilowatt_hours * 1000:.3g} Wh"


@register.filter
def carbon(kilograms: float | None) -> str:
    if kilograms is None:
        return "not known"
    return f"{kilograms:.3g} kg CO₂e" if kilograms >= 1 else f"{kilograms * 1000:.3g} g CO₂e"


@dataclass(frozen=True, kw_only=True)
class BarParts:
    spent: float
    held: float

    @property
    def spent_percent(self) -> str:
        return f"{self.spent:.0f}"

    @property
    def held_percent(self) -> str:
        return f"{self.held:.0f}"


@register.filter
def bar_parts(budget: Budget) -> BarParts:
    if not budget.limit:
        return BarParts(spent=0.0, held=0.0)
    return BarParts(spent=float(budget.spent / budget.limit * 100), held=float(budget.held / budget.limit * 100))


STATE_TONES = {
    RunState.WAITING: "",
    RunState.QUEUED: "",
    RunState.RUNNING: "busy",
    RunState.PAUSED: "warn",
    RunState.SUCCEEDED: "good",
    RunState.FAILED: "bad",
    RunState.CANCELLED: "warn",
}


@register.filter
def tone(state: str) -> str:
    return STATE_TONES[RunState(state)]


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
def page_url(context: dict[str, Any], number: int) -> str:
    """This page's address with another page number; the filters stay."""
    query = context["request"].GET.copy()
    query["page"] = str(number)
    return f"?{query.urlencode()}"


@register.simple_tag(takes_context=True)
def after_url(context: dict[str, Any], cursor: object) -> str:
    """This page's address from another place in the ledger on; the filters stay."""
    query = context["request"].GET.copy()
    query.pop("after", None)
    if cursor:
        query["after"] = str(cursor)
    return f"?{query.urlencode()}"


@register.filter
def words(key: str) -> str:
    return key_in_words(key)


@register.filter
def action_words(key: str) -> str:
    return action_in_words(key)


@register.filter
def recorded(value: Any) -> str:
    return value_in_words(value)


@register.filter
def item(values: dict[Any, Any], key: Any) -> Any:
    return values.get(key)


@register.filter
def model(reference: dict[str, Any]) -> str:
    return model_in_words(reference)


@register.filter
def progress_percent(progress: dict[str, Any]) -> str:
    return f"{min(max(float(progress.get('fraction') or 0), 0), 1) * 100:.1f}"


@register.filter
def slope(utility_per_unit: float | None) -> str:
    return wording.points_per_dollar(utility_per_unit)


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
