from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from django import forms

from budgets.models import Path
from connections.models import Connection
from runs.models import PromptVersion, Run
from runs.requests import (
    HYBRID_EPOCHS,
    MOST_EXAMPLES,
    OF_LANGUAGE_MODEL,
    FormGroup,
    RunPlan,
    RunRequest,
    Setting,
    recipes_of,
    settings_of,
    teachings_of,
)
from studies.models import Study
from studies.task_types import TaskType
from tables.table import counted
from web.forms.fields import NumberListField

SETTINGS = settings_of(RunPlan)
HYBRID, TEACHER, SCORING = "hybrid", "teacher", "scoring"
METHODS = (
    (Path.ANNOTATE, "Annotate: train the student on the labels alone"),
    (
        Path.DISTIL,
        "Distil: a teacher, fine-tuned or as it is, or a language model, teaches the student on unlabelled examples",
    ),
    (
        HYBRID,
        "Hybrid: distil, then train the student further on the labels alone; the better of the two on dev is kept",
    ),
    (TEACHER, "Teacher alone: fine-tune and measure it; a later distillation uses it at no further cost"),
    (SCORING, "Scores alone: a model trained before scores unlabelled examples, to choose what to label next"),
)
STUDYS_TEACHER, STUDENT_AS_TEACHER, UNTRAINED_TEACHER = "study", "student", "untrained"
_CONNECTION = "connection-"
# Settings of heads over whole texts and of labels; of any head; of models that write.
_OF_HEADS = ("pooling", "stated_confidence")
_OF_LABELS = ("head_learning_rate_factor", *_OF_HEADS)
_OF_WRITING = ("answer_length", "num_answers", "adapter_rank", "on_policy_share")
# Hidden, and not checked, where nothing is distilled.
_FOR_DISTIL = (
    *("num_unlabelled", "teacher", "teacher_steps", "teacher_learning_rates", "prompt_version"),
    *(name for name, setting in SETTINGS.items() if setting.group == FormGroup.DISTILLING),
)


def setting_field(setting: Setting, **options: Any) -> forms.Field:
    """The field of a setting, made from its declaration. Parameters: `options` replace what the declaration says."""
    blank = f"Blank: {setting.blank}." if setting.blank else ""
    # A fraction that has no default to go by.
    range_text = (
        f"From {setting.range_text}."
        if setting.value_type is float and not setting.longest and setting.may_be_none
        else ""
    )
    options = {
        "label": setting.label,
        "help_text": " ".join(filter(None, (setting.help, range_text, blank))),
        "required": not (setting.may_be_none or setting.longest or setting.value_type is bool),
        "initial": setting.default or None if setting.longest else setting.default,
        **options,
    }
    if setting.value_type is bool:
        return forms.BooleanField(**options)
    if setting.value_type is str:
        return forms.ChoiceField(choices=list(setting.choices.items()), **options)
    if setting.longest:
        return NumberListField(
            number=setting.value_type, longest=setting.longest, placeholder=setting.placeholder, **options
        )
    limits = {"min_value": setting.least, "max_value": setting.most}
    return (forms.IntegerField if setting.value_type is int else forms.FloatField)(**{**limits, **options})


def prompt_version_field(versions: Iterable[PromptVersion]) -> forms.TypedChoiceField:
    """A choice among the versions of a study's prompt, the latest first and by itself."""
    numbers = [one.number for one in versions]
    latest = f"The latest: version {numbers[0]}" if numbers else "The usual text: nobody has edited it yet"
    earlier = [(str(number), f"Version {number}") for number in numbers]
    return forms.TypedChoiceField(
        label="Prompt",
        choices=[("", latest), *earlier, *([("0", "The usual text")] if numbers else [])],
        coerce=int,
        empty_value=None,
        required=False,
        help_text="For a language model.",
    )


def _described(run: Run) -> str:
    return f"{run}, from {counted(run.num_labels, 'label')}"


@dataclass(frozen=True, kw_only=True)
class FieldGroup:
    title: str
    help: str
    fields: Sequence[forms.BoundField]
    is_for_distil: bool = False

    @property
    def is_open(self) -> bool:
        """Whether something in it is to be seen at once: an error, or what a link filled in."""
        return any(field.errors or field.name in field.form.initial for field in self.fields)


class LicenceForm(forms.Form):
    """What a person states of a teacher."""

    licence_confirmed = forms.BooleanField(
        label="I have read the teacher's licence: its outputs may train other models",
        required=False,
        help_text="Needed once per teacher; recorded with your name, for all studies.",
    )


class StartRunForm(LicenceForm):
    """The settings with a label, and what else a request is made of; `LINKED` are those that a link may fill in."""

    LINKED = (
        *("path", "num_labels", "num_unlabelled", "teacher", "teacher_seeds"),
        *("max_minutes", "student_layers", "gold_only"),
    )

    path = forms.ChoiceField(label="Method", choices=METHODS, initial=Path.ANNOTATE, widget=forms.RadioSelect)
    num_labels = forms.IntegerField(
        label="Labels",
        min_value=0,
        max_value=MOST_EXAMPLES,
        required=False,
        help_text="How many labels to use. Blank: all. 0: none, where the recipe starts from what labels mean.",
    )
    num_unlabelled = forms.IntegerField(
        label="Unlabelled examples",
        min_value=1,
        max_value=MOST_EXAMPLES,
        required=False,
        help_text="For distil, hybrid and scores: how many examples are scored.",
    )
    teacher = forms.ChoiceField(label="Teacher", initial=STUDYS_TEACHER, required=False)

    def __init__(
        self,
        *args: Any,
        teachers: Iterable[Run] = (),
        connections: Iterable[Connection] = (),
        task_type: TaskType | None = None,
        prompt_versions: Iterable[PromptVersion] = (),
        **options: Any,
    ) -> None:
        super().__init__(*args, **options)
        self.fields.update({name: setting_field(setting) for name, setting in SETTINGS.items() if setting.label})
        self.fields["gold_epochs"] = setting_field(
            SETTINGS["gold_epochs"], min_value=1, initial=HYBRID_EPOCHS, required=False, help_text="For hybrid."
        )
        self.fields["prompt_version"] = prompt_version_field(prompt_versions)
        for name in (*OF_LANGUAGE_MODEL, "teacher_seeds", "on_policy_share"):
            self.fields[name].required = False
        has_labels = task_type is None or task_type.has_labels
        if task_type is not None:
            self._suit(task_type)
        asked = [(f"{_CONNECTION}{one.pk}", f"{one.name}: {one.model}") for one in connections]
        finished = [(str(run.pk), _described(run)) for run in teachers]
        self.fields["teacher"].choices = [  # type: ignore[attr-defined]
            (STUDYS_TEACHER, "The study's teacher"),
            (STUDENT_AS_TEACHER, "The student's own checkpoint (self-distillation)"),
            *([(UNTRAINED_TEACHER, "The study's teacher as it is, without fine-tuning")] if has_labels else []),
            *([("Trained before", finished)] if finished else []),
            *([("Language models", asked)] if asked else []),
        ]

    def _suit(self, task_type: TaskType) -> None:
        """Leave out what says nothing of this task type; a command takes it all the same, and is told."""
        left_out = _OF_WRITING if task_type.has_labels else _OF_HEADS if task_type.can_be_marked else _OF_LABELS
        for name in (*left_out, *(() if task_type.unit == "word" else ("segmentation",))):
            del self.fields[name]
        fitting = {
            "pooling": task_type.poolings,
            "recipe": recipes_of(task_type),
            "distil_from": teachings_of(task_type),
        }
        for name, known in fitting.items():
            if name in self.fields:
                labels = SETTINGS[name].choices
                self.fields[name].choices = [(one, labels[one]) for one in known]  # type: ignore[attr-defined]

    def clean(self) -> dict[str, Any]:
        values = super().clean() or {}
        if values.get("path") == TEACHER:
            self.errors.pop("num_unlabelled", None)
        if values.get("path") == Path.ANNOTATE:
            for name in _FOR_DISTIL:
                self.errors.pop(name, None)
                values.pop(name, None)
        if values.get("path") in {Path.DISTIL, HYBRID, SCORING} and not values.get("num_unlabelled"):
            self.add_error("num_unlabelled", "Give how many unlabelled examples are scored.")
        return values

    @property
    def _path(self) -> Path:
        """What it is paid on: a hybrid counts as a distillation."""
        return Path.ANNOTATE if self.cleaned_data.get("path", Path.ANNOTATE) == Path.ANNOTATE else Path.DISTIL

    def run_request(self, study: Study) -> RunRequest:
        """The request that the form makes; an invalid field counts as blank. Raises Refusal as RunRequest does."""
        return RunRequest(
            study=study,
            path=self._path,
            plan=self.plan(),
            num_labels=self.cleaned_data.get("num_labels"),
            num_unlabelled=self.cleaned_data.get("num_unlabelled") or 0,
        )

    def plan(self) -> RunPlan:
        """The settings the form gives; an invalid or blank field counts as its default. Raises PlanInvalid."""
        values = {name: value for name, value in self.cleaned_data.items() if name in SETTINGS}
        given = {name: value for name, value in values.items() if value not in (None, "", ())}
        is_hybrid = self.cleaned_data.get("path") == HYBRID
        given["gold_epochs"] = (given.get("gold_epochs") or HYBRID_EPOCHS) if is_hybrid else 0
        if self._path == Path.DISTIL:
            teacher = self.cleaned_data.get("teacher") or STUDYS_TEACHER
            given["self_distil"] = teacher == STUDENT_AS_TEACHER
            given["untrained_teacher"] = teacher == UNTRAINED_TEACHER
            given["teacher_only"] = self.cleaned_data.get("path") == TEACHER
            given["score_only"] = self.cleaned_data.get("path") == SCORING
            given["teacher_run"] = int(teacher) if teacher.isdecimal() else None
            number = teacher.removeprefix(_CONNECTION)
            given["teacher_connection"] = int(number) if number != teacher and number.isdecimal() else None
        return RunPlan(**given)

    @property
    def groups(self) -> list[FieldGroup]:
        return [
            FieldGroup(
                title="Search",
                help="The search on dev. It is the same for the student on either path, so that they can be compared.",
                fields=self._of(FormGroup.SEARCH),
            ),
            FieldGroup(
                title="The model",
                help="How student and teacher read a text, and how much of the student is trained.",
                fields=self._of(FormGroup.MODEL),
            ),
            FieldGroup(
                title="Distilling",
                help="Who teaches, and what of it the student learns from.",
                fields=self._of(FormGroup.DISTILLING, first=("teacher", "teacher_seeds"), last=("prompt_version",)),
                is_for_distil=True,
            ),
        ]

    def _of(self, group: FormGroup, *, first: Sequence[str] = (), last: Sequence[str] = ()) -> list[forms.BoundField]:
        """The fields of a group that suit the task type, between some that are named."""
        named = {*first, *last}
        between = [name for name, setting in SETTINGS.items() if setting.group == group and name not in named]
        return [self[name] for name in (*first, *between, *last) if name in self.fields]


class ExtendRunForm(forms.Form):
    minutes = setting_field(
        SETTINGS["max_minutes"], label="More minutes", initial=30, help_text="Their cost is held now."
    )
