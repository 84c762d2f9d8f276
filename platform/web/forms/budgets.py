from datetime import UTC

from django import forms
from django.utils import timezone

from budgets.models import Kind, PriceBook

DEVICES = (("", "None: not a device hour"), ("cpu", "CPU"), ("cuda", "GPU (CUDA)"))


class PriceBookForm(forms.Form):
    name = forms.CharField(max_length=120, help_text="Studies choose a price book by its name.")
    currency = forms.CharField(
        min_length=3, max_length=3, initial="USD", help_text="Three letters. Every price of the book is in it."
    )


class PriceForm(forms.Form):
    book = forms.ModelChoiceField(PriceBook.objects.order_by("name"), label="Price book", empty_label=None)
    kind = forms.ChoiceField(label="What it is for", choices=Kind.choices)
    device = forms.ChoiceField(choices=DEVICES, required=False, help_text="For a device hour only.")
    amount = forms.CharField(
        widget=forms.TextInput(attrs={"inputmode": "decimal"}),
        help_text="In the book's currency, per label or per device hour; at most six decimals.",
    )
    starts_at = forms.DateTimeField(
        label="In force from (UTC)",
        widget=forms.DateTimeInput(attrs={"type": "datetime-local"}, format="%Y-%m-%dT%H:%M"),
        help_text="Work done before this moment keeps the earlier price.",
    )

    def __init__(self, *args: object, **kwargs: object) -> None:
        super().__init__(*args, **kwargs)  # type: ignore[arg-type]
        self.fields["starts_at"].initial = timezone.now().astimezone(UTC).replace(second=0, microsecond=0)


class LimitForm(forms.Form):
    limit = forms.CharField(label="New limit", widget=forms.TextInput(attrs={"inputmode": "decimal"}))


class ReversalForm(forms.Form):
    reason = forms.CharField(
        max_length=200, help_text="Kept for ever beside the reversal; say what was wrong with the entry."
    )
