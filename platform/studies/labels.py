"""Labels that accepted annotations decide, and those that a language model gives."""

from collections.abc import Sequence
from dataclasses import dataclass

from django.db import transaction
from django.db.models import QuerySet

from config.refusals import Refusal
from studies.models import Example, ImportBatch, Label, ReplacedLabel, Split
from studies.task_types import AnswerInvalid

_ROWS_PER_INSERT = 1000


class LabelsGone(Refusal):
    """A label that an import replaced is not one of the study's any more."""


def assign_label(*, example: Example, value: str, source_keys: Sequence[str]) -> Label:
    """Give an example the label that its accepted annotations decided; an imported label stays as it is.

    Parameters: `value` as `read_answer` returned it; `source_keys` the ledger keys of those annotations.
    """
    imported = Label.objects.filter(example=example, source=Label.Source.IMPORT).first()
    if imported is not None:
        return imported
    label, _ = Label.objects.update_or_create(
        example=example,
        defaults={"value": value, "source": Label.Source.ANNOTATION, "source_keys": sorted(source_keys)},
    )
    return label


def lock_examples(ids: Sequence[int]) -> None:
    """Lock examples that people or a language model are about to be given, or a file to label: each waits for others.

    In one order, so that two who want the same do not wait for each other. Look again at what is free afterwards.
    """
    locked = Example.objects.select_for_update(of=("self",), no_key=True).filter(pk__in=ids).order_by("pk")
    list(locked.values_list("pk", flat=True))


@dataclass(frozen=True, kw_only=True)
class ModelAnswer:
    """What a language model says of an example, and the ledger keys of what its answer cost."""

    example_id: int
    value: str
    source_keys: Sequence[str]


@transaction.atomic
def assign_model_labels(*, answers: Sequence[ModelAnswer]) -> list[int]:
    """Label examples of the pool as a language model says; one that has a label, or is of another split, stays.

    Returns: the examples that were labelled.
    """
    ids = [one.example_id for one in answers]
    lock_examples(ids)
    free = set(Example.objects.filter(pk__in=ids, split=Split.POOL, label__isnull=True).values_list("pk", flat=True))
    source = Label.Source.LANGUAGE_MODEL
    rows = [
        Label(example_id=one.example_id, value=one.value, source=source, source_keys=sorted(one.source_keys))
        for one in answers
        if one.example_id in free
    ]
    Label.objects.bulk_create(rows)
    return [row.example_id for row in rows]


def replace_model_labels(*, batch: ImportBatch, labels: QuerySet[Label]) -> None:
    """Take away those of these labels that a language model gave, for an import, and keep them for its undo."""
    given = list(labels.filter(source=Label.Source.LANGUAGE_MODEL))
    kept = [
        ReplacedLabel(
            example_id=one.example_id,
            import_batch=batch,
            value=one.value,
            source_keys=one.source_keys,
            labelled_at=one.created_at,
        )
        for one in given
    ]
    ReplacedLabel.objects.bulk_create(kept, batch_size=_ROWS_PER_INSERT)
    Label.objects.filter(pk__in=[one.pk for one in given]).delete()


def restore_model_labels(*, batch: ImportBatch) -> int:
    """Bring back the labels that an import replaced, as they were. Returns: how many. Raises: LabelsGone."""
    replaced = list(batch.replaced_labels.filter(example__label__isnull=True).select_related("example"))
    source = Label.Source.LANGUAGE_MODEL
    rows = [
        Label(example=one.example, value=_still_valid(one), source=source, source_keys=one.source_keys)
        for one in replaced
    ]
    Label.objects.bulk_create(rows, batch_size=_ROWS_PER_INSERT)
    for row, one in zip(rows, replaced, strict=True):
        row.created_at = one.labelled_at
    Label.objects.bulk_update(rows, ["created_at"], batch_size=_ROWS_PER_INSERT)
    batch.replaced_labels.all().delete()
    return len(rows)


def _still_valid(replaced: ReplacedLabel) -> str:
    study, fields = replaced.import_batch.study, replaced.example.fields
    try:
        return study.definition.read_answer(given=replaced.value, fields=fields, labels=study.labels)
    except AnswerInvalid as error:
        raise LabelsGone(
            f"of a label by a language model that it replaced, {error}. Change the study's labels back, then undo it."
        ) from None
