"""How one answer of a language model is scored against a person's, where a mean of such scores says something."""

from collections.abc import Callable
from dataclasses import dataclass

from studies.models import Study
from studies.task_types import MEASURED_BY, metric_title


@dataclass(frozen=True, kw_only=True)
class Measure:
    """A score of single answers, 0 to 1, from a person's answer and the model's; without one, `fault` says why."""

    title: str
    score: Callable[[str, str], float] | None = None
    note: str = ""
    fault: str = ""


def measure_of(study: Study) -> Measure:
    """What an audit of a study estimates: whether answers are right, or the study's metric where it is a mean."""
    definition, metric = study.definition, study.metric
    named = metric_title(task_type=study.task_type, metric=metric)
    if definition.unit == "word" and metric != "accuracy":
        return Measure(
            title="F1 of spans, mean over texts",
            score=definition.agreement,
            note=f"{named}, by which students are measured, counts the spans of all texts together; this is the mean "
            "of the F1 of single texts.",
        )
    if definition.has_labels:
        what = "texts" if definition.unit == "word" else "labels"
        return Measure(title=f"Right of all its {what}", score=_is_equal)
    if metric in definition.metrics_of_examples:
        return Measure(
            title=f"{named} of all its answers",
            score=lambda gold, given: definition.score_of_example(metric=metric, gold=gold, predicted=given),
        )
    if metric in MEASURED_BY:
        fault = f"{named} is measured by {MEASURED_BY[metric]}, and no web process loads a checkpoint."
        return Measure(title=named, fault=f"{fault} Train a student on them and measure it.")
    return Measure(
        title=named,
        fault=f"{named} is a figure of all texts together and no mean over them, so that people's answers to a part of "
        "them do not correct it. Train a student on them and measure it.",
    )


def _is_equal(gold: str, given: str) -> float:
    return float(gold == given)
