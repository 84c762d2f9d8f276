"""Amounts as pages write them."""

from decimal import Decimal

from django.utils.html import format_html
from django.utils.safestring import SafeString

from reports.formatting import NONE, MoneyFormat


def money_text(amount: Decimal | None, form: str | MoneyFormat = "USD") -> str:
    return NONE if amount is None else _money_format(form).text(amount)


def money(amount: Decimal | None, form: str | MoneyFormat = "USD") -> SafeString:
    """An amount to read, with all of its digits in the title, in a currency or as its table is written."""
    if amount is None:
        return SafeString(NONE)
    shown = _money_format(form)
    return format_html('<data value="{0}" title="{0} {1}">{2}</data>', amount, shown.currency, shown.text(amount))


def _money_format(form: str | MoneyFormat) -> MoneyFormat:
    return form if isinstance(form, MoneyFormat) else MoneyFormat(currency=form)
