"""Snapshots: the rows that a run trains on, is measured on, or has a teacher score."""

from collections.abc import Iterable, Sequence
from typing import NamedTuple
from uuid import UUID

from django.db import transaction

from config.refusals import Refusal
from studies.hashing import list_hash
from studies.models import Snapshot, SnapshotItem, Split, Study
from studies.queries import labelled

_ROWS_PER_INSERT = 1000


class NotEnoughLabels(Refusal):
    """The pool has fewer labelled examples than requested."""


class NotEnoughExamples(Refusal):
    """The pool has fewer examples outside the snapshot than the teacher was asked to score."""


class _Row(NamedTuple):
    example_id: int
    uid: UUID
    value: str
    source: str = ""
    source_keys: Sequence[str] = ()


def take_snapshot(*, study: Study, num_labels: int | None = None) -> Snapshot:
    """Fix the first labelled pool examples, in rank order, as what a run trains on.

    Parameters: `num_labels` >= 1, or None for all there are.
    Returns: the snapshot; an equal one is shared.
    Raises: NotEnoughLabels, with how many there are.
    """
    columns = ("pk", "uid", "label__value", "label__source", "label__source_keys")
    rows = [_Row(*row) for row in labelled(study, Split.POOL).values_list(*columns)[:num_labels]]
    if not rows or (num_labels and len(rows) < num_labels):
        wanted = f"{num_labels:,} labels were requested" if num_labels else "A run needs labels"
        raise NotEnoughLabels(f"{wanted}; the pool has {len(rows):,}. Publish more examples, or ask for fewer.")
    return _fixed(study, rows, content=((str(row.uid), row.value, row.source_keys) for row in rows))


def take_measured(*, study: Study, split: Split) -> Snapshot | None:
    """Fix the labelled examples of a split, as what a run is measured on; None where there are none."""
    rows = [_Row(*row) for row in labelled(study, split).values_list("pk", "uid", "label__value")]
    return _fixed(study, rows, content=((str(row.uid), row.value) for row in rows)) if rows else None


def take_unlabelled(*, study: Study, besides: Snapshot, num_examples: int) -> Snapshot:
    """Fix the first pool examples outside a snapshot, by rank, whether or not they were labelled since.

    A label nobody trains on costs this run nothing, and so the same request stays the same while labelling continues.
    Raises: NotEnoughExamples.
    """
    pool = study.examples.filter(split=Split.POOL).exclude(snapshot_items__snapshot=besides)
    rows = list(pool.order_by("rank").values_list("pk", "uid")[:num_examples])
    check_pool(study=study, num_available=len(rows), num_labels=besides.num_examples, num_unlabelled=num_examples)
    return _fixed(study, content=((str(uid), None) for _, uid in rows), unlabelled_ids=[pk for pk, _ in rows])


def check_pool(*, study: Study, num_available: int, num_labels: int, num_unlabelled: int) -> None:
    """Raise NotEnoughExamples unless so many examples are available beside the labels."""
    if num_available < num_unlabelled:
        raise NotEnoughExamples(
            f"{num_unlabelled:,} unlabelled examples were requested; the pool of “{study}” has {num_available:,} "
            f"beside the {num_labels:,} labels. Import more, or ask for fewer."
        )


@transaction.atomic
def _fixed(
    study: Study,
    rows: Sequence[_Row] = (),
    *,
    content: Iterable[tuple[object, ...]],
    unlabelled_ids: Sequence[int] = (),
) -> Snapshot:
    """`content` is what is hashed: equal content is one snapshot."""
    snapshot, is_new = Snapshot.objects.get_or_create(
        study=study,
        content_hash=list_hash(content),
        defaults={"num_examples": len(rows) + len(unlabelled_ids), "unlabelled_ids": unlabelled_ids},
    )
    if is_new:
        items = [
            SnapshotItem(
                snapshot=snapshot,
                example_id=row.example_id,
                value=row.value,
                source=row.source,
                source_keys=row.source_keys,
            )
            for row in rows
        ]
        SnapshotItem.objects.bulk_create(items, batch_size=_ROWS_PER_INSERT)
    return snapshot
