"""Models' answers to examples, as pages show them."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from reports.quality import DifferingRow, GradedRow
from runs.results import ModelAnswer
from studies.models import Example, Study
from studies.task_types import LabelledSpan, TaskType

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


@dataclass(frozen=True, kw_only=True)
class ShownDifference:
    """An example that one of two models has right: its texts, none where it is gone, and answers in a line each."""

    texts: Sequence[str]
    gold: str
    first: str
    second: str
    is_first_right: bool


def shown_differences(*, study: Study, rows: Sequence[DifferingRow], no_answer: str) -> list[ShownDifference]:
    """Put the texts of a page's examples beside their answers."""
    fields = _fields_of(study, [row.uid for row in rows])
    return [_shown_difference(study, row, fields.get(row.uid), no_answer) for row in rows]


@dataclass(frozen=True, kw_only=True)
class ShownScore:
    """An example with its gold and its predicted answer, and how right that is, 0 to 1; no texts where it is gone."""

    texts: Sequence[str]
    gold: str
    predicted: str
    score: float


def shown_scores(*, study: Study, rows: Sequence[GradedRow], no_answer: str) -> list[ShownScore]:
    """Put the texts of examples beside what a model answered to them."""
    fields, definition = _fields_of(study, [row.answered.uid for row in rows]), study.definition
    found = []
    for row in rows:
        texts = fields.get(row.answered.uid)
        gold, predicted = (
            _in_a_line(definition, answer, texts or _nothing(definition), no_answer)
            for answer in (row.answered.gold, row.answered.predicted)
        )
        found.append(ShownScore(texts=_texts(definition, texts), gold=gold, predicted=predicted, score=row.score))
    return found


def _fields_of(study: Study, uids: Sequence[str]) -> dict[str, Mapping[str, str]]:
    found = Example.objects.filter(study=study, uid__in=_uuids(uids)).values_list("uid", "fields")
    return {str(uid): fields for uid, fields in found}


def _in_a_line(definition: TaskType, answer: str | None, fields: Mapping[str, str], no_answer: str) -> str:
    if answer is None:
        return no_answer
    if definition.has_labels:
        return definition.one_line(answer=answer, fields=fields)
    return " | ".join(map(str, definition.parts(answer=answer, fields=fields)))


def _nothing(definition: TaskType) -> dict[str, str]:
    return dict.fromkeys(definition.input_fields, "")


def _texts(definition: TaskType, fields: Mapping[str, str] | None) -> list[str]:
    return [fields[name] for name in definition.input_fields if fields[name]] if fields else []


def _shown_difference(
    study: Study, row: DifferingRow, fields: Mapping[str, str] | None, no_answer: str
) -> ShownDifference:
    definition = study.definition
    texts = fields or _nothing(definition)
    gold, first, second = (
        _in_a_line(definition, answer, texts, no_answer) for answer in (row.gold, row.first, row.second)
    )
    return ShownDifference(
        texts=_texts(definition, fields),
        gold=gold,
        first=first,
        second=second,
        is_first_right=row.right == "first",
    )


def _uuids(uids: Iterable[str]) -> list[UUID]:
    """Read ids of examples; a text that is none names no example."""
    found = []
    for uid in uids:
        try:
            found.append(UUID(uid))
        except ValueError:
            continue
    return found
