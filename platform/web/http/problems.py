"""From an operation's refusal to a message on the page that requested it."""

from collections.abc import Callable
from typing import TypeVar

from django.contrib import messages
from django.core.exceptions import NON_FIELD_ERRORS, ValidationError
from django.forms import BaseForm
from django.http import HttpRequest

from config.refusals import Refusal

T = TypeVar("T")


def carry_out(form: BaseForm, operation: Callable[[], T]) -> T | None:
    """Call one operation. Where it refuses, its reason is shown at the field it names, and None is returned."""
    try:
        return operation()
    except (Refusal, ValidationError) as refusal:
        explain(form, refusal)
        return None


def carry_out_or_say(request: HttpRequest, operation: Callable[[], T]) -> T | None:
    """The same for a button that has no form to show its reason on: it is shown at the top of the next page."""
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
