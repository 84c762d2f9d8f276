"""The examples that one of two models answers rightly and the other does not."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

from reports.quality.grading import AnswerReader
from runs.models import Artifact
from runs.results import AnsweredRow, AnswerFile

Side = Literal["first", "second"]


@dataclass(frozen=True, kw_only=True)
class DifferingRow:
    """An example with both answers, None where a model gave none; `right` says which of them is right."""

    uid: str
    gold: str
    first: str | None
    second: str | None
    right: Side


@dataclass(frozen=True, kw_only=True)
class Differing:
    """In the order of the second model's examples; both answered `num_examples` with the same gold label."""

    rows: Sequence[DifferingRow]
    num_examples: int

    def of(self, side: str) -> list[DifferingRow]:
        """The rows that one side has right; all where no side is named."""
        return [row for row in self.rows if row.right == side or side not in ("first", "second")]


def differing(*, first: Artifact, second: Artifact) -> Differing:
    """Find the examples that one of two saved models has right and the other has not. Raises: OSError."""
    pairs = list(_pairs(first, second))
    rows = [_differing(one, other) for one, other in pairs]
    return Differing(rows=[row for row in rows if row is not None], num_examples=len(pairs))


def _pairs(first: Artifact, second: Artifact) -> Iterator[tuple[AnsweredRow, AnsweredRow]]:
    """Yield the examples that both answered, as far as they can be read, with the same gold label."""
    reader = AnswerReader(study=first.run.study)
    answers = {row.uid: row for row in AnswerFile(first)}
    for row in AnswerFile(second):
        one = answers.get(row.uid)
        if one is None or one.gold != row.gold:
            continue
        if all(reader.items(answer) is not None for answer in (row.gold, one.predicted, row.predicted)):
            yield one, row


def _differing(first: AnsweredRow, second: AnsweredRow) -> DifferingRow | None:
    is_first, is_second = first.predicted == first.gold, second.predicted == second.gold
    if is_first == is_second:
        return None
    return DifferingRow(
        uid=first.uid,
        gold=first.gold,
        first=first.predicted,
        second=second.predicted,
        right="first" if is_first else "second",
    )
