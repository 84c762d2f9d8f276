from datetime import UTC, datetime, timedelta
from typing import Any

from django import forms
from django.utils import timezone

from accounts.models import User
from budgets.cost_kinds import CostKind
from budgets.ledger import Period
from budgets.models import Budget, Price, PriceBook
from budgets.prices import Scope
from connections.models import Connection
from web.forms.fields import amount_field

DEVICES = (("", "None"), ("cpu", "CPU"), ("cuda", "GPU (CUDA)"), ("mps", "GPU (Apple)"))


def _this_minute() -> datetime:
    return timezone.now().astimezone(UTC).replace(second=0, microsecond=0)


def _moment_field(**options: Any) -> forms.DateTimeField:
    widget = forms.DateTimeInput(attrs={"type": "datetime-local"}, format="%Y-%m-%dT%H:%M")
    return forms.DateTimeField(widget=widget, **options)


class PriceBookForm(forms.Form):
    name = forms.CharField(max_length=120, help_text="Studies choose a price book by its name.")
    currency = forms.CharField(
        min_length=3, max_length=3, initial="USD", help_text="Three letters. Every price of the book is in it."
    )


class PriceForm(forms.Form):
    book = forms.ModelChoiceField(PriceBook.objects.order_by("name"), label="Price book", empty_label=None)
    kind = forms.ChoiceField(label="Kind", choices=CostKind.choices)
    device = forms.ChoiceField(
        label="Device or connection",
        required=False,
        help_text="For a device hour its device; for tokens the connection, or none for all without their own price.",
    )
    amount = amount_field(help_text="In the book's currency per unit; a platform fee in percent. Up to six decimals.")
    starts_at = _moment_field(
        label="In force from (UTC)",
        initial=_this_minute,
        help_text="Work published or started before this moment keeps the earlier price.",
    )
    budget = forms.ModelChoiceField(
        Budget.objects.filter(study__isnull=False).order_by("name"),
        label="Only for the study",
        required=False,
        empty_label="Every study of the book",
    )
    annotator = forms.ModelChoiceField(
        User.objects.filter(is_active=True).order_by("name", "email"),
        label="Only for the annotator",
        required=False,
        empty_label="Everybody",
        help_text="For what people are paid: labels, hours, reviews, skips.",
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        names = [(name, name) for name in Connection.objects.order_by("name").values_list("name", flat=True)]
        connections = [("Connections", names)] if names else []
        self.fields["device"].choices = [*DEVICES, *connections]  # type: ignore[attr-defined]

    def price(self) -> dict[str, Any]:
        values = dict(self.cleaned_data)
        scope = Scope(**{name: values.pop(name) for name in ("device", "budget", "annotator")})
        return {**values, "kind": CostKind(values["kind"]), "scope": scope}


class EndForm(forms.Form):
    starts_at = _moment_field(
        label="Ends at (UTC)", initial=_this_minute, help_text="From then on, the less specific price applies."
    )


class PriceFileForm(forms.Form):
    file = forms.FileField(label="CSV file", allow_empty_file=True)


class CorrectionForm(forms.Form):
    """The right amount and the period, and which preview was looked at."""

    amount = amount_field(label="The right amount")
    starts_at = _moment_field(label="Work done from (UTC)")
    ends_at = _moment_field(label="Until before (UTC)")
    reason = forms.CharField(max_length=200, help_text="Kept with every reversal.")

    def __init__(self, *args: Any, price: Price, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["starts_at"].initial = price.starts_at
        # Up to now, the minute that has begun included.
        self.fields["ends_at"].initial = _this_minute() + timedelta(minutes=1)

    def period(self) -> Period:
        return Period(starts_at=self.cleaned_data["starts_at"], ends_at=self.cleaned_data["ends_at"])
