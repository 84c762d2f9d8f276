"""A model's answers beside the gold ones, as its task type counts them."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

from runs.models import Artifact
from runs.results import AnsweredRow, AnswerFile, Item
from studies.models import Study

# A page reads so many examples of a model.
MOST_ROWS = 200_000


@dataclass(frozen=True, kw_only=True)
class GradedRow:
    """One example: what its gold and its predicted answer consist of, and how right it is, 0 to 1."""

    answered: AnsweredRow
    gold: frozenset[Item]
    predicted: frozenset[Item]
    score: float


class GradedAnswers:
    """The graded answers of an artifact's first examples, read anew by each pass; the counts are the last one's."""

    def __init__(self, artifact: Artifact) -> None:
        self._file = AnswerFile(artifact, most_rows=MOST_ROWS)
        self._reader = AnswerReader(study=artifact.run.study)
        self._num_unknown = 0

    def __iter__(self) -> Iterator[GradedRow]:
        """Yield each example that can be read and graded. Raises: OSError."""
        self._num_unknown = 0
        for row in self._file:
            gold, predicted = self._reader.items(row.gold), self._reader.items(row.predicted)
            if gold is None or predicted is None:
                self._num_unknown += 1
                continue
            yield GradedRow(answered=row, gold=gold, predicted=predicted, score=self._reader.score(row))

    @property
    def num_unreadable(self) -> int:
        """Lines that are no answer, and answers that are none of the study's."""
        return self._file.num_unreadable + self._num_unknown

    @property
    def is_cut(self) -> bool:
        return self._file.is_cut


@dataclass(frozen=True, kw_only=True)
class AnswerReader:
    """Takes the answers of a study apart."""

    study: Study

    def items(self, answer: str | None) -> frozenset[Item] | None:
        """Return what an answer consists of, nothing of none; None where it is no answer of the study."""
        if answer is None:
            return frozenset()
        try:
            return self.study.definition.items(answer=answer, place=self._place)
        except (AttributeError, KeyError, TypeError, ValueError):
            return None

    def score(self, row: AnsweredRow) -> float:
        """Say how right an answer that `items` reads is, 0 to 1."""
        return self.study.definition.example_score(gold=row.gold, predicted=row.predicted)

    @cached_property
    def _place(self) -> dict[str, int]:
        return {label: place for place, label in enumerate(self.study.labels)}
