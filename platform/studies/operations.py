"""The one public door to studies: create and change one, import its data, assign labels, fix what a run trains on."""

from collections.abc import Sequence

from django.db import transaction

from studies.answers import FORMS, AnswerInvalid
from studies.changing import (
    StudyInUse,
    archive_study,
    change_study,
    create_study,
    duplicate_study,
    freeze_test,
    unarchive_study,
)
from studies.hashing import list_hash
from studies.imports import (
    AlreadyImported,
    ImportInUse,
    Preview,
    PreviewOutdated,
    RowsInvalid,
    draft_import,
    file_columns,
    import_examples,
    preview_import,
    propose_options,
    undo_import,
)
from studies.models import Example, Label, Snapshot, SnapshotItem, Split, Study
from studies.queries import labelled
from studies.specs import StudyInvalid, StudySpec

__all__ = [
    "AlreadyImported",
    "ImportInUse",
    "NotEnoughLabels",
    "Preview",
    "PreviewOutdated",
    "RowsInvalid",
    "StudyInUse",
    "StudyInvalid",
    "StudySpec",
    "UnknownLabel",
    "archive_study",
    "assign_label",
    "change_study",
    "create_study",
    "draft_import",
    "duplicate_study",
    "file_columns",
    "freeze_test",
    "import_examples",
    "preview_import",
    "propose_options",
    "take_snapshot",
    "unarchive_study",
    "undo_import",
]

_ROWS_PER_INSERT = 1000


class UnknownLabel(ValueError):
    """The value is no answer to the study's question: not of its labels, or not in its task type's form."""


class NotEnoughLabels(ValueError):
    """The pool has fewer labelled examples than requested."""


def assign_label(*, example: Example, value: str, source_keys: Sequence[str]) -> Label:
    """Give an example the label that its accepted annotations decided; an imported label stays as it is.

    Parameters: `value` an answer as the study's task type writes it (see docs/how-to/models.md); `source_keys` the
    ledger keys of those annotations, which are what the label cost.
    Raises: UnknownLabel.
    """
    study = example.study
    try:
        value = FORMS[study.task_type].read(given=value, fields=example.fields, labels=study.labels)
    except AnswerInvalid as error:
        raise UnknownLabel(f"A label for the study “{study}”: {error}.") from None
    existing = Label.objects.filter(example=example).first()
    if existing is not None and existing.source == Label.Source.IMPORT:
        return existing
    label, _ = Label.objects.update_or_create(
        example=example,
        defaults={"value": value, "source": Label.Source.ANNOTATION, "source_keys": sorted(source_keys)},
    )
    return label


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
