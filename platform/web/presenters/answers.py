"""A model's answer to one example, as its page shows it."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from runs.results import ModelAnswer
from studies.answers import FORMS
from studies.models import Study
from studies.task_types import TASK_TYPES

MOST_SHARES = 10


@dataclass(frozen=True, kw_only=True)
class TextSegment:
    """A stretch of the text; `label` is empty where it is part of no entity."""

    text: str
    label: str = ""


@dataclass(frozen=True, kw_only=True)
class ShownAnswer:
    """`labels` that were given, or `pieces` of the text with its entities; `shares` per label, the likeliest first."""

    is_answer: bool
    labels: Sequence[str]
    pieces: Sequence[TextSegment]
    shares: Sequence[tuple[str, float]]
    num_more: int
    seconds: float
    was_loaded: bool = False


def shown(*, study: Study, texts: Mapping[str, str], answer: ModelAnswer) -> ShownAnswer:
    """Read an answer in the form of the study's task type."""
    known = [(label, share) for label, share in answer.probabilities.items() if share is not None]
    ranked = sorted(known, key=lambda pair: -pair[1])
    is_marked, form = TASK_TYPES[study.task_type].unit == "word", FORMS[study.task_type]
    said = answer.predicted
    return ShownAnswer(
        is_answer=said is not None,
        labels=[] if said is None or is_marked else [part.label for part in form.parts(value=said, fields=texts)],
        pieces=[] if said is None or not is_marked else _pieces(texts["text"], said),
        shares=ranked[:MOST_SHARES],
        num_more=max(len(ranked) - MOST_SHARES, 0),
        seconds=answer.seconds,
        was_loaded=answer.was_loaded,
    )


def _pieces(text: str, said: str) -> list[TextSegment]:
    pieces, place = [], 0
    for span in sorted(json.loads(said), key=lambda span: span["start"]):
        pieces += [TextSegment(text=text[place : span["start"]])] if span["start"] > place else []
        pieces.append(TextSegment(text=text[span["start"] : span["end"]], label=span["label"]))
        place = span["end"]
    return [*pieces, TextSegment(text=text[place:])] if place < len(text) else pieces
