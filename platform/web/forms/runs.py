from dataclasses import fields
from typing import Any

from django import forms

from budgets.models import Path
from runs.plans import RANGES, STUDENT_STEPS, TEACHER_STEPS, RunPlan

PLAIN = RunPlan()
PATHS = (
    (Path.ANNOTATE, "Annotate: train the student on the labels alone"),
    (Path.DISTIL, "Distil: a teacher learns from the labels and teaches the student on unlabelled examples"),
)


def _whole(name: str, label: str, **options: Any) -> forms.IntegerField:
    least, most = RANGES[name]
    return forms.IntegerField(label=label, min_value=int(least), max_value=int(most), **options)


def _number(name: str, label: str, **options: Any) -> forms.FloatField:
    least, most = RANGES[name]
    return forms.FloatField(
        label=label, min_value=least, max_value=most, step_size=None, initial=getattr(PLAIN, name), **options
    )


class StartRunForm(forms.Form):
    path = forms.ChoiceField(choices=PATHS, initial=Path.ANNOTATE, widget=forms.RadioSelect)
    num_labels = forms.IntegerField(
        label="Labels", min_value=1, required=False, help_text="The first so many of the pool; empty means all."
    )
    num_unlabelled = forms.IntegerField(
        label="Unlabelled examples",
        min_value=1,
        required=False,
        help_text="For distil: how many more the teacher scores.",
    )
    steps = _whole("steps", "Student steps", initial=STUDENT_STEPS)
    teacher_steps = _whole("teacher_steps", "Teacher steps", initial=TEACHER_STEPS, help_text="For distil only.")
    max_minutes = _whole(
        "max_minutes",
        "Minutes at most",
        initial=PLAIN.max_minutes,
        help_text="For each run. Money is held for all of them; what is not used goes back.",
    )
    go_on = forms.BooleanField(
        label="When its minutes are used up, go on while the budget has money",
        required=False,
        help_text="Else it pauses with a checkpoint, and goes on when it is given more minutes.",
    )
    batch_size = _whole("batch_size", "Batch size", initial=PLAIN.batch_size)
    max_length = _whole("max_length", "Tokens at most", initial=PLAIN.max_length, help_text="Longer text is cut.")
    learning_rate = _number("learning_rate", "Student learning rate")
    teacher_learning_rate = _number("teacher_learning_rate", "Teacher learning rate")
    temperature = _number("temperature", "Temperature")
    gold_weight = _number("gold_weight", "Weight of human labels beside soft ones")
    seed = _whole("seed", "Seed", required=False, help_text="Empty: the study's own.")

    def clean(self) -> dict[str, Any]:
        values = super().clean() or {}
        if values.get("path") == Path.DISTIL and not values.get("num_unlabelled"):
            self.add_error("num_unlabelled", "Say how many unlabelled examples the teacher shall score.")
        return values

    def plan(self) -> RunPlan:
        """The settings the form gives. Raises ValueError as RunPlan does."""
        known = {field.name for field in fields(RunPlan)}
        return RunPlan(**{name: value for name, value in self.cleaned_data.items() if name in known})

    @property
    def advanced(self) -> list[forms.BoundField]:
        names = "batch_size max_length learning_rate teacher_learning_rate temperature gold_weight seed"
        return [self[name] for name in names.split()]

    @property
    def has_advanced_errors(self) -> bool:
        return any(field.errors for field in self.advanced)


class ExtendRunForm(forms.Form):
    minutes = _whole("max_minutes", "More minutes", initial=30, help_text="Their price is held now.")
