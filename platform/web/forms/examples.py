import uuid
from collections.abc import Sequence
from typing import Any

from django import forms
from django.db import models

from labeling.publishing import MOST_AT_ONCE, OpinionOrdering
from studies.imports import ENCODINGS, ImportOptions
from studies.models import Split


class UploadForm(forms.Form):
    file = forms.FileField(
        widget=forms.ClearableFileInput(attrs={"accept": ".csv,.tsv,.txt,.jsonl,.ndjson"}),
        help_text="CSV with a header line, or one JSON object per line. Nothing is imported before you have seen it.",
    )


class UndoForm(forms.Form):
    """Asks nothing: a place for the reason of a refusal."""


class EncodingForm(forms.Form):
    encoding = forms.ChoiceField(choices=list(ENCODINGS.items()))


class OptionsForm(EncodingForm):
    """Which column gives what. Whether the file has such a column is for the operation to say."""

    label_column = forms.CharField(label="Column with the label", required=False, widget=forms.Select)
    split_column = forms.CharField(label="Column with the split", required=False, widget=forms.Select)

    def __init__(
        self, *args: Any, input_fields: Sequence[str], optional_fields: Sequence[str] = (), **kwargs: Any
    ) -> None:
        super().__init__(*args, **kwargs)
        self.input_fields, self.optional_fields = input_fields, optional_fields
        for name in input_fields:
            label = f"Column with {name.replace('_', ' ')}"
            self.fields[f"column_{name}"] = forms.CharField(label=label, required=False, widget=forms.Select)

    def set_columns(self, columns: Sequence[str]) -> None:
        named = [(name, name) for name in columns]
        for name in self.input_fields:
            self._choices(f"column_{name}", [("", "None" if name in self.optional_fields else "Choose"), *named])
        self._choices("label_column", [("", "None: examples come unlabelled"), *named])
        self._choices("split_column", [("", "None: split by the study's shares"), *named])

    @property
    def column_fields(self) -> list[forms.BoundField]:
        return [self[f"column_{name}"] for name in self.input_fields if name not in self.optional_fields]

    @property
    def optional_column_fields(self) -> list[forms.BoundField]:
        return [self[f"column_{name}"] for name in self.optional_fields]

    def _choices(self, name: str, choices: list[tuple[str, str]]) -> None:
        widget = self.fields[name].widget
        assert isinstance(widget, forms.Select)
        widget.choices = choices

    def options(self) -> ImportOptions:
        values = self.cleaned_data
        return ImportOptions(
            columns={name: values[f"column_{name}"] for name in self.input_fields},
            label_column=values["label_column"],
            split_column=values["split_column"],
            encoding=values["encoding"],
        )


def values_of(options: ImportOptions) -> dict[str, str]:
    columns = {f"column_{name}": column for name, column in options.columns.items()}
    return {
        **columns,
        "label_column": options.label_column,
        "split_column": options.split_column,
        "encoding": options.encoding,
    }


class Order(models.TextChoices):
    """The order in which examples are published."""

    RANDOM = "random", "Random"
    UNCERTAINTY = "uncertainty", "Those first that a model was least sure of"


class SentOnceForm(forms.Form):
    """A form that publishes once, however often it is sent."""

    request_key = forms.CharField(
        max_length=64, required=False, initial=lambda: str(uuid.uuid4()), widget=forms.HiddenInput
    )


class PublishForm(SentOnceForm):
    """`LINKED` are the fields that a link to the form may fill in."""

    LINKED = ("split", "num_examples", "order")

    split = forms.ChoiceField(
        label="From", choices=Split.choices, help_text="Only examples without a label that are not published yet."
    )
    num_examples = forms.IntegerField(label="How many", min_value=1, max_value=100_000)
    order = forms.ChoiceField(
        choices=Order.choices,
        initial=Order.RANDOM,
        required=False,
        help_text="Of the pool only. Labels that a model chose are no random sample, and are marked so.",
    )

    @property
    def is_chosen(self) -> bool:
        """Whether a model is to choose."""
        return bool(self.cleaned_data["order"] == Order.UNCERTAINTY)

    @property
    def request(self) -> dict[str, Any]:
        """What is published, but for its order."""
        return {name: self.cleaned_data[name] for name in ("split", "num_examples", "request_key")}


class SecondOpinionsForm(SentOnceForm):
    """`LINKED` are the fields that a link to the form may fill in."""

    LINKED = ("split", "num_examples", "order")

    split = forms.ChoiceField(
        label="From",
        choices=Split.choices,
        help_text="Only examples that people labelled here, and that wait for none.",
    )
    num_examples = forms.IntegerField(label="How many", min_value=1, max_value=MOST_AT_ONCE)
    order = forms.ChoiceField(choices=OpinionOrdering.choices, initial=OpinionOrdering.RANDOM, required=False)

    @property
    def request(self) -> dict[str, Any]:
        """What is asked for."""
        wanted = {name: self.cleaned_data[name] for name in ("split", "num_examples", "request_key")}
        return {**wanted, "ordering": self.cleaned_data["order"] or OpinionOrdering.RANDOM}
