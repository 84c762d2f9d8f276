"""The kinds of problem a study can have. They are defined in training, which is imported here without torch."""

from dataclasses import dataclass

from config.refusals import Refusal
from training.tasks import TASK_TYPES

__all__ = ["DESCRIPTIONS", "TASK_TYPES", "Description", "UnknownTaskType", "input_fields", "metric_title", "metrics"]

_METRIC_TITLES = {
    "accuracy": "Accuracy",
    "macro_f1": "Macro F1",
    "micro_f1": "Micro F1",
    "compat_f1": "F1 as in Kang et al. (2023)",
}
_OWN_TITLES = {
    ("multi_label_classification", "accuracy"): "Accuracy of whole sets",
    ("entity_extraction", "accuracy"): "Accuracy of whole texts",
    ("entity_extraction", "micro_f1"): "Span F1",
    ("entity_extraction", "macro_f1"): "Span F1, mean over labels",
}


class UnknownTaskType(Refusal):
    """No task type has this name."""


@dataclass(frozen=True, kw_only=True)
class Description:
    """What a task type asks of a person, and how its labels are written in a file."""

    asks: str
    in_a_file: str


DESCRIPTIONS = {
    "text_classification": Description(
        asks="Each text gets one of the labels.",
        in_a_file="the label itself",
    ),
    "pair_classification": Description(
        asks="Two texts, as a claim and its evidence, get one of the labels for their relation.",
        in_a_file="the label itself",
    ),
    "multi_label_classification": Description(
        asks="Each text gets all labels that apply; it may be none.",
        in_a_file='a JSON list, ["a", "b"], or labels with a | or ; between; [] where none applies',
    ),
    "entity_extraction": Description(
        asks="Parts of each text are marked, and each part gets one of the labels. Parts do not overlap.",
        in_a_file='a JSON list of spans, [{"start": 4, "end": 8, "label": "a"}], which count the text\'s characters '
        "from 0, the end exclusive; [] where there is none",
    ),
}


def input_fields(task_type: str) -> tuple[str, ...]:
    if task_type not in TASK_TYPES:
        raise UnknownTaskType(f"{task_type!r} is not one of {', '.join(TASK_TYPES)}.", field="task_type")
    return tuple(TASK_TYPES[task_type].input_fields)


def metrics(task_type: str) -> tuple[str, ...]:
    """List the metrics that a kind of problem can be measured by, the usual one first."""
    input_fields(task_type)
    return tuple(TASK_TYPES[task_type].metrics)


def metric_title(*, task_type: str, metric: str) -> str:
    return _OWN_TITLES.get((task_type, metric)) or _METRIC_TITLES.get(metric, metric)
