from collections.abc import Sequence
from typing import Any

from django import forms

from reports.queries import Point


class CompareForm(forms.Form):
    """Which two students to compare, by their artifacts' ids."""

    first = forms.TypedChoiceField(label="Is", coerce=int)
    second = forms.TypedChoiceField(label="better than", coerce=int)

    def __init__(self, *args: Any, points: Sequence[Point], **options: Any) -> None:
        super().__init__(*args, **options)
        choices = [(point.artifact_id, _named(point)) for point in points]
        for name in ("first", "second"):
            self.fields[name].choices = choices  # type: ignore[attr-defined]  # a choice field has choices


def _named(point: Point) -> str:
    pseudo = f" + {point.num_pseudo_labels:,}" if point.num_pseudo_labels else ""
    return f"Student {point.artifact_id}: {point.path.label.lower()}, {point.num_labels:,}{pseudo} labels"
