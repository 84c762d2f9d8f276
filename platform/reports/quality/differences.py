"""The examples that one of two models answers rightly and the other does not, or better than the other."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

from reports.quality.grading import AnswerReader
from runs.models import Artifact
from runs.results import AnsweredRow, AnswerFile

Side = Literal["first", "second"]


@dataclass(frozen=True, kw_only=True)
class DifferingRow:
    """An example with both answers, None where a model gave none; `right` says which of them is right, or better."""

    uid: str
    gold: str
    first: str | None
    second: str | None
    right: Side


@dataclass(frozen=True, kw_only=True)
class Differing:
    """The largest differences first, else in the second model's order; both answered `num_examples` with equal gold."""

    rows: Sequence[DifferingRow]
    num_examples: int

    def of(self, side: str) -> list[DifferingRow]:
        """The rows that one side has right; all where no side is named."""
        return [row for row in self.rows if row.right == side or side not in ("first", "second")]


def differing(*, first: Artifact, second: Artifact) -> Differing:
    """Find the examples that one of two saved models has right and the other has not. Raises: OSError."""
    reader = AnswerReader(study=first.run.study)
    pairs = list(_pairs(first, second, reader))
    gains = [reader.score(one) - reader.score(other) for one, other in pairs]
    found = sorted(zip(gains, pairs, strict=True), key=lambda one: -abs(one[0]))
    rows = [_differing(*pair, side="first" if gain > 0 else "second") for gain, pair in found if gain]
    return Differing(rows=rows, num_examples=len(pairs))


def _pairs(first: Artifact, second: Artifact, reader: AnswerReader) -> Iterator[tuple[AnsweredRow, AnsweredRow]]:
    """Yield the examples that both answered, as far as they can be read, with the same gold label."""
    answers = {row.uid: row for row in AnswerFile(first)}
    for row in AnswerFile(second):
        one = answers.get(row.uid)
        if one is None or one.gold != row.gold:
            continue
        if all(reader.items(answer) is not None for answer in (row.gold, one.predicted, row.predicted)):
            yield one, row


def _differing(first: AnsweredRow, second: AnsweredRow, *, side: Side) -> DifferingRow:
    return DifferingRow(uid=first.uid, gold=first.gold, first=first.predicted, second=second.predicted, right=side)
