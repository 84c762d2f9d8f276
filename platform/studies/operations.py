"""What is done to studies: create one, import its data, assign labels, take a snapshot, freeze its test split."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.core.files.base import ContentFile
from django.core.files.uploadedfile import UploadedFile
from django.db import transaction
from django.utils import timezone

from accounts.audit import record
from accounts.models import User
from accounts.permissions import Action, require
from budgets.operations import open_budget
from studies.answers import FORMS, AnswerInvalid
from studies.files import FileUnreadable, Table, read_table
from studies.hashing import list_hash
from studies.importing import Candidate, Checked, ImportOptions, StudyRules, check_rows, guess_options
from studies.models import Example, ImportBatch, Label, Snapshot, SnapshotItem, Split, Study
from studies.queries import labelled
from studies.specs import StudyInvalid, StudySpec
from studies.task_types import input_fields

__all__ = [
    "AlreadyImported",
    "NotEnoughLabels",
    "Preview",
    "RowsInvalid",
    "StudyInvalid",
    "StudySpec",
    "UnknownLabel",
    "assign_label",
    "create_study",
    "draft_import",
    "freeze_test",
    "import_examples",
    "preview_import",
    "propose_options",
    "take_snapshot",
]

_ROWS_PER_INSERT = 1000
_RECORDED = (
    "name",
    "task_type",
    "labels",
    "metric",
    "student_model",
    "teacher_model",
    "annotations_per_example",
    "pay_basis",
    "max_paid_seconds",
    "dev_fraction",
    "test_fraction",
    "seed",
)


class RowsInvalid(ValueError):
    """Some rows have errors and nothing was imported; fix them, or import the good rows only."""


class AlreadyImported(ValueError):
    """This upload was imported before."""


class UnknownLabel(ValueError):
    """The value is no answer to the study's question: not of its labels, or not in its task type's form."""


class NotEnoughLabels(ValueError):
    """The pool has fewer labelled examples than requested."""


@transaction.atomic
def create_study(*, actor: User, spec: StudySpec) -> Study:
    """Create a study and open its budget.

    Raises: Forbidden; StudyInvalid (the name is taken); ValueError (limit).
    """
    require(actor=actor, action=Action.CREATE_STUDY)
    name = spec.name.strip()
    if Study.objects.filter(name=name).exists():
        raise StudyInvalid(f"name: there is a study “{name}” already.")
    study = Study.objects.create(
        name=name,
        task_type=spec.task_type,
        labels=list(spec.cleaned_labels),
        instructions=spec.instructions.strip(),
        metric=spec.metric,
        budget=open_budget(actor=actor, name=name, limit=spec.limit, price_book=spec.price_book),
        student_model=spec.student_model,
        teacher_model=spec.teacher_model,
        annotations_per_example=spec.annotations_per_example,
        pay_basis=spec.pay_basis,
        max_paid_seconds=spec.max_paid_seconds,
        dev_fraction=spec.dev_fraction,
        test_fraction=spec.test_fraction,
        seed=spec.seed,
        created_by=actor,
    )
    _record(actor, "study.create", study, after={name: getattr(study, name) for name in _RECORDED})
    return study


def draft_import(*, actor: User, study: Study, file_name: str, content: "bytes | UploadedFile[bytes]") -> ImportBatch:
    """Keep an uploaded file as a draft, to be previewed and then imported.

    Raises: Forbidden; FileUnreadable (empty, or larger than the limit; nothing is kept).
    """
    require(actor=actor, action=Action.IMPORT_EXAMPLES)
    size = content.size if isinstance(content, UploadedFile) else len(content)
    limit = settings.MAX_IMPORT_BYTES
    if size is None or size > limit:
        raise FileUnreadable(
            f"{file_name} has {(size or 0) / 2**20:.0f} MiB; {limit / 2**20:.0f} MiB is the most. Split it into "
            "several files (duplicates are found across them), or raise FULCRUM_MAX_IMPORT_MB."
        )
    if size == 0:
        raise FileUnreadable(f"{file_name} is empty.")
    stored = content if isinstance(content, UploadedFile) else ContentFile(content, name=file_name)
    return ImportBatch.objects.create(study=study, file=stored, file_name=file_name[:255], created_by=actor)


@dataclass(frozen=True, kw_only=True)
class Preview:
    """A draft read with some options: its columns, its first rows and a preview of the import."""

    columns: tuple[str, ...]
    options: ImportOptions
    first_rows: tuple[dict[str, str], ...]
    num_rows: int
    checked: Checked


def propose_options(*, batch: ImportBatch, encoding: str = "utf-8") -> ImportOptions:
    """Guess the column mapping from the header. Raises: FileUnreadable."""
    table = _table(batch, encoding)
    guess = guess_options(columns=table.columns, input_fields=input_fields(batch.study.task_type))
    return ImportOptions(**{**guess.as_json(), "encoding": encoding})  # type: ignore[arg-type]


def preview_import(*, batch: ImportBatch, options: ImportOptions, num_rows: int = 10) -> Preview:
    """Preview an import, without writing anything. Raises: FileUnreadable; ColumnsWrong."""
    table = _table(batch, options.encoding)
    return Preview(
        columns=table.columns,
        options=options,
        first_rows=tuple(row.cells for row in table.rows[:num_rows]),
        num_rows=len(table.rows),
        checked=check_rows(table=table, options=options, rules=_rules(batch.study)),
    )


@transaction.atomic
def import_examples(
    *, actor: User, batch: ImportBatch, options: ImportOptions, skip_bad_rows: bool = False
) -> ImportBatch:
    """Import a draft: all of it, or nothing.

    Parameters: `skip_bad_rows` imports the good rows although others have errors.
    Returns: the batch, with the counts of examples created, duplicates and rows skipped.
    Raises: Forbidden; FileUnreadable; ColumnsWrong; RowsInvalid; AlreadyImported.
    """
    require(actor=actor, action=Action.IMPORT_EXAMPLES)
    study = Study.objects.select_for_update().get(pk=batch.study_id)
    batch = ImportBatch.objects.select_for_update().get(pk=batch.pk)
    if batch.state == ImportBatch.State.IMPORTED:
        raise AlreadyImported(f"{batch.file_name} was imported already; upload it again to import it again.")
    checked = check_rows(table=_table(batch, options.encoding), options=options, rules=_rules(study))
    if checked.errors and not skip_bad_rows:
        raise RowsInvalid(
            f"{len(checked.errors):,} rows have errors, so nothing was imported. The first: {checked.errors[0]}."
        )
    _create_examples(study=study, batch=batch, candidates=checked.candidates)
    _add_late_labels(study=study, labels=checked.late_labels)
    batch.state = ImportBatch.State.IMPORTED
    batch.options = options.as_json()
    batch.num_created = len(checked.candidates)
    batch.num_duplicates = checked.num_duplicates
    batch.num_skipped = len(checked.errors)
    batch.save()
    _record(actor, "study.import", study, after=_import_in_words(batch))
    return batch


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


@transaction.atomic
def freeze_test(*, actor: User, study: Study) -> None:
    """Close the test split to new examples, for good. Freezing it again changes nothing."""
    open_study = Study.objects.filter(pk=study.pk, test_frozen_at__isnull=True)
    if open_study.update(test_frozen_at=timezone.now()):
        _record(actor, "study.freeze_test", study, before={"test_frozen": False}, after={"test_frozen": True})


def _record(
    actor: User, action: str, study: Study, *, after: dict[str, Any], before: dict[str, Any] | None = None
) -> None:
    record(
        actor=actor,
        action=action,
        subject=f"Study “{study}”",
        subject_id=study.pk,
        budget_id=study.budget_id,
        before=before or {},
        after=after,
    )


def _import_in_words(batch: ImportBatch) -> dict[str, Any]:
    return {
        "file": batch.file_name,
        "examples_created": batch.num_created,
        "duplicates": batch.num_duplicates,
        "rows_skipped": batch.num_skipped,
    }


def _table(batch: ImportBatch, encoding: str) -> Table:
    with batch.file.open("rb") as file:
        content = file.read()
    return read_table(content=content, file_name=batch.file_name, encoding=encoding, max_rows=settings.MAX_IMPORT_ROWS)


def _rules(study: Study) -> StudyRules:
    known = study.examples.values_list("content_hash", "group_hash", "split", "label__value")
    return StudyRules(
        task_type=study.task_type,
        input_fields=input_fields(study.task_type),
        labels=study.labels,
        dev_fraction=study.dev_fraction,
        test_fraction=study.test_fraction,
        seed=study.seed,
        is_test_frozen=study.test_frozen_at is not None,
        known_labels={content: label or "" for content, _, _, label in known},
        known_splits={group: split for _, group, split, _ in known},
    )


def _create_examples(*, study: Study, batch: ImportBatch, candidates: Sequence[Candidate]) -> None:
    examples = [
        Example(
            study=study,
            fields=row.fields,
            content_hash=row.content,
            group_hash=row.group,
            split=row.split,
            rank=row.rank,
            import_batch=batch,
        )
        for row in candidates
    ]
    Example.objects.bulk_create(examples, batch_size=_ROWS_PER_INSERT)
    labels = [
        Label(example=example, value=row.label, source=Label.Source.IMPORT)
        for example, row in zip(examples, candidates, strict=True)
        if row.label
    ]
    Label.objects.bulk_create(labels, batch_size=_ROWS_PER_INSERT)


def _add_late_labels(*, study: Study, labels: dict[str, str]) -> None:
    examples = study.examples.filter(content_hash__in=labels, label__isnull=True)
    Label.objects.bulk_create(
        Label(example=example, value=labels[example.content_hash], source=Label.Source.IMPORT) for example in examples
    )


def _snapshot_item(snapshot: Snapshot, example: Example) -> SnapshotItem:
    label = example.label
    return SnapshotItem(
        snapshot=snapshot,
        example=example,
        value=label.value,
        source=label.source,
        source_keys=label.source_keys,
    )
