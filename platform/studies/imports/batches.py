"""Files of examples and labels: kept as a draft, previewed, imported whole or not at all, and undone the same way."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

from django.conf import settings
from django.core.files.base import ContentFile
from django.core.files.uploadedfile import UploadedFile
from django.db import IntegrityError, connection, transaction
from django.db.models import Case, F, ProtectedError, Q, When
from django.utils import timezone

from accounts.models import User
from accounts.permissions import Action, require
from accounts.texts import without_unusable
from config.refusals import Refusal
from studies.hashing import digest
from studies.imports.columns import ImportOptions, guess_columns
from studies.imports.files import FileUnreadable, Table, read_table
from studies.imports.row_checks import Candidate, ImportCheck, Progress, StudyRules, check_rows
from studies.labels import LabelsGone, lock_examples, replace_model_labels, restore_model_labels
from studies.models import Example, ImportBatch, Label, Study
from studies.records import record_change
from studies.task_types import TaskType

_ROWS_PER_INSERT = 1000


class RowsInvalid(Refusal):
    """Some rows have errors and nothing was imported; fix them, or import the good rows only."""


class AlreadyImported(Refusal):
    """This upload was imported before."""


class PreviewOutdated(Refusal):
    """The import would differ from its preview. Nothing was imported."""


class ImportInUse(Refusal):
    """Something depends on what was imported, so it cannot be undone; the message says what."""


def draft_import(*, actor: User, study: Study, file_name: str, content: "bytes | UploadedFile[bytes]") -> ImportBatch:
    """Keep an uploaded file as a draft. Raises: Forbidden; FileUnreadable (empty, or larger than the limit)."""
    require(actor=actor, action=Action.IMPORT_EXAMPLES)
    name, limit = without_unusable(file_name), settings.MAX_IMPORT_BYTES
    stored = content if isinstance(content, UploadedFile) else ContentFile(content, name=name)
    size = stored.size or 0
    if size > limit:
        raise FileUnreadable(
            f"{file_name} has {size / 2**20:.0f} MiB; the maximum is {limit / 2**20:.0f} MiB. Split it into "
            "several files (duplicates are found across them), or raise FULCRUM_MAX_IMPORT_MB."
        )
    if size == 0:
        raise FileUnreadable(f"{file_name} is empty.")
    return ImportBatch.objects.create(
        study=study, file=stored, file_name=name[-255:], file_hash=_hash_of(stored), created_by=actor
    )


@dataclass(frozen=True, kw_only=True)
class DraftPreview:
    """A draft read with some options. `digest` stands for exactly this file, these options and their outcome."""

    table: Table
    options: ImportOptions
    checked: ImportCheck
    digest: str


def propose_options(*, batch: ImportBatch, encoding: str = "utf-8") -> ImportOptions:
    """Guess the column mapping from the header. Raises: FileUnreadable."""
    columns = file_columns(batch=batch, encoding=encoding)
    return guess_columns(columns=columns, encoding=encoding, **known_columns(batch.study.definition))[0]


def known_columns(definition: TaskType) -> dict[str, Any]:
    """What a task type knows of its files' columns, for guess_columns."""
    return {
        "input_fields": definition.input_fields,
        "optional_fields": definition.optional_fields,
        "usual": definition.usual_columns,
    }


def file_columns(*, batch: ImportBatch, encoding: str = "utf-8") -> tuple[str, ...]:
    """List the columns of a draft, by which a mapping is chosen. Raises: FileUnreadable."""
    return _table(batch, encoding).columns


def preview_import(
    *, batch: ImportBatch, options: ImportOptions, note_progress: Progress | None = None
) -> DraftPreview:
    """Preview an import, without writing anything. Raises: FileUnreadable; ColumnsWrong."""
    table = _table(batch, options.encoding)
    checked = check_rows(table=table, options=options, rules=_rules(batch.study), note_progress=note_progress)
    return DraftPreview(table=table, options=options, checked=checked, digest=_digest(batch, options, checked))


@transaction.atomic
def import_examples(
    *,
    actor: User,
    batch: ImportBatch,
    options: ImportOptions,
    skip_bad_rows: bool = False,
    expected_digest: str = "",
) -> ImportBatch:
    """Import a draft: all of it, or nothing.

    Parameters: `expected_digest` is that of the preview that the person saw.
    Raises: Forbidden; FileUnreadable; ColumnsWrong; RowsInvalid; AlreadyImported; PreviewOutdated.
    """
    require(actor=actor, action=Action.IMPORT_EXAMPLES)
    study = Study.objects.select_for_update().get(pk=batch.study_id)
    batch = ImportBatch.objects.select_for_update().get(pk=batch.pk)
    if batch.state != ImportBatch.State.DRAFT:
        raise AlreadyImported(f"{batch.file_name} was imported already; upload it again to import it again.")
    checked = check_rows(table=_table(batch, options.encoding), options=options, rules=_rules(study))
    if expected_digest and expected_digest != _digest(batch, options, checked):
        raise PreviewOutdated(
            "Nothing was imported: the columns chosen, or the study, changed since the preview. Check the new preview, "
            "then confirm."
        )
    if checked.errors and not skip_bad_rows:
        raise RowsInvalid(
            f"{len(checked.errors):,} rows have errors, so nothing was imported. The first: {checked.errors[0]}."
        )
    _create_examples(study=study, batch=batch, candidates=checked.candidates)
    _add_late_labels(study=study, batch=batch, labels=checked.late_labels)
    _note_imported(actor, batch, options, checked)
    num_replaced = batch.replaced_labels.count()
    replaced = {"model_labels_replaced": num_replaced} if num_replaced else {}
    record_change(actor=actor, action="study.import", study=study, after={**_in_words(batch), **replaced})
    return batch


def undo_import(*, actor: User, batch: ImportBatch) -> ImportBatch:
    """Remove all that an import brought, while nothing depends on it, and bring back the labels that it replaced.

    Raises: Forbidden; ImportInUse.
    """
    require(actor=actor, action=Action.IMPORT_EXAMPLES)
    try:
        return _undo(actor, batch)
    except ProtectedError as refusal:
        raise ImportInUse(f"{batch} cannot be undone: {_in_use(refusal)}") from None
    except LabelsGone as refusal:
        raise ImportInUse(f"{batch} cannot be undone: {refusal}") from None
    except IntegrityError:
        raise ImportInUse(f"{batch} cannot be undone: something was just built on its examples.") from None


@transaction.atomic
def _undo(actor: User, batch: ImportBatch) -> ImportBatch:
    study = Study.objects.select_for_update().get(pk=batch.study_id)
    batch = ImportBatch.objects.select_for_update().get(pk=batch.pk)
    if batch.state != ImportBatch.State.IMPORTED or batch.imported_at is None:
        raise ImportInUse(f"{batch} cannot be undone: {_not_undoable(batch)}")
    if study.data_used_at is not None and study.data_used_at >= batch.imported_at:
        started = f"a run was started with what it brought at {study.data_used_at:%Y-%m-%d %H:%M} UTC."
        raise ImportInUse(f"{batch} cannot be undone: {started}")
    relabelled = Example.objects.filter(label__import_batch=batch)
    num_fixed = relabelled.filter(snapshot_items__isnull=False).distinct().count()
    if num_fixed:
        raise ImportInUse(f"{batch} cannot be undone: {num_fixed:,} of its labels are in the snapshot of a run.")
    lock_examples(list(batch.replaced_labels.values_list("example", flat=True)))
    Label.objects.filter(import_batch=batch).delete()
    num_restored = restore_model_labels(batch=batch)
    Example.objects.filter(import_batch=batch).delete()
    batch.state = ImportBatch.State.UNDONE
    batch.undone_at, batch.undone_by = timezone.now(), actor
    batch.save(update_fields=["state", "undone_at", "undone_by"])
    restored = {"model_labels_restored": num_restored} if num_restored else {}
    record_change(actor=actor, action="study.undo_import", study=study, before=_in_words(batch), after=restored)
    # What was added meanwhile shows up here, inside the transaction.
    connection.check_constraints()
    return batch


def _not_undoable(batch: ImportBatch) -> str:
    if batch.state == ImportBatch.State.UNDONE:
        return f"it was undone at {batch.undone_at:%Y-%m-%d %H:%M} UTC."
    if batch.state == ImportBatch.State.DRAFT:
        return "it was not imported."
    return "it was imported by an earlier version, which did not note which labels it brought."


def _in_use(refusal: ProtectedError) -> str:
    """Count what depends on the examples of an import."""
    counts = Counter(str(one._meta.verbose_name_plural) for one in refusal.protected_objects)
    named = ", ".join(f"{number:,} {name}" for name, number in sorted(counts.items()))
    return f"its examples have {named}."


def _in_words(batch: ImportBatch) -> dict[str, Any]:
    return {
        "file": batch.file_name,
        "sha256": batch.file_hash,
        "examples_created": batch.num_created,
        "labels_created": batch.num_labels,
        "labels_added_later": batch.num_late_labels,
        "duplicates": batch.num_duplicates,
        "rows_skipped": batch.num_skipped,
    }


def _hash_of(stored: "UploadedFile[bytes] | ContentFile[bytes]") -> str:
    hashed = sha256()
    for piece in stored.chunks():
        hashed.update(piece)
    stored.seek(0)
    return hashed.hexdigest()


def _digest(batch: ImportBatch, options: ImportOptions, checked: ImportCheck) -> str:
    return digest(batch.pk, options.as_json(), checked.digest)


def _table(batch: ImportBatch, encoding: str) -> Table:
    with batch.file.open("rb") as file:
        content = file.read()
    return read_table(content=content, file_name=batch.file_name, encoding=encoding, max_rows=settings.MAX_IMPORT_ROWS)


def _rules(study: Study) -> StudyRules:
    # What a language model said gives way to a label of a file.
    is_gold = ~Q(label__source=Label.Source.LANGUAGE_MODEL)
    value = Case(When(is_gold, then=F("label__value")))
    known = list(study.examples.values_list("content_hash", "group_hash", "split", value))
    return StudyRules(
        definition=study.definition,
        labels=study.labels,
        dev_fraction=study.dev_fraction,
        test_fraction=study.test_fraction,
        seed=study.seed,
        is_test_frozen=study.test_frozen_at is not None,
        known_labels={content: label or "" for content, _, _, label in known},
        known_splits={group: split for _, group, split, _ in known},
    )


def _create_examples(*, study: Study, batch: ImportBatch, candidates: Sequence[Candidate]) -> None:
    columns = ("fields", "content_hash", "group_hash", "split", "rank")
    rows = ({name: getattr(row, name) for name in columns} for row in candidates)
    examples = [Example(study=study, import_batch=batch, **row) for row in rows]
    Example.objects.bulk_create(examples, batch_size=_ROWS_PER_INSERT)
    labels = [
        Label(example=example, value=row.label, source=Label.Source.IMPORT, import_batch=batch)
        for example, row in zip(examples, candidates, strict=True)
        if row.label
    ]
    Label.objects.bulk_create(labels, batch_size=_ROWS_PER_INSERT)


def _add_late_labels(*, study: Study, batch: ImportBatch, labels: dict[str, str]) -> None:
    """Label examples without a label, or with one of a language model; a concurrent annotation stays."""
    lock_examples(list(study.examples.filter(content_hash__in=labels).values_list("pk", flat=True)))
    replace_model_labels(
        batch=batch, labels=Label.objects.filter(example__study=study, example__content_hash__in=labels)
    )
    examples = study.examples.filter(content_hash__in=labels, label__isnull=True)
    rows = [
        Label(example=one, value=labels[one.content_hash], source=Label.Source.IMPORT, import_batch=batch)
        for one in examples
    ]
    Label.objects.bulk_create(rows, batch_size=_ROWS_PER_INSERT, ignore_conflicts=True)


def _note_imported(actor: User, batch: ImportBatch, options: ImportOptions, checked: ImportCheck) -> None:
    labels = Label.objects.filter(import_batch=batch)
    batch.state = ImportBatch.State.IMPORTED
    batch.options = options.as_json()
    batch.num_created = len(checked.candidates)
    batch.num_labels = labels.filter(example__import_batch=batch).count()
    batch.num_late_labels = labels.count() - batch.num_labels
    batch.num_duplicates = checked.num_duplicates
    batch.num_other_splits = checked.num_other_splits
    batch.num_skipped = len(checked.errors)
    batch.imported_at, batch.imported_by = timezone.now(), actor
    batch.save()
