"""What the annotate path's last step of labels did for each class, over seeds."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import islice, pairwise

import numpy as np

from budgets.models import Path
from reports.points import Point
from reports.quality.grading import AnswerReader
from reports.quality.learning import CurveStudent, LearningCurves
from reports.quality.slices import FEWEST_EXAMPLES
from runs.results import AnswerFile, ClassAnswers, Difference, Item, class_differences, seed_answers

# More examples than these make a page wait, and an interval hardly narrower.
MOST_EXAMPLES = 10_000
_NUM_RESAMPLES = 200
_ERROR = 0.05


@dataclass(frozen=True, kw_only=True)
class ClassStep:
    """What one step of labels did for the F1 of a class: the difference (-1 to 1), and the class's own new labels."""

    label: str
    num_more: int
    difference: Difference

    @property
    def is_clear(self) -> bool:
        return self.difference.low > 0 or self.difference.high < 0


@dataclass(frozen=True, kw_only=True)
class LastStep:
    """The step to the most labels, between two trainings of several seeds each, on examples that all answered.

    `confidence` is that of each class's interval: stricter with more classes, so that all hold together with 95 %.
    """

    before: Point
    after: Point
    num_examples: int
    confidence: float
    classes: Sequence[ClassStep]

    @property
    def risen(self) -> list[ClassStep]:
        """The classes that surely rose, the one that rose most first."""
        found = [one for one in self.classes if one.difference.low > 0]
        return sorted(found, key=lambda one: -one.difference.value)

    @property
    def fallen(self) -> list[ClassStep]:
        return [one for one in self.classes if one.difference.high < 0]

    @property
    def num_unclear(self) -> int:
        return sum(not one.is_clear for one in self.classes)


def last_step(curves: LearningCurves) -> LastStep | None:
    """Compare the two annotated students of the most labels; None where no two have several seeds each."""
    if not curves.labels:
        return None
    several = (one for one in curves.students if one.point.path == Path.ANNOTATE and one.point.num_seeds > 1)
    for before, after in reversed(list(pairwise(several))):
        found = _Pair(curves=curves, before=before, after=after)
        if len(found.uids) >= FEWEST_EXAMPLES:
            return found.step()
    return None


@dataclass(frozen=True, kw_only=True)
class _Pair:
    """Two students of different numbers of labels, and what all their seeds answered."""

    curves: LearningCurves
    before: CurveStudent
    after: CurveStudent

    @cached_property
    def uids(self) -> list[str]:
        """The examples that all seeds of both answered, with the same gold label; none where either has one seed."""
        if min(map(len, self._seeds)) < 2:
            return []
        golds = {row.uid: row.gold for row in AnswerFile(self.before.artifact)}
        known = set.intersection(*(set(seed) for seeds in self._seeds for seed in seeds))
        shared = (uid for uid, gold in self._golds.items() if uid in known and golds.get(uid) == gold)
        return list(islice(shared, MOST_EXAMPLES))

    def step(self) -> LastStep:
        first, second = ([self._items(seed) for seed in seeds] for seeds in self._seeds)
        places = self.curves.places
        confidence = 1 - _ERROR / len(places)
        differences = class_differences(
            answers=ClassAnswers(gold=self._items(self._golds), first=first, second=second),
            num_classes=len(places),
            confidence=confidence,
            num_resamples=_NUM_RESAMPLES,
            rng=np.random.default_rng(self.curves.study.seed),
        )
        return LastStep(
            before=self.before.point,
            after=self.after.point,
            num_examples=len(self.uids),
            confidence=confidence,
            classes=[
                ClassStep(
                    label=label,
                    num_more=self.after.taught[place] - self.before.taught[place],
                    difference=difference,
                )
                for (label, place), difference in zip(places.items(), differences, strict=True)
            ],
        )

    @cached_property
    def _golds(self) -> dict[str, str]:
        return {
            row.uid: row.gold for row in AnswerFile(self.after.artifact) if self._reader.items(row.gold) is not None
        }

    @cached_property
    def _seeds(self) -> tuple[list[dict[str, str | None]], list[dict[str, str | None]]]:
        """The answers of each seed of the student of more labels, and of the other."""
        return _seed_answers(self.after), _seed_answers(self.before)

    @cached_property
    def _reader(self) -> AnswerReader:
        return AnswerReader(study=self.curves.study)

    def _items(self, answers: dict[str, str] | dict[str, str | None]) -> list[frozenset[Item]]:
        """What the shared examples' answers consist of, of the shown classes; an answer that cannot be read is none."""
        return [frozenset(self._of_shown(self._reader.items(answers[uid]) or frozenset())) for uid in self.uids]

    def _of_shown(self, items: frozenset[Item]) -> Iterator[Item]:
        """Keep the items of the shown classes, numbered by their place among these."""
        return ((self._numbers[item[0]], *item[1:]) for item in items if item[0] in self._numbers)

    @cached_property
    def _numbers(self) -> dict[int, int]:
        return {place: number for number, place in enumerate(self.curves.places.values())}


def _seed_answers(student: CurveStudent) -> list[dict[str, str | None]]:
    try:
        return seed_answers(student.artifact)
    except OSError:
        return []
