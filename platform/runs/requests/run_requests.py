"""What a run is asked to do, and the key that makes two equal requests one run."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from budgets.models import Path
from config.refusals import Refusal
from runs.models import ExampleList, Run, RunKind
from studies.hashing import list_hash
from studies.models import Example, Snapshot, Split, Study
from studies.queries import labelled
from studies.snapshots import take_snapshot

MOST_EXAMPLES = 10_000_000


class NothingToMeasure(Refusal):
    """The test split has no labelled example, so that no utility could be measured."""


class NotEnoughExamples(Refusal):
    """The pool has fewer examples outside the snapshot than the teacher was asked to score."""


@dataclass(frozen=True, kw_only=True)
class Inputs:
    """The rows of a run or a chain, fixed at the time of asking."""

    snapshot: Snapshot
    dev: ExampleList | None
    test: ExampleList
    unlabelled: ExampleList | None = None


@dataclass(frozen=True, kw_only=True)
class Asked:
    """What a run's spec says of its model and settings, in the trainer's words; `model` None for a teacher's pass."""

    model: dict[str, Any] | None
    training: dict[str, Any]
    search: dict[str, Any] = field(default_factory=dict)
    distillation: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class RunRequest:
    """One run of a chain; `parents` end before it starts."""

    study: Study
    kind: RunKind
    path: Path
    inputs: Inputs
    asked: Asked
    seed: int
    device: str
    max_seconds: int
    go_on: bool = False
    parents: Sequence[Run] = ()

    @property
    def request_key(self) -> str:
        """Hash of all that decides the result. The time limit does not: it only decides when there is one."""
        model, training = self.asked.model or {}, self.asked.training
        lists = (self.inputs.snapshot, self.inputs.dev, self.inputs.test, self.inputs.unlabelled)
        return list_hash(
            [
                (self.kind, self.study.task_type, self.study.labels, self.study.metric),
                tuple(rows.content_hash if rows else None for rows in lists),
                # The database keeps no order of keys, so a loaded model reference may have another than a fresh one.
                (sorted(model.items()), sorted(training.items()), self.seed, self.device),
                tuple(sorted(parent.request_key for parent in self.parents)),
                *self._further(),
            ]
        )

    def _further(self) -> list[tuple[object, ...]]:
        """What decides the result since keys were first made: nothing where it is as it was then."""
        parts = {
            "search": self.asked.search,
            "distillation": self.asked.distillation,
            # A teacher that scores is calibrated on dev, where there is one.
            "calibration": {"on": "dev"} if self.kind == RunKind.SCORE and self.inputs.dev else {},
        }
        return [(name, sorted(part.items())) for name, part in parts.items() if part]


def fix_inputs(*, study: Study, num_labels: int | None, num_unlabelled: int = 0) -> Inputs:
    """Fix what a run trains on, chooses by and is measured on.

    Raises: NotEnoughLabels; NothingToMeasure; NotEnoughExamples.
    """
    check_test(study)
    test = _labelled_list(study, Split.TEST)
    assert test is not None
    snapshot = take_snapshot(study=study, num_labels=num_labels)
    unlabelled = _unlabelled_list(study, snapshot, num_unlabelled) if num_unlabelled else None
    return Inputs(snapshot=snapshot, dev=_labelled_list(study, Split.DEV), test=test, unlabelled=unlabelled)


def _labelled_list(study: Study, split: Split) -> ExampleList | None:
    rows = list(labelled(study, split).values_list("pk", "uid", "label__value"))
    return _fixed(study, rows) if rows else None


def _unlabelled_list(study: Study, snapshot: Snapshot, num_unlabelled: int) -> ExampleList:
    """The first pool examples outside the snapshot, by rank, whether somebody labelled them since or not.

    A label nobody trains on costs this run nothing, and so the same request stays the same while labelling continues.
    """
    pool = Example.objects.filter(study=study, split=Split.POOL).exclude(snapshot_items__snapshot=snapshot)
    rows = list(pool.order_by("rank").values_list("pk", "uid")[:num_unlabelled])
    _check_pool(study=study, there=len(rows), num_labels=snapshot.num_examples, num_unlabelled=num_unlabelled)
    return _fixed(study, [(pk, uid, None) for pk, uid in rows])


def check_test(study: Study) -> None:
    """Raise NothingToMeasure unless the test split has a labelled example."""
    if not labelled(study, Split.TEST).exists():
        raise NothingToMeasure(
            f"The test split of “{study}” has no labelled example, so nothing could be measured. "
            "Import labelled test rows, or publish the test split for labelling first."
        )


def check_unlabelled(*, study: Study, num_labels: int, num_unlabelled: int) -> None:
    """Raise NotEnoughExamples unless the pool has that many examples besides its first labels."""
    there = max(0, Example.objects.filter(study=study, split=Split.POOL).count() - num_labels)
    _check_pool(study=study, there=there, num_labels=num_labels, num_unlabelled=num_unlabelled)


def _check_pool(*, study: Study, there: int, num_labels: int, num_unlabelled: int) -> None:
    if there < num_unlabelled:
        raise NotEnoughExamples(
            f"{num_unlabelled:,} unlabelled examples were requested; the pool of “{study}” has {there:,} beside "
            f"the {num_labels:,} labels. Import more, or ask for fewer."
        )


def check_count(what: str, count: int | None) -> None:
    """Raise ValueError for a number of rows that no study can have."""
    if count is not None and not 1 <= count <= MOST_EXAMPLES:
        raise Refusal(f"{count} is not between 1 and {MOST_EXAMPLES:,}.", field=what)


def _fixed(study: Study, rows: Iterable[tuple[int, object, str | None]]) -> ExampleList:
    rows = list(rows)
    content = list_hash((str(uid), label) for _, uid, label in rows)
    pairs = [[pk, label] for pk, _, label in rows]
    fixed, _ = ExampleList.objects.get_or_create(
        study=study, content_hash=content, defaults={"rows": pairs, "num_rows": len(pairs)}
    )
    return fixed
