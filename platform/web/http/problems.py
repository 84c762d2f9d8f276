"""From an operation's refusal to a message on the page that requested it."""

from collections.abc import Callable
from typing import TypeVar

from django.contrib import messages
from django.core.exceptions import NON_FIELD_ERRORS, ValidationError
from django.forms import BaseForm
from django.http import HttpRequest

from budgets.ledger import BudgetExceeded, BudgetStopped, HoldClosed
from budgets.prices import PriceMissing
from labeling.label_studio import LabelStudioRefused, LabelStudioUnreachable
from runs.control import StillCancelling

REFUSALS = (
    ValueError,
    ValidationError,
    BudgetExceeded,
    BudgetStopped,
    HoldClosed,
    PriceMissing,
    StillCancelling,
    LabelStudioRefused,
    LabelStudioUnreachable,
)

T = TypeVar("T")


def carry_out(form: BaseForm, operation: Callable[[], T]) -> T | None:
    """Call one operation. Where it refuses, its reason is shown at the field it names, and None is returned."""
    try:
        return operation()
    except REFUSALS as refusal:
        explain(form, refusal)
        return None


def carry_out_or_say(request: HttpRequest, operation: Callable[[], T]) -> T | None:
    """The same for a button that has no form to show its reason on: it is shown at the top of the next page."""
    try:
        return operation()
    except REFUSALS as refusal:
        messages.error(request, in_words(refusal))
        return None


def explain(form: BaseForm, refusal: Exception) -> None:
    if isinstance(refusal, ValidationError) and hasattr(refusal, "error_dict"):
        for name, reasons in refusal.message_dict.items():
            field = name if name in form.fields else NON_FIELD_ERRORS
            form.add_error(None if field == NON_FIELD_ERRORS else field, reasons)
        return
    words = in_words(refusal)
    name, colon, rest = words.partition(": ")
    field = name.strip().lower().replace(" ", "_")
    if colon and field in form.fields:
        form.add_error(field, rest[:1].upper() + rest[1:])
    elif words not in form.non_field_errors():
        form.add_error(None, words)


def in_words(refusal: Exception) -> str:
    return " ".join(refusal.messages) if isinstance(refusal, ValidationError) else str(refusal)
