"""Models' answers to examples, as pages show them."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from reports.quality import DifferingRow
from runs.results import ModelAnswer
from studies.models import Example, Study
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


@dataclass(frozen=True, kw_only=True)
class ShownDifference:
    """An example that one of two models has right: its texts, none where it is gone, and answers in one line each."""

    texts: Sequence[str]
    gold: str
    first: str
    second: str
    is_first_right: bool


def shown_differences(*, study: Study, rows: Sequence[DifferingRow], no_answer: str) -> list[ShownDifference]:
    """Put the texts of a page's examples beside their answers."""
    found = Example.objects.filter(study=study, uid__in=_uuids(row.uid for row in rows)).values_list("uid", "fields")
    fields = {str(uid): texts for uid, texts in found}
    return [_shown_difference(study, row, fields.get(row.uid), no_answer) for row in rows]


def _shown_difference(
    study: Study, row: DifferingRow, fields: Mapping[str, str] | None, no_answer: str
) -> ShownDifference:
    definition = study.definition
    texts = fields or dict.fromkeys(definition.input_fields, "")
    gold, first, second = (
        no_answer if answer is None else definition.one_line(answer=answer, fields=texts)
        for answer in (row.gold, row.first, row.second)
    )
    return ShownDifference(
        texts=[texts[name] for name in definition.input_fields] if fields else [],
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
