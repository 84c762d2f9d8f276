"""Snapshots: the labelled examples that a run trains on."""

from django.db import transaction

from config.refusals import Refusal
from studies.hashing import list_hash
from studies.models import Example, Snapshot, SnapshotItem, Split, Study
from studies.queries import labelled

_ROWS_PER_INSERT = 1000


class NotEnoughLabels(Refusal):
    """The pool has fewer labelled examples than requested."""


@transaction.atomic
def take_snapshot(*, study: Study, num_labels: int | None = None) -> Snapshot:
    """Fix the first labelled pool examples, in rank order, as what a run trains on.

    Parameters: `num_labels` >= 1, or None for all there are.
    Returns: the snapshot; an equal one is shared.
    Raises: NotEnoughLabels, with how many there are.
    """
    examples = labelled(study, Split.POOL).select_related("label")
    rows = list(examples[:num_labels] if num_labels else examples)
    if not rows or (num_labels and len(rows) < num_labels):
        wanted = f"{num_labels:,} labels were requested" if num_labels else "A run needs labels"
        raise NotEnoughLabels(f"{wanted}; the pool has {len(rows):,}. Publish more examples, or ask for fewer.")
    content = list_hash((str(row.uid), row.label.value, row.label.source_keys) for row in rows)
    snapshot, is_new = Snapshot.objects.get_or_create(
        study=study, content_hash=content, defaults={"num_examples": len(rows)}
    )
    if is_new:
        items = [_snapshot_item(snapshot, row) for row in rows]
        SnapshotItem.objects.bulk_create(items, batch_size=_ROWS_PER_INSERT)
    return snapshot


def _snapshot_item(snapshot: Snapshot, example: Example) -> SnapshotItem:
    label = example.label
    return SnapshotItem(
        snapshot=snapshot,
        example=example,
        value=label.value,
        source=label.source,
        source_keys=label.source_keys,
    )
