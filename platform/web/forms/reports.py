from collections.abc import Sequence
from typing import Any

from django import forms
from django.forms.utils import flatatt
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from reports.charts import ChartView, Series
from reports.points import Point
from runs.results import MOST_CHARACTERS
from studies.task_types import task_type_named

_FIELD_LABELS = {"text": "Text", "text_a": "First text", "text_b": "Second text"}


class ChartForm(forms.Form):
    """What of the chart of utility is shown, as an address says it."""

    hide = forms.MultipleChoiceField(choices=Series.choices, required=False, widget=forms.CheckboxSelectMultiple)

    def __init__(self, data: Any, *, currency: str) -> None:
        super().__init__(data, auto_id="chart_%s")
        for name, label in (("from", f"From, {currency}"), ("to", f"To, {currency}")):
            widget = forms.NumberInput(attrs={"step": "any", "min": 0})
            self.fields[name] = forms.FloatField(label=label, min_value=0, required=False, widget=widget)

    def clean(self) -> dict[str, Any]:
        values = super().clean() or {}
        low, high = values.get("from"), values.get("to")
        if low is not None and high is not None and low >= high:
            self.add_error("to", "Name a number above the first one.")
        return values

    @property
    def view(self) -> ChartView:
        """What is asked for; the whole chart where that cannot be read."""
        if not self.is_valid():
            return ChartView()
        values = self.cleaned_data
        hidden = frozenset(map(Series, values["hide"]))
        return ChartView(hidden=hidden, low=values["from"], high=values["to"])


SELECTED = SafeString(" selected")


class _LongSelect(forms.Select):
    """A choice of hundreds: written at once, where a template for each option would take most of a page's time."""

    def render(self, name: str, value: Any, attrs: Any = None, renderer: Any = None) -> SafeString:
        rows = ((key, SELECTED if str(key) == str(value) else "", label) for key, label in self.choices)
        options = format_html_join("", '<option value="{}"{}>{}</option>', rows)
        return format_html("<select{}>{}</select>", flatatt(self.build_attrs({"name": name}, attrs)), options)


class CompareForm(forms.Form):
    first = forms.TypedChoiceField(label="Is", coerce=int, widget=_LongSelect)
    second = forms.TypedChoiceField(label="better than", coerce=int, widget=_LongSelect)

    def __init__(self, *args: Any, points: Sequence[Point], **options: Any) -> None:
        super().__init__(*args, **options)
        choices = [(point.artifact_id, _named(point)) for point in points]
        for name in ("first", "second"):
            self.fields[name].choices = choices  # type: ignore[attr-defined]  # a choice field has choices


def _named(point: Point) -> str:
    pseudo = f" + {point.num_pseudo_labels:,}" if point.num_pseudo_labels else ""
    return f"Student {point.artifact_id}: {point.path.label.lower()}, {point.num_labels:,}{pseudo} labels"


class TryForm(forms.Form):
    """One example for a model to answer: a field for each text that the task type reads."""

    def __init__(self, data: Any = None, *, task_type: str) -> None:
        super().__init__(data, auto_id="try_%s")
        definition = task_type_named(task_type)
        for name in definition.input_fields:
            self.fields[name] = forms.CharField(
                label=_FIELD_LABELS.get(name, name.replace("_", " ").capitalize()),
                max_length=MOST_CHARACTERS,
                required=name not in definition.optional_fields,
                strip=False,
                widget=forms.Textarea(attrs={"rows": 3}),
            )
