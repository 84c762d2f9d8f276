"""A model's answer to one example, as its page shows it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from runs.results import ModelAnswer
from studies.models import Study
from studies.task_types import LabelledSpan

MOST_SHARES = 10


@dataclass(frozen=True, kw_only=True)
class ShownAnswer:
    """`labels` of the whole, or `pieces` of the text with their labels; `shares` per label, the likeliest first."""

    is_answer: bool
    labels: Sequence[str]
    pieces: Sequence[LabelledSpan]
    shares: Sequence[tuple[str, float]]
    num_more: int
    seconds: float
    was_loaded: bool = False


def shown(*, study: Study, texts: Mapping[str, str], answer: ModelAnswer) -> ShownAnswer:
    known = [(label, share) for label, share in answer.probabilities.items() if share is not None]
    ranked = sorted(known, key=lambda pair: -pair[1])
    value, definition = answer.predicted, study.definition
    pieces = [] if value is None else definition.marked(answer=value, fields=texts)
    parts = [] if value is None or pieces else definition.parts(answer=value, fields=texts)
    return ShownAnswer(
        is_answer=value is not None,
        labels=[part.label for part in parts],
        pieces=pieces,
        shares=ranked[:MOST_SHARES],
        num_more=max(len(ranked) - MOST_SHARES, 0),
        seconds=answer.seconds,
        was_loaded=answer.was_loaded,
    )
