"""The rows of a request: counted for a quote, fixed as snapshots for a start."""

from dataclasses import dataclass
from functools import cached_property
from typing import Any

from django.db.models import F, QuerySet

from budgets.models import Path
from config.refusals import Refusal
from runs.models import RunKind
from runs.requests.plan import RunPlan
from runs.run_kinds import RUN_KINDS
from studies.models import Example, Label, Snapshot, SnapshotItem, Split, Study
from studies.queries import gold, labelled
from studies.snapshots import MOST_POOL, check_pool, take_measured, take_pool, take_snapshot, take_unlabelled

MOST_EXAMPLES = 10_000_000


class NothingToMeasure(Refusal):
    """The test split has no labelled example, so that no utility could be measured."""


@dataclass(frozen=True, kw_only=True)
class RunRequest:
    """What a person asks for: a student of a study, on a path.

    `num_labels` are the first of the pool in rank order, None for all and 0 for none; `num_unlabelled` the pool
    examples outside them that a teacher scores.
    """

    study: Study
    path: Path
    plan: RunPlan
    num_labels: int | None = None
    num_unlabelled: int = 0

    def __post_init__(self) -> None:
        _check_count("num_labels", self.num_labels, least=0)
        _check_count("num_unlabelled", self.num_unlabelled or None)

    @property
    def is_gold(self) -> bool:
        """Whether labels of a language model count as none: always on the distil path, where a teacher learns."""
        return self.path == Path.DISTIL or self.plan.gold_only

    @property
    def num_to_score(self) -> int:
        return self.num_unlabelled if self.path == Path.DISTIL and not self.plan.teacher_only else 0


@dataclass(frozen=True, kw_only=True)
class Inputs:
    """How many rows a request has, and the labels that it trains on as they are now.

    `num_pool` are the texts of the pool that recipes for few labels start from. With `is_gold`, labels that a language
    model gave count as none.
    """

    study: Study
    num_labels: int
    num_unlabelled: int
    num_dev: int
    num_test: int
    num_pool: int = 0
    is_gold: bool = False

    @property
    def num_measured(self) -> int:
        return self.num_dev + self.num_test

    @cached_property
    def answers(self) -> list[str]:
        """The labels of the training rows; fewer than `num_labels` where more are requested than there are."""
        return list(self._training_rows().values_list("answer", flat=True))

    @property
    def num_by_model(self) -> int:
        """How many of the labels to train on a language model gave."""
        if self.is_gold:
            return 0
        rows = labelled(self.study, Split.POOL)[: self.num_labels]
        return Label.objects.filter(example__in=rows.values("pk"), source=Label.Source.LANGUAGE_MODEL).count()

    def training_rows(self, most: int) -> list[tuple[dict[str, str], str]]:
        """Fields and answers of the first training rows."""
        return list(self._training_rows().values_list("input", "answer")[:most])

    def _training_rows(self) -> QuerySet[Any]:
        rows = _labelled_pool(self.study, is_gold=self.is_gold)
        rows = rows.annotate(input=F("fields"), answer=F("label__value"))
        return rows[: self.num_labels]


@dataclass(frozen=True, kw_only=True)
class FixedInputs(Inputs):
    """The rows of a request, fixed when it was made: later labels and imports change nothing about them."""

    snapshot: Snapshot | None
    dev: Snapshot | None
    test: Snapshot
    unlabelled: Snapshot | None
    pool: Snapshot | None = None

    def unlabelled_of(self, kind: RunKind) -> Snapshot | None:
        """The unlabelled examples that a run of a kind reads."""
        return self.unlabelled if RUN_KINDS[kind].reads_unlabelled else None

    def _training_rows(self) -> QuerySet[Any]:
        items = self.snapshot.items if self.snapshot else SnapshotItem.objects.none()
        return items.order_by("pk").annotate(input=F("example__fields"), answer=F("value"))


def count_inputs(request: RunRequest) -> Inputs:
    """Count what a request would train on, choose by, be measured on and score, without fixing anything."""
    study, num_labels = request.study, request.num_labels
    return Inputs(
        study=study,
        num_labels=_labelled_pool(study, is_gold=request.is_gold).count() if num_labels is None else num_labels,
        num_unlabelled=request.num_to_score,
        num_dev=labelled(study, Split.DEV).count(),
        num_test=labelled(study, Split.TEST).count(),
        num_pool=min(study.examples.filter(split=Split.POOL).count(), MOST_POOL),
        is_gold=request.is_gold,
    )


def fix_inputs(request: RunRequest) -> FixedInputs:
    """Fix what a request trains on, chooses by, is measured on and scores.

    Raises: NotEnoughLabels; NothingToMeasure; NotEnoughExamples; Refusal (num_unlabelled of a distillation).
    """
    study = request.study
    if request.path == Path.DISTIL and not request.plan.teacher_only:
        _check_count("num_unlabelled", request.num_unlabelled)
    check_test(study)
    dev, test = (take_measured(study=study, split=split) for split in (Split.DEV, Split.TEST))
    assert test is not None
    snapshot = _take_labels(request)
    pool = take_pool(study=study) if request.plan.reads_pool else None
    num_to_score, unlabelled = request.num_to_score, None
    if num_to_score:
        unlabelled = take_unlabelled(study=study, besides=snapshot, num_examples=num_to_score)
    return FixedInputs(
        study=study,
        num_labels=snapshot.num_examples if snapshot else 0,
        num_unlabelled=num_to_score,
        num_dev=dev.num_examples if dev else 0,
        num_test=test.num_examples,
        num_pool=pool.num_examples if pool else 0,
        is_gold=request.is_gold,
        snapshot=snapshot,
        dev=dev,
        test=test,
        unlabelled=unlabelled,
        pool=pool,
    )


def _take_labels(request: RunRequest) -> Snapshot | None:
    """Fix the labels; None for none, which the preflight refuses where a run needs some."""
    study, wanted = request.study, request.num_labels
    if wanted == 0 or (wanted is None and not _labelled_pool(study, is_gold=request.is_gold).exists()):
        return None
    return take_snapshot(study=study, num_labels=wanted, is_gold=request.is_gold)


def _labelled_pool(study: Study, *, is_gold: bool) -> QuerySet[Example]:
    return gold(study, Split.POOL) if is_gold else labelled(study, Split.POOL)


def check_test(study: Study) -> None:
    """Raise NothingToMeasure unless the test split has a labelled example."""
    if not labelled(study, Split.TEST).exists():
        raise NothingToMeasure(
            f"The test split of “{study}” has no labelled example, so nothing could be measured. "
            "Import labelled test rows, or publish the test split for labelling first."
        )


def check_unlabelled(*, study: Study, num_labels: int, num_unlabelled: int) -> None:
    """Raise NotEnoughExamples unless the pool has that many examples besides its first labels."""
    num_available = max(0, study.examples.filter(split=Split.POOL).count() - num_labels)
    check_pool(study=study, num_available=num_available, num_labels=num_labels, num_unlabelled=num_unlabelled)


def _check_count(field: str, count: int | None, *, least: int = 1) -> None:
    if count is not None and not least <= count <= MOST_EXAMPLES:
        raise Refusal(f"{count} is not between {least} and {MOST_EXAMPLES:,}.", field=field)
