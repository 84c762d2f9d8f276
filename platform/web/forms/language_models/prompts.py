from typing import Any

from django import forms

from budgets.models import Path
from connections.models import Connection
from connections.prompts import PromptText
from reports.model_labels import ReviewOrder
from runs.prompting import MOST_LABELLED
from runs.requests import MOST_EXAMPLES, RunPlan, RunRequest, settings_of_prompt
from studies.models import Study
from web.forms.examples import SentOnceForm
from web.forms.runs import SETTINGS, prompt_version_field, setting_field

MOST_VERSIONS = 50
_HELP = {
    "shots": "Labelled ones of the pool, never of dev or test.",
    "stated_confidence": "Probability of its answer, where its server tells none.",
}


class PromptForm(forms.Form):
    system = forms.CharField(
        label="Before the examples",
        widget=forms.Textarea(attrs={"rows": 14, "class": "code", "spellcheck": "true"}),
        strip=False,
    )
    message = forms.CharField(
        label="The message with one example",
        widget=forms.Textarea(attrs={"rows": 3, "class": "code"}),
        strip=False,
    )

    def text(self) -> PromptText:
        return PromptText(system=self.cleaned_data["system"], message=self.cleaned_data["message"])


class LabelingJobForm(forms.Form):
    """Who is asked, by which prompt; `LINKED` are the fields that a link to the form may fill in."""

    LINKED: tuple[str, ...] = ("connection", "prompt_version")
    USUAL = 0

    connection = forms.ModelChoiceField(label="Language model", queryset=Connection.objects.none(), empty_label=None)
    num_labels = forms.IntegerField(
        label="Labels",
        min_value=0,
        max_value=MOST_EXAMPLES,
        required=False,
        help_text="The examples in the prompt are of the first so many labels, as in a run. Blank: all.",
    )

    def __init__(self, *args: Any, study: Study, **options: Any) -> None:
        super().__init__(*args, **options)
        usable = [one.pk for one in Connection.objects.filter(is_active=True) if one.is_usable]
        self._connections = Connection.objects.filter(pk__in=usable).order_by("name")
        self.fields["connection"].queryset = self._connections  # type: ignore[attr-defined]
        versions = study.prompt_versions.order_by("-number")[:MOST_VERSIONS]
        self.fields["prompt_version"] = prompt_version_field(versions)
        self.fields["prompt_version"].help_text = ""
        self._names = settings_of_prompt(study.definition)
        for name in self._names:
            if SETTINGS[name].label:
                help_text = _HELP.get(name, SETTINGS[name].help)
                self.fields[name] = setting_field(SETTINGS[name], required=False, help_text=help_text)

    @property
    def settings_fields(self) -> list[forms.BoundField]:
        return [self[name] for name in self._names]

    def run_request(self, study: Study) -> RunRequest | None:
        """The request that a run would make; an invalid field counts as blank. None where nobody can be asked."""
        values = self.cleaned_data
        connection = values.get("connection") or self._connections.first()
        if connection is None:
            return None
        given = {name: values[name] for name in self._names if values.get(name) not in (None, "")}
        plan = RunPlan(teacher_connection=connection.pk, **given)
        return RunRequest(
            study=study,
            path=Path.DISTIL,
            plan=plan,
            num_labels=values.get("num_labels"),
            num_unlabelled=values.get("num_unlabelled") or self.USUAL,
        )


class LabelsForm(LabelingJobForm):
    """The same, and how many examples are to be labelled."""

    LINKED = (*LabelingJobForm.LINKED, "num_unlabelled")
    USUAL = 100

    num_unlabelled = forms.IntegerField(
        label="Examples to label",
        min_value=1,
        max_value=MOST_LABELLED,
        initial=USUAL,
        help_text="Of the pool, in the study's random order: those without a label that nobody was given to label.",
    )


class AuditForm(SentOnceForm):
    LINKED: tuple[str, ...] = ("num_examples",)
    USUAL = 50

    num_examples = forms.IntegerField(label="Examples to audit", min_value=1, max_value=100_000)


class ReviewForm(AuditForm):
    LINKED = (*AuditForm.LINKED, "order")

    order = forms.ChoiceField(
        choices=ReviewOrder.choices,
        initial=ReviewOrder.RANDOM,
        required=False,
        help_text="Least sure: by the probability that the model gave to its own label. People find more errors so.",
    )

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.fields["num_examples"].label = "Examples to go over"
