"""Snapshots: the rows that a run trains on, is measured on, or has a teacher score."""

from collections.abc import Sequence

from django.db import transaction

from config.refusals import Refusal
from studies.hashing import list_hash
from studies.models import Snapshot, SnapshotItem, Split, Study
from studies.queries import gold, labelled

_ROWS_PER_INSERT = 1000
# More texts move the mean of their vectors by less than the next import does.
MOST_POOL = 2_000


class NotEnoughLabels(Refusal):
    """The pool has fewer labelled examples than requested."""


class NotEnoughExamples(Refusal):
    """The pool has fewer examples outside the snapshot than the teacher was asked to score."""


def take_snapshot(*, study: Study, num_labels: int | None = None, is_gold: bool = False) -> Snapshot:
    """Fix the first labelled pool examples (None: all) as what a run trains on. Raises: NotEnoughLabels.

    Parameters: with `is_gold`, what a language model labelled counts as unlabelled.
    """
    examples = gold(study, Split.POOL) if is_gold else labelled(study, Split.POOL)
    items = [
        SnapshotItem(example=one, value=one.label.value, source=one.label.source, source_keys=one.label.source_keys)
        for one in examples.select_related("label").defer("fields")[:num_labels]
    ]
    if not items or (num_labels and len(items) < num_labels):
        wanted = f"{num_labels:,} labels were requested" if num_labels else "A run needs labels"
        raise NotEnoughLabels(f"{wanted}; the pool has {len(items):,}. Publish more examples, or ask for fewer.")
    return _fixed(study, [(str(one.example.uid), one.value, one.source_keys) for one in items], items=items)


def take_measured(*, study: Study, split: Split) -> Snapshot | None:
    """Fix the labelled examples of a split, as what a run is measured on; None where there are none."""
    examples = labelled(study, split).select_related("label").defer("fields")
    items = [SnapshotItem(example=one, value=one.label.value) for one in examples]
    return _fixed(study, [(str(one.example.uid), one.value) for one in items], items=items) if items else None


def take_unlabelled(*, study: Study, besides: Snapshot | None, num_examples: int) -> Snapshot:
    """Fix the first pool examples outside a snapshot, by rank, whether or not they were labelled since.

    A label nobody trains on costs this run nothing, and so the same request stays the same while labelling continues.
    Raises: NotEnoughExamples.
    """
    pool = study.examples.filter(split=Split.POOL)
    if besides is not None:
        pool = pool.exclude(snapshot_items__snapshot=besides)
    rows = list(pool.order_by("rank").values_list("pk", "uid")[:num_examples])
    num_labels = besides.num_examples if besides else 0
    check_pool(study=study, num_available=len(rows), num_labels=num_labels, num_unlabelled=num_examples)
    return _fixed_texts(study, rows)


def take_pool(*, study: Study) -> Snapshot | None:
    """Fix the first texts of the pool, labelled or not, as what few labels are set against; None for an empty pool."""
    pool = study.examples.filter(split=Split.POOL)
    rows = list(pool.order_by("rank").values_list("pk", "uid")[:MOST_POOL])
    return _fixed_texts(study, rows) if rows else None


def _fixed_texts(study: Study, rows: Sequence[tuple[int, object]]) -> Snapshot:
    return _fixed(study, [(str(uid), None) for _, uid in rows], unlabelled_ids=[pk for pk, _ in rows])


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
    content: Sequence[tuple[object, ...]],
    *,
    items: Sequence[SnapshotItem] = (),
    unlabelled_ids: Sequence[int] = (),
) -> Snapshot:
    """Find the snapshot of this content, or make it: a content is what its rows are compared by, in their order."""
    snapshot, is_new = Snapshot.objects.get_or_create(
        study=study,
        content_hash=list_hash(content),
        defaults={"num_examples": len(content), "unlabelled_ids": unlabelled_ids},
    )
    if is_new:
        for item in items:
            item.snapshot = snapshot
        SnapshotItem.objects.bulk_create(items, batch_size=_ROWS_PER_INSERT)
    return snapshot
