from collections.abc import Sequence
from typing import Any

from django import forms

from reports.points import Point
from runs.results import MOST_CHARACTERS
from studies.task_types import task_type_named
from web.forms.fields import PlainSelect

_FIELD_LABELS = {"text": "Text", "text_a": "First text", "text_b": "Second text"}


class CompareForm(forms.Form):
    first = forms.TypedChoiceField(label="Is", coerce=int, widget=PlainSelect)
    second = forms.TypedChoiceField(label="better than", coerce=int, widget=PlainSelect)

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
