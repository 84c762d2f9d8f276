from collections.abc import Iterable, Sequence
from dataclasses import dataclass, fields
from typing import Any

from django import forms

from budgets.models import Path
from runs.models import Run
from runs.requests import (
    LISTS,
    MOST_EXAMPLES,
    RANGES,
    STUDENT_LEARNING_RATES,
    STUDENT_STEPS,
    TEACHER_LEARNING_RATES,
    TEACHER_STEPS,
    RunPlan,
)
from web.forms.lists import NumberListField

PLAIN = RunPlan()
HYBRID = "hybrid"
WAYS = (
    (Path.ANNOTATE, "Annotate: train the student on the labels alone"),
    (Path.DISTIL, "Distil: a teacher learns from the labels and teaches the student on unlabelled examples"),
    (HYBRID, "Hybrid: distil, then train the student on with the labels alone; the better of both on dev is kept"),
)
STUDYS_TEACHER, STUDENT_AS_TEACHER = "study", "student"
POOLINGS = {
    "mean": "Mean of all tokens",
    "first": "First token",
    "max": "Largest value over tokens",
    "bi_encoder": "Each text separately (bi-encoder)",
}
SEGMENTATIONS = (
    ("auto", "Words; characters where people mark parts of words"),
    ("word", "Words"),
    ("character", "Characters"),
)
FILTERS = (
    ("none", "Keep all"),
    ("confidence", "Keep those the teacher is most confident of"),
    ("random", "Keep as many at random, for comparison"),
)
_DISTILLING = "teacher temperature gold_weight filter keep gold_epochs"
# Says nothing, and is not looked at, where nothing is distilled.
_FOR_DISTIL = f"num_unlabelled teacher_steps teacher_learning_rates {_DISTILLING}".split()
# The epochs that a hybrid adds where nobody says how many.
HYBRID_EPOCHS = 5


def _whole(name: str, label: str, **options: Any) -> forms.IntegerField:
    least, most = RANGES[name]
    return forms.IntegerField(label=label, min_value=int(least), max_value=int(most), **options)


def _number(name: str, label: str, **options: Any) -> forms.FloatField:
    least, most = RANGES[name]
    initial = getattr(PLAIN, name)
    return forms.FloatField(label=label, min_value=least, max_value=most, step_size=None, initial=initial, **options)


def _numbers(name: str, label: str, *, default: Iterable[float] = (), **options: Any) -> NumberListField:
    shown = ", ".join(f"{number:.8f}".rstrip("0") for number in default)
    return NumberListField(
        label=label,
        number=int if name in {"search_epochs", "student_layers"} else float,
        longest=LISTS[name][2],
        placeholder=shown,
        required=False,
        **options,
    )


def _described(run: Run) -> str:
    """A run that can teach, as a choice."""
    labels = run.snapshot.num_examples if run.snapshot else 0
    return f"{run}, from {labels:,} labels"


@dataclass(frozen=True, kw_only=True)
class Group:
    """A collapsible group of settings."""

    title: str
    help: str
    fields: Sequence[forms.BoundField]
    is_for_distil: bool = False

    @property
    def has_errors(self) -> bool:
        return any(field.errors for field in self.fields)


class StartRunForm(forms.Form):
    path = forms.ChoiceField(label="Method", choices=WAYS, initial=Path.ANNOTATE, widget=forms.RadioSelect)
    num_labels = forms.IntegerField(
        label="Labels",
        min_value=1,
        max_value=MOST_EXAMPLES,
        required=False,
        help_text="How many labels to use. Blank: all.",
    )
    num_unlabelled = forms.IntegerField(
        label="Unlabelled examples",
        min_value=1,
        max_value=MOST_EXAMPLES,
        required=False,
        help_text="For distil and hybrid: how many examples the teacher scores.",
    )
    steps = _whole("steps", "Student steps", required=False, help_text=f"Per training. Blank: {STUDENT_STEPS}.")
    teacher_steps = _whole(
        "teacher_steps", "Teacher steps", required=False, help_text=f"For distil only. Blank: {TEACHER_STEPS}."
    )
    num_seeds = _whole(
        "num_seeds",
        "Seeds",
        initial=PLAIN.num_seeds,
        help_text="Repeats with other seeds; each adds cost.",
    )
    max_minutes = _whole(
        "max_minutes",
        "Time limit (minutes)",
        initial=PLAIN.max_minutes,
        help_text="Per run, search and seeds included. Their cost is reserved; the unused part is released.",
    )
    go_on = forms.BooleanField(
        label="At the time limit, extend the run while the budget has money",
        required=False,
        help_text="Otherwise it saves a checkpoint and pauses until it is given more minutes.",
    )
    licence_confirmed = forms.BooleanField(
        label="I have read the teacher's licence: its outputs may train other models",
        required=False,
        help_text="Needed once per teacher; recorded with your name, for all studies.",
    )

    learning_rates = _numbers(
        "learning_rates",
        "Student learning rates",
        default=STUDENT_LEARNING_RATES,
        help_text="Each is tried and the best on dev is used, for annotate and distil alike. One: no search.",
    )
    teacher_learning_rates = _numbers(
        "teacher_learning_rates", "Teacher learning rates", default=TEACHER_LEARNING_RATES
    )
    search_epochs = _numbers(
        "search_epochs",
        "Epochs to try",
        help_text="Instead of steps, for student and teacher; combined with each rate.",
    )
    patience = _whole(
        "patience",
        "Early-stopping patience",
        required=False,
        help_text="Evaluations on dev without improvement before training stops. Blank: no early stopping.",
    )
    batch_size = _whole("batch_size", "Batch size", initial=PLAIN.batch_size)
    max_length = _whole(
        "max_length", "Maximum length (tokens)", initial=PLAIN.max_length, help_text="Longer text is truncated."
    )
    seed = _whole("seed", "Seed", required=False, help_text="Blank: the study's.")

    pooling = forms.ChoiceField(label="Pooling", initial=PLAIN.pooling)
    segmentation = forms.ChoiceField(
        label="Entities are made of", choices=SEGMENTATIONS, initial=PLAIN.segmentation, required=False
    )
    head_learning_rate_factor = _number("head_learning_rate_factor", "Head learning rate, as a multiple")
    frozen_layers = _whole(
        "frozen_layers", "Frozen layers of the student", initial=0, help_text="Not trained, embeddings included."
    )
    student_layers = _numbers(
        "student_layers",
        "Layers kept of the student",
        help_text="For example 0, 2, 5 for a smaller student. Blank: all.",
    )

    teacher = forms.ChoiceField(label="Teacher", initial=STUDYS_TEACHER, required=False)
    temperature = _number("temperature", "Temperature")
    gold_weight = _number("gold_weight", "Weight of human labels against soft labels")
    filter = forms.ChoiceField(label="Soft labels", choices=FILTERS, initial=PLAIN.filter, required=False)
    keep = _number("keep", "Share kept", required=False, help_text="From 0.01 to 1. Blank: chosen on dev.")
    gold_epochs = forms.IntegerField(
        label="Epochs on the labels alone",
        min_value=1,
        max_value=int(RANGES["gold_epochs"][1]),
        initial=HYBRID_EPOCHS,
        required=False,
        help_text="For hybrid.",
    )

    def __init__(
        self,
        *args: Any,
        teachers: Iterable[Run] = (),
        poolings: Iterable[str] = POOLINGS,
        has_words: bool = True,
        **options: Any,
    ) -> None:
        super().__init__(*args, **options)
        if not has_words:
            del self.fields["segmentation"]
        self.fields["pooling"].choices = [(name, POOLINGS[name]) for name in poolings]  # type: ignore[attr-defined]
        finished = [(str(run.pk), _described(run)) for run in teachers]
        self.fields["teacher"].choices = [  # type: ignore[attr-defined]
            (STUDYS_TEACHER, "The study's teacher"),
            (STUDENT_AS_TEACHER, "The student's own checkpoint (self-distillation)"),
            *([("Trained before", finished)] if finished else []),
        ]

    def clean(self) -> dict[str, Any]:
        values = super().clean() or {}
        if values.get("path") == Path.ANNOTATE:
            for name in _FOR_DISTIL:
                self.errors.pop(name, None)
                values.pop(name, None)
        if values.get("path") in {Path.DISTIL, HYBRID} and not values.get("num_unlabelled"):
            self.add_error("num_unlabelled", "Give how many unlabelled examples the teacher scores.")
        return values

    @property
    def money_path(self) -> Path:
        """What it is paid on: a hybrid counts as a distillation."""
        return Path.ANNOTATE if self.cleaned_data.get("path", Path.ANNOTATE) == Path.ANNOTATE else Path.DISTIL

    def plan(self) -> RunPlan:
        """The settings the form gives. Raises ValueError as RunPlan does."""
        known = {field.name for field in fields(RunPlan)}
        values = {name: value for name, value in self.cleaned_data.items() if name in known}
        given = {name: value for name, value in values.items() if value not in (None, "", ())}
        is_hybrid = self.cleaned_data.get("path") == HYBRID
        given["gold_epochs"] = (given.get("gold_epochs") or HYBRID_EPOCHS) if is_hybrid else 0
        if self.money_path == Path.DISTIL:
            teacher = self.cleaned_data.get("teacher") or STUDYS_TEACHER
            given["self_distil"] = teacher == STUDENT_AS_TEACHER
            given["teacher_run"] = int(teacher) if teacher.isdecimal() else None
        return RunPlan(**given)

    @property
    def groups(self) -> list[Group]:
        """The settings that few need."""
        return [
            Group(
                title="Search",
                help="The search on dev. It is the same for the student on either path, so that they can be compared.",
                fields=self._of("learning_rates search_epochs patience seed teacher_learning_rates"),
            ),
            Group(
                title="The model",
                help="How student and teacher read a text, and how much of the student is trained.",
                fields=self._of(
                    "batch_size max_length pooling segmentation head_learning_rate_factor frozen_layers student_layers"
                ),
            ),
            Group(
                title="Distilling",
                help="Who teaches, and what of it the student learns from.",
                fields=self._of(_DISTILLING),
                is_for_distil=True,
            ),
        ]

    def _of(self, names: str) -> list[forms.BoundField]:
        return [self[name] for name in names.split() if name in self.fields]


class ExtendRunForm(forms.Form):
    minutes = _whole("max_minutes", "More minutes", initial=30, help_text="Their cost is reserved now.")
