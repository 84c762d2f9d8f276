"""What a page showed before it is confirmed: what is confirmed is what was shown, or it is shown again."""

from django.forms import BaseForm
from django.http import HttpRequest

from studies.hashing import digest

SHOWN = "shown"


def shown_as(*parts: object) -> str:
    """Stand for what a quote was asked for, and what it said; the page sends it back in a field named `shown`."""
    return digest(*parts)


def is_as_shown(request: HttpRequest, form: BaseForm, now: str) -> bool:
    """Whether the page's quote is of what the form says; else the form says so. Who was shown none is not asked."""
    if request.POST.get(SHOWN, now) == now:
        return True
    form.add_error(None, "The form or the prices changed since the quote. Check the new quote below, then confirm.")
    return False
