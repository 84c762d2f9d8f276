from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from django import forms

from reports.charts import ChartView, MonthView, month_number
from web.forms.fields import MonthField, check_order


@dataclass(frozen=True, kw_only=True)
class AxisWords:
    """What the axis across a chart is called on its page: its unit, and links to its parts."""

    unit: str
    less: str
    more: str
    whole: str
    is_in_months: bool = False


class ChartForm(forms.Form):
    """What of a chart is shown, as an address says it."""

    def __init__(self, data: Any, *, series: Sequence[tuple[str, str]], words: AxisWords) -> None:
        super().__init__(data, auto_id="chart_%s")
        self._is_in_months = words.is_in_months
        self.fields["hide"] = forms.MultipleChoiceField(
            choices=series, required=False, widget=forms.CheckboxSelectMultiple
        )
        for name, label in (("from", f"From, {words.unit}"), ("to", f"To, {words.unit}")):
            self.fields[name] = MonthField(label=label, required=False) if words.is_in_months else _number_field(label)

    def clean(self) -> dict[str, Any]:
        values = super().clean() or {}
        if self._is_in_months:
            check_order(self, "from", "to")
            return values
        low, high = values.get("from"), values.get("to")
        if low is not None and high is not None and low >= high:
            self.add_error("to", "Name a number above the first one.")
        return values

    @property
    def view(self) -> ChartView:
        """What is asked for; the whole chart where that cannot be read."""
        kind = MonthView if self._is_in_months else ChartView
        if not self.is_valid():
            return kind()
        values = self.cleaned_data
        low, high = (_place(values[name]) for name in ("from", "to"))
        return kind(hidden=frozenset(values["hide"]), low=low, high=high)


def _number_field(label: str) -> forms.FloatField:
    widget = forms.NumberInput(attrs={"step": "any", "min": 0})
    return forms.FloatField(label=label, min_value=0, required=False, widget=widget)


def _place(value: date | float | None) -> float | None:
    return month_number(value.year, value.month) if isinstance(value, date) else value
