"""How well a trained model tells each class, what it confuses, and where it does worst."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from heapq import nsmallest
from pathlib import Path as FilePath

from config.refusals import Refusal
from reports.quality.grading import GradedAnswers, GradedRow
from reports.quality.slices import SliceCounts, WorstSlices
from runs.models import Artifact
from runs.results import ClassCounts, ClassScore, Interval, measured_split
from studies.models import Split, Study

# A matrix of more classes fits on no page.
MOST_IN_MATRIX = 15
MOST_PAIRS = 20
MOST_CLASSES = 100
MOST_LOWEST = 25
NO_ANSWER = "no answer"


class NoAnswers(Refusal):
    """A model's answers cannot be shown; the message says why and what to do."""


@dataclass(frozen=True, kw_only=True)
class NamedScore:
    label: str
    score: ClassScore


@dataclass(frozen=True, kw_only=True)
class Confusion:
    """How often a class was taken for another, None for no label; `share` of the gold class, None where it is none."""

    gold: str | None
    predicted: str | None
    count: int
    share: float | None

    @property
    def is_right(self) -> bool:
        return self.gold == self.predicted


@dataclass(frozen=True, kw_only=True)
class MatrixRow:
    gold: str | None
    cells: Sequence[Confusion]


@dataclass(frozen=True, kw_only=True)
class ConfusionMatrix:
    predicted: Sequence[str | None]
    rows: Sequence[MatrixRow]


@dataclass(frozen=True, kw_only=True)
class StudentQuality:
    """What the saved model answered on a split. `overall` is its score there, over this model's examples only.

    `confusions` are all that occurred, right answers too, the most frequent first; None where a place of an example may
    have several labels, so that no label stands for another. `lowest` are the written answers with the lowest scores.
    """

    study: Study
    split: Split
    num_examples: int
    num_unreadable: int
    is_cut: bool
    overall: Interval | None
    classes: Sequence[NamedScore]
    confusions: Sequence[Confusion] | None
    worst: WorstSlices
    lowest: Sequence[GradedRow] = ()

    @property
    def shown_classes(self) -> Sequence[NamedScore]:
        """The classes in the study's order, or of too many those with the lowest F1 first."""
        if len(self.classes) <= MOST_CLASSES:
            return self.classes
        known = [one for one in self.classes if one.score.f1 is not None]
        return sorted(known, key=lambda one: one.score.f1.value if one.score.f1 else 0.0)[:MOST_CLASSES]

    @property
    def pairs(self) -> Sequence[Confusion]:
        """The most frequent confusions of a class with another."""
        return [one for one in self.confusions or () if not one.is_right][:MOST_PAIRS]

    @property
    def matrix(self) -> ConfusionMatrix | None:
        """The confusions as a matrix, where the study has few enough labels."""
        if self.confusions is None or len(self.study.labels) > MOST_IN_MATRIX:
            return None
        found = {(one.gold, one.predicted): one for one in self.confusions}
        labels: list[str | None] = self.study.labels
        golds, columns = ([*labels, *({None} & {pair[side] for pair in found})] for side in (0, 1))
        rows = [
            MatrixRow(gold=gold, cells=[found.get((gold, one)) or _never(gold, one) for one in columns])
            for gold in golds
        ]
        return ConfusionMatrix(predicted=columns, rows=rows)

    @property
    def nothing(self) -> str:
        """What stands in the place of a label where there is none."""
        return self.study.definition.nothing or NO_ANSWER


def quality_of(artifact: Artifact) -> StudentQuality:
    """Count a saved model's answers in one pass. Raises: NoAnswers."""
    study, split = artifact.run.study, measured_split(artifact)
    answers = GradedAnswers(artifact)
    counts = ClassCounts(is_exclusive=study.definition.is_exclusive)
    slices = SliceCounts(study=study, split=split)
    num_examples = 0
    try:
        for row in answers:
            counts.add(gold=row.gold, predicted=row.predicted)
            slices.add(row)
            num_examples += 1
    except OSError as error:
        raise NoAnswers(
            f"The answers of {artifact} cannot be read: {FilePath(error.filename).name} in its folder "
            f"({error.strerror}). Restore the file from a backup, or train again."
        ) from None
    if not num_examples:
        raise NoAnswers(f"The file of answers of {artifact} has no example that can be read. Train it again.")
    return StudentQuality(
        study=study,
        split=split,
        num_examples=num_examples,
        num_unreadable=answers.num_unreadable,
        is_cut=answers.is_cut,
        overall=slices.overall(),
        classes=named_scores(study, counts),
        confusions=_confusions(study, counts) if study.definition.is_exclusive else None,
        worst=slices.worst(),
        lowest=[] if study.definition.has_labels else _lowest(answers),
    )


def _lowest(answers: GradedAnswers) -> list[GradedRow]:
    return nsmallest(MOST_LOWEST, (row for row in answers if row.score < 1), key=lambda row: row.score)


def named_scores(study: Study, counts: ClassCounts) -> list[NamedScore]:
    scores = counts.scores(num_classes=len(study.labels))
    return [NamedScore(label=label, score=score) for label, score in zip(study.labels, scores, strict=True)]


def _confusions(study: Study, counts: ClassCounts) -> list[Confusion]:
    num_gold = Counter[int | None]()
    for (gold, _), count in counts.confused.items():
        num_gold[gold] += count
    named: dict[int | None, str | None] = {None: None, **dict(enumerate(study.labels))}
    return [
        Confusion(
            gold=named[gold],
            predicted=named[predicted],
            count=count,
            share=None if gold is None else count / num_gold[gold],
        )
        for (gold, predicted), count in counts.confused.most_common()
    ]


def _never(gold: str | None, predicted: str | None) -> Confusion:
    return Confusion(gold=gold, predicted=predicted, count=0, share=0.0)
