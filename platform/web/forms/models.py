from typing import Any

from django import forms

from runs.results import MOST_CHARACTERS
from studies.task_types import task_type_named

_NAMES = {"text": "Text", "text_a": "First text", "text_b": "Second text"}


class TryForm(forms.Form):
    """One example for a model to answer: a field for each text that the task type reads."""

    def __init__(self, data: Any = None, *, task_type: str) -> None:
        super().__init__(data, auto_id="try_%s")
        for name in task_type_named(task_type).input_fields:
            self.fields[name] = forms.CharField(
                label=_NAMES.get(name, name.replace("_", " ").capitalize()),
                max_length=MOST_CHARACTERS,
                strip=False,
                widget=forms.Textarea(attrs={"rows": 3}),
            )
