"""The task types that a study can have. They are defined in training, which is imported here without torch."""

from django.db import models

from config.refusals import Refusal
from training.answers import (
    NO_START,
    AnswerInvalid,
    LabelledSpan,
    Span,
    all_written,
    most_written,
    spans_from_json,
    spans_to_json,
    written_in,
)
from training.contract import MEASURED_BY
from training.tasks import TASK_TYPES, TaskType

__all__ = [
    "MEASURED_BY",
    "TASK_TYPES",
    "AnswerInvalid",
    "LabelledSpan",
    "Metric",
    "Span",
    "TaskType",
    "UnknownTaskType",
    "all_written",
    "label_text",
    "metric_title",
    "most_written",
    "placed_texts",
    "spans_from_json",
    "spans_to_json",
    "task_type_named",
]


class Metric(models.TextChoices):
    """All metrics; a task type names its own in `metrics`."""

    ACCURACY = "accuracy", "Accuracy"
    MACRO_F1 = "macro_f1", "Macro F1"
    MICRO_F1 = "micro_f1", "Micro F1"
    COMPAT_F1 = "compat_f1", "F1 as in Kang et al. (2023)"
    BLEU = "bleu", "BLEU"
    CHRF = "chrf", "chrF"
    ROUGE_L = "rouge_l", "ROUGE-L"
    HARMONIC_IBLEU = "harmonic_ibleu", "BLEU, less for copying (harmonic iBLEU)"
    BERT_IBLEU = "bert_ibleu", "BERTScore against the source, less for copying (BERT-iBLEU)"
    NOT_COPIED = "not_copied", "Not copied (1 minus BLEU against the source)"
    F1 = "f1", "F1 of the answers' words"
    EXACT_MATCH = "exact_match", "Exact match"


class UnknownTaskType(Refusal):
    """No task type has this name."""


def task_type_named(name: str) -> TaskType:
    """Find a task type. Raises: UnknownTaskType."""
    if name not in TASK_TYPES:
        raise UnknownTaskType(f"{name!r} is not one of {', '.join(TASK_TYPES)}.", field="task_type")
    return TASK_TYPES[name]


def placed_texts(answer: str) -> list[tuple[str, int | None]]:
    """Return the texts of a written answer, each with where its passage has it, None where that is not known."""
    return [(one.text, None if one.start == NO_START else one.start) for one in written_in(answer)]


def label_text(*, task_type: str, label: str, description: str) -> str:
    """Write a label and its description as one text, by its task type's template; without one, the label itself."""
    template = task_type_named(task_type).label_template
    return template.replace("{label}", label).replace("{description}", description) if description else label


def metric_title(*, task_type: str, metric: str) -> str:
    return task_type_named(task_type).metric_titles.get(metric) or dict(Metric.choices).get(metric, metric)
