from decimal import Decimal
from typing import Any

from django import forms

from budgets.money import amount_text
from reports.autopilot import AutopilotSettings
from reports.models import Autopilot
from web.forms.fields import amount_field, day_field


def _percent_field(label: str, **options: Any) -> forms.DecimalField:
    return forms.DecimalField(
        label=label, min_value=Decimal("0.01"), max_value=Decimal(100), decimal_places=2, max_digits=5, **options
    )


class AutopilotForm(forms.Form):
    share_a_day = _percent_field(
        "Share of the budget a day, %", help_text="What the purchases of one day may take of the limit of the budget."
    )
    cap = amount_field(
        label="Cap on all purchases", help_text="What all of its purchases may take, from the first day on."
    )
    target = _percent_field(
        "Target score, %", required=False, help_text="It stops once a student scores as much on test. Blank: none."
    )
    until = day_field("Last day", required=False, help_text="It buys nothing after this day. Blank: none.")

    def settings(self) -> AutopilotSettings:
        values = self.cleaned_data
        return AutopilotSettings(
            share_a_day=values["share_a_day"] / 100,
            cap=values["cap"],
            target=None if values["target"] is None else values["target"] / 100,
            until=values["until"],
        )


def values_of(found: Autopilot | None) -> dict[str, Any]:
    """What the form shows at first: the settings that there are."""
    if found is None:
        return {"share_a_day": 10}
    return {
        "share_a_day": _trimmed(found.share_a_day * 100),
        "cap": amount_text(found.cap).replace(",", ""),
        "target": None if found.target is None else _trimmed(Decimal(str(found.target)) * 100),
        "until": found.until.isoformat() if found.until else None,
    }


def _trimmed(number: Decimal) -> str:
    return f"{number.normalize():f}"
