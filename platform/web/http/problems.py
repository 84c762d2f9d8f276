"""From an operation's refusal to a message on the page that requested it."""

from collections.abc import Callable
from typing import TypeVar

from django.contrib import messages
from django.core.exceptions import NON_FIELD_ERRORS, ValidationError
from django.forms import BaseForm
from django.http import HttpRequest

from config.refusals import Refusal

# The field in which a page sends back what its quote stood for.
SHOWN = "shown"

T = TypeVar("T")


def carry_out(form: BaseForm, operation: Callable[[], T]) -> T | None:
    """Call one operation. None where it refuses, with the reason at the field it names."""
    try:
        return operation()
    except (Refusal, ValidationError) as refusal:
        explain(form, refusal)
        return None


def submitted(form: BaseForm, operation: Callable[[], T]) -> T | None:
    """The same for a form that was sent and is valid; None for any other."""
    return carry_out(form, operation) if form.is_valid() else None


def carry_out_or_say(request: HttpRequest, operation: Callable[[], T]) -> T | None:
    """The same for a button without a form: the reason is shown at the top of the next page."""
    try:
        return operation()
    except (Refusal, ValidationError) as refusal:
        messages.error(request, in_words(refusal))
        return None


def explain(form: BaseForm, refusal: Refusal | ValidationError) -> None:
    if isinstance(refusal, ValidationError) and hasattr(refusal, "error_dict"):
        for name, reasons in refusal.message_dict.items():
            field = name if name in form.fields else NON_FIELD_ERRORS
            form.add_error(None if field == NON_FIELD_ERRORS else field, reasons)
        return
    field = refusal.field if isinstance(refusal, Refusal) else ""
    if isinstance(refusal, Refusal) and field in form.fields:
        form.add_error(field, refusal.reason[:1].upper() + refusal.reason[1:])
    elif (words := in_words(refusal)) not in form.non_field_errors():
        form.add_error(None, words)


def in_words(refusal: Refusal | ValidationError) -> str:
    return " ".join(refusal.messages) if isinstance(refusal, ValidationError) else str(refusal)


def is_as_shown(request: HttpRequest, form: BaseForm, now: str) -> bool:
    """Whether the page's quote is of what the form says; else the form says so. Who was shown none is not asked."""
    if is_same(request, now):
        return True
    form.add_error(None, "The form or the prices changed since the quote. Check the new quote below, then confirm.")
    return False


def is_same(request: HttpRequest, now: str) -> bool:
    """Whether what the page showed is so now; of a page that showed nothing it is."""
    return bool(request.POST.get(SHOWN, now) == now)
