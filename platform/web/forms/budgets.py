from collections.abc import Callable
from decimal import Decimal
from typing import Any

from django import forms

from budgets.cost_kinds import CostKind
from budgets.models import Budget, Cap, Path
from web.forms.fields import amount_field


def _expected_field() -> forms.DecimalField:
    """What the person saw, so that two who edit at once notice each other."""
    return forms.DecimalField(max_digits=18, decimal_places=6, required=False, widget=forms.HiddenInput)


class _SeenForm(forms.Form):
    """A form that says which limit the page showed when it was opened."""

    def see_again(self, limit: Decimal) -> None:
        """After a refusal, carry the limit that the page shows now."""
        self.data = {**{name: self.data[name] for name in self.data}, "expected_limit": str(limit)}


class LimitForm(_SeenForm):
    limit = amount_field(label="New limit")
    expected_limit = _expected_field()


class TopUpForm(_SeenForm):
    amount = amount_field(label="Amount to add")
    expected_limit = _expected_field()


class ConfirmationForm(forms.Form):
    amount = amount_field(
        label="One person may set a limit up to",
        required=False,
        help_text="In the price book's currency. Blank: a manager or an admin sets any limit alone.",
    )

    def clean_amount(self) -> str | None:
        return self.cleaned_data["amount"].strip() or None


class CapForm(_SeenForm):
    what = forms.ChoiceField(
        label="What to cap",
        choices=[
            ("A path", [(f"path:{value}", label) for value, label in Path.choices]),
            (
                "A kind",
                [(f"kind:{value}", label) for value, label in CostKind.choices if value != CostKind.PLATFORM_FEE],
            ),
        ],
    )
    limit = amount_field(label="Cap")
    expected_limit = _expected_field()

    def named(self) -> dict[str, str]:
        """The chosen path or kind, by the name of the operation's argument."""
        scope, _, value = self.cleaned_data["what"].partition(":")
        return {scope: value}

    @staticmethod
    def initial_of(cap: Cap) -> dict[str, Any]:
        what = f"path:{cap.path}" if cap.path else f"kind:{cap.kind}"
        return {"what": what, "limit": f"{cap.limit.normalize():f}", "expected_limit": cap.limit}


class ThresholdsForm(forms.Form):
    thresholds = forms.CharField(
        label="Alert at (percent of the limit)", required=False, help_text="Whole numbers separated by commas."
    )

    def clean_thresholds(self) -> list[int]:
        parts = [part.strip().removesuffix("%").strip() for part in self.cleaned_data["thresholds"].split(",")]
        try:
            return [int(part) for part in parts if part]
        except ValueError:
            raise forms.ValidationError("Write whole numbers separated by commas, such as 50, 80, 100.") from None


class StopForm(forms.Form):
    reason = forms.CharField(max_length=300, help_text="Shown on the study's pages while it is stopped.")


class ReversalForm(forms.Form):
    reason = forms.CharField(max_length=200, help_text="Kept with the reversal: what was wrong with the entry.")


def budget_forms(budget: Budget, *, cap: Cap | None) -> dict[str, Callable[..., forms.Form]]:
    """The forms of a budget's page by name, each to be called with what was posted, or with nothing."""
    seen = {"expected_limit": budget.limit}
    limit = {"limit": f"{budget.limit.normalize():f}", **seen}
    thresholds = {"thresholds": ", ".join(str(percent) for percent in budget.thresholds)}

    def builder(form: type[forms.Form], name: str, initial: dict[str, Any]) -> Callable[..., forms.Form]:
        return lambda data=None: form(data, initial=initial, auto_id=f"{name}_%s")

    return {
        "limit_form": builder(LimitForm, "limit", limit),
        "top_up_form": builder(TopUpForm, "top_up", seen),
        "cap_form": builder(CapForm, "cap", CapForm.initial_of(cap) if cap else {}),
        "thresholds_form": builder(ThresholdsForm, "thresholds", thresholds),
    }
