from typing import Any

from django import forms
from django.urls import reverse_lazy

from budgets.models import PriceBook
from budgets.money import amount_text
from runs.preflight import PACKAGES
from studies.editing import MAX_NAME, MOST_PAID_SECONDS, StudySpec, read_label_lines, write_label_lines
from studies.models import PayBasis, Study
from studies.queries import dependents
from studies.task_types import TASK_TYPES, TaskType, metric_title
from web.forms.fields import amount_field

_OTHER_MODELS = [("hub", "A Hugging Face hub name"), ("folder", "A folder on the server")]
MODEL_CHOICES = [
    ("Carried by an installed package", [(f"package:{name}", name) for name in PACKAGES]),
    ("Another one", _OTHER_MODELS),
]
_WRITERS = "a text-to-text model such as T5, or a decoder such as SmolLM2."
_WRITES = f"It must write: {_WRITERS}"
_MARKS = f"An encoder marks answers in passages. Questions without passages need a model that writes: {_WRITERS}"
STUDENT = "package:paraphrase-MiniLM-L3-v2"
TEACHER = "package:all-mpnet-base-v2"


def _label_texts_field() -> forms.CharField:
    return forms.CharField(
        label="What the labels mean",
        required=False,
        widget=forms.Textarea(
            attrs={"rows": 5, "placeholder": "label | description | example phrase | example phrase"}
        ),
        help_text="One line for each label that needs it: the label, a description, then example phrases, separated by "
        "“ | ”. Annotators see them, and models that start from few labels learn from them.",
    )


# What was typed stays when another task type is chosen, as far as that type asks for it.
KEPT_FIELDS = (
    *("labels", "label_texts", "student", "student_name", "student_revision"),
    *("teacher", "teacher_name", "teacher_revision"),
)


class StudyForm(forms.Form):
    name = forms.CharField(max_length=MAX_NAME, help_text="What the finished model will be for, in a few words.")
    task_type = forms.ChoiceField(
        label="Task type",
        choices=lambda: [(key, one.title) for key, one in TASK_TYPES.items()],
        widget=forms.Select(
            attrs={
                "hx-get": reverse_lazy("create-study"),
                "hx-target": "#kind",
                "hx-trigger": "change",
                "hx-include": ", ".join(f"[name={name}]" for name in KEPT_FIELDS),
            }
        ),
    )
    labels = forms.CharField(
        widget=forms.Textarea(attrs={"rows": 5}), help_text="One per line, in the order annotators see them."
    )
    label_texts = _label_texts_field()
    instructions = forms.CharField(
        required=False,
        widget=forms.Textarea(attrs={"rows": 4}),
        help_text="Shown to annotators. Say what decides between two labels that are easily confused, or what makes a "
        "written answer a good one.",
    )
    metric = forms.ChoiceField(label="Utility is measured as")

    student = forms.ChoiceField(choices=MODEL_CHOICES, initial=STUDENT, help_text="The compact model you want.")
    student_name = forms.CharField(label="Student's hub name or folder", required=False)
    student_revision = forms.CharField(label="Student's revision", required=False)
    teacher = forms.ChoiceField(choices=MODEL_CHOICES, initial=TEACHER, help_text="The larger one it learns from.")
    teacher_name = forms.CharField(label="Teacher's hub name or folder", required=False)
    teacher_revision = forms.CharField(label="Teacher's revision", required=False)

    limit = amount_field(
        label="Budget limit",
        help_text="In the price book's currency. Nothing that could exceed it is started.",
    )
    price_book = forms.ModelChoiceField(PriceBook.objects.order_by("name"), empty_label=None)

    annotations_per_example = forms.IntegerField(
        min_value=1, max_value=9, initial=1, help_text="How many people annotate each example. Each annotation is paid."
    )
    pay_basis = forms.ChoiceField(label="Annotators are paid", choices=PayBasis.choices)
    max_paid_seconds = forms.IntegerField(
        label="Maximum paid seconds",
        min_value=1,
        max_value=MOST_PAID_SECONDS,
        initial=300,
        help_text="Per annotation, where pay is by the hour. This much is held for each published annotation.",
    )
    dev_fraction = forms.FloatField(label="Dev share", min_value=0, max_value=0.9, initial=0.1)
    test_fraction = forms.FloatField(
        label="Test share", min_value=0, max_value=0.9, initial=0.2, help_text="Held back to measure utility."
    )
    seed = forms.IntegerField(min_value=0, initial=0, help_text="Decides the splits and every random order.")

    def __init__(self, *args: Any, task_type: str = "", **kwargs: Any) -> None:
        """Offer the metrics of the task type that was sent, else of `task_type`, else of the first."""
        super().__init__(*args, **kwargs)
        wanted = self.data.get("task_type", task_type)
        self.kind: str = wanted if wanted in TASK_TYPES else next(iter(TASK_TYPES))
        self.fields["task_type"].initial = self.kind
        self.fields["labels"].required = self.definition.min_labels > 0
        if not self.definition.has_labels:
            self._ask_for_writers()
        chosen = self.fields["metric"]
        assert isinstance(chosen, forms.ChoiceField)
        chosen.choices = [(name, metric_title(task_type=self.kind, metric=name)) for name in self.definition.utilities]

    def _ask_for_writers(self) -> None:
        """Ask for no labels, and for models that write, which no package carries, or that can mark answers."""
        del self.fields["labels"], self.fields["label_texts"]
        for role in ("student", "teacher"):
            chosen = self.fields[role]
            assert isinstance(chosen, forms.ChoiceField)
            if self.definition.can_be_marked:
                chosen.help_text = f"{chosen.help_text} {_MARKS}"
                continue
            chosen.choices, chosen.initial = _OTHER_MODELS, "hub"
            chosen.help_text = f"{chosen.help_text} {_WRITES}"

    @property
    def definition(self) -> TaskType:
        return TASK_TYPES[self.kind]

    def clean(self) -> dict[str, Any]:
        values = super().clean() or {}
        for role in ("student", "teacher"):
            if values.get(role) in {"hub", "folder"} and not values.get(f"{role}_name"):
                self.add_error(f"{role}_name", "Give the hub name or the folder.")
        return values

    def spec(self) -> StudySpec:
        """Build the spec. Raises as StudySpec does."""
        values = dict(self.cleaned_data)
        models = {f"{role}_model": _reference(values, role) for role in ("student", "teacher")}
        labels = lines_of(values.get("labels", ""))
        described = read_label_lines(values.get("label_texts", ""), labels=labels)
        return StudySpec(**{**values, **models, "labels": labels, "label_texts": described})


class ChangeStudyForm(forms.Form):
    """What of a study may change; a field that something depends on is disabled, with the reason."""

    name = forms.CharField(max_length=MAX_NAME)
    labels = forms.CharField(widget=forms.Textarea(attrs={"rows": 5}), help_text="One per line.")
    label_texts = _label_texts_field()
    instructions = forms.CharField(required=False, widget=forms.Textarea(attrs={"rows": 6}))
    worth_per_point = amount_field(
        label="What a point is worth",
        required=False,
        help_text="In the budget's currency, for a percentage point of the metric. The report then says stop where "
        "nothing gains its price. Blank: the whole budget may be spent.",
    )
    monthly_requests = forms.CharField(
        label="Requests a month",
        required=False,
        max_length=20,
        widget=forms.TextInput(attrs={"inputmode": "numeric"}),
        help_text="How many its student is expected to serve; the report says what serving then costs. Blank: not "
        "known.",
    )

    def __init__(self, *args: Any, study: Study, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.study = study
        self.initial = {
            "name": study.name,
            "labels": "\n".join(study.labels),
            "label_texts": write_label_lines(study),
            "instructions": study.instructions,
            "worth_per_point": amount_text(study.worth_per_point).replace(",", "") if study.worth_per_point else "",
            "monthly_requests": study.monthly_requests or "",
        }
        self.fields["labels"].required = study.definition.min_labels > 0
        found = dependents(study)
        if not study.definition.has_labels:
            del self.fields["labels"], self.fields["label_texts"]
        elif found.holds_labels:
            self._hold("labels", f"They stay as they are: {found.holds_labels}. Duplicate the study to use others.")
        elif found.in_use:
            used = ", ".join(f"“{label}” ({number:,})" for label, number in found.in_use)
            self.fields["labels"].help_text = f"One per line. Examples are labelled with {used}: keep these."
        if found.num_open:
            for name in self.fields.keys() & {"instructions", "label_texts"}:
                self._hold(name, f"They stay while {found.num_open:,} published examples wait for annotations.")

    def _hold(self, name: str, why: str) -> None:
        self.fields[name].disabled = True
        self.fields[name].help_text = why

    def changes(self) -> dict[str, Any]:
        """Values of the fields that can be changed. Raises: LabelTextsInvalid."""
        values = {name: value for name, value in self.cleaned_data.items() if not self.fields[name].disabled}
        if "labels" in values:
            values["labels"] = lines_of(values["labels"])
        if "label_texts" in values:
            labels = values.get("labels", self.study.labels)
            values["label_texts"] = read_label_lines(values["label_texts"], labels=labels)
        return values


class DuplicateForm(forms.Form):
    name = forms.CharField(max_length=MAX_NAME)
    limit = amount_field(
        label="Budget limit",
        help_text="Its own budget, from the same price book. Nothing is taken from this study's.",
    )
    with_data = forms.BooleanField(
        label="Copy the examples with their splits and labels",
        required=False,
        help_text="Labels come as imported ones, which cost nothing. Runs and money stay here.",
    )


def lines_of(text: str) -> tuple[str, ...]:
    """One label per line. Only what a browser writes ends a line, so that no other sign takes a label apart."""
    return tuple(text.replace("\r\n", "\n").split("\n"))


def _reference(values: dict[str, Any], role: str) -> dict[str, Any]:
    """A model reference; takes the role's three fields out of the values."""
    choice, name, revision = (values.pop(key) for key in (role, f"{role}_name", f"{role}_revision"))
    source, _, package = choice.partition(":")
    return {"source": source, "name": package or name.strip(), "revision": revision.strip() or None}
