"""Creating, changing, archiving and duplicating studies."""

from collections.abc import Mapping, Sequence
from copy import copy
from datetime import datetime
from decimal import Decimal
from typing import Any

from django.db import transaction
from django.utils import timezone

from accounts.models import User
from accounts.permissions import Action, require
from budgets.limits import archive_budget, open_budget, rename_budget, unarchive_budget
from budgets.money import parse_amount
from config.refusals import Refusal
from studies.editing.label_texts import checked_label_texts
from studies.editing.specs import (
    StudyInvalid,
    StudySpec,
    checked_instructions,
    checked_labels,
    checked_name,
    checked_requests,
)
from studies.exports import export_examples
from studies.imports import ImportOptions, draft_import, import_examples
from studies.models import Study
from studies.queries import Dependents, dependents
from studies.records import record_change

_SETTINGS = (
    *("task_type", "metric", "student_model", "teacher_model", "annotations_per_example", "pay_basis"),
    *("max_paid_seconds", "dev_fraction", "test_fraction", "seed"),
)


class StudyInUse(Refusal):
    """Something depends on the field to be changed; the message says what."""


@transaction.atomic
def create_study(*, actor: User, spec: StudySpec) -> Study:
    """Create a study and open its budget. Raises: Forbidden; StudyInvalid (the name is taken); ValueError (limit)."""
    require(actor=actor, action=Action.CREATE_STUDY)
    _check_free(spec.name)
    study = Study.objects.create(
        name=spec.name,
        labels=list(spec.cleaned_labels),
        label_texts=spec.label_texts,
        instructions=spec.instructions,
        budget=open_budget(actor=actor, name=spec.name, limit=spec.limit, price_book=spec.price_book),
        created_by=actor,
        **{name: getattr(spec, name) for name in _SETTINGS},
    )
    recorded = {name: getattr(study, name) for name in ("name", "labels", *_SETTINGS)}
    if study.label_texts:
        recorded["label_texts"] = study.label_texts
    record_change(actor=actor, action="study.create", study=study, after=recorded)
    return study


@transaction.atomic
def change_study(  # noqa: PLR0913 -- what of a study may change
    *,
    actor: User,
    study: Study,
    name: str | None = None,
    instructions: str | None = None,
    labels: Sequence[str] | None = None,
    label_texts: Mapping[str, Mapping[str, Any]] | None = None,
    worth_per_point: Decimal | str | None = None,
    monthly_requests: int | str | None = None,
) -> Study:
    """Change what is given of a study, all of it or nothing; an empty worth or number of requests takes it away.

    Raises: Forbidden; StudyInvalid; Refusal (worth_per_point, monthly_requests); LabelTextsInvalid; StudyInUse
    (instructions or label texts that people work by, labels that something depends on).
    """
    require(actor=actor, action=Action.CHANGE_STUDY)
    locked = Study.objects.select_for_update().get(pk=study.pk)
    given: dict[str, Any] = {}
    if name is not None:
        given["name"] = checked_name(name)
    if instructions is not None:
        given["instructions"] = checked_instructions(instructions)
    if labels is not None:
        given["labels"] = list(checked_labels(labels, task_type=locked.task_type))
    if worth_per_point is not None:
        is_given = str(worth_per_point).strip() != ""
        given["worth_per_point"] = parse_amount(worth_per_point, name="worth_per_point") if is_given else None
    if monthly_requests is not None:
        given["monthly_requests"] = checked_requests(monthly_requests)
    if labels is not None or label_texts is not None:
        described = locked.label_texts if label_texts is None else label_texts
        given["label_texts"] = checked_label_texts(described, labels=given.get("labels", locked.labels))
    after = {key: value for key, value in given.items() if getattr(locked, key) != value}
    if not after:
        return locked
    _check_changes(locked, after)
    before = {key: getattr(locked, key) for key in after}
    for key, value in after.items():
        setattr(locked, key, value)
    locked.save(update_fields=list(after))
    if "name" in after:
        rename_budget(actor=actor, budget=locked.budget, name=locked.name)
    record_change(actor=actor, action="study.change", study=locked, before=before, after=after)
    return locked


def with_labels(
    *, study: Study, labels: Sequence[str] | None = None, label_texts: Mapping[str, Mapping[str, Any]] | None = None
) -> Study:
    """Return the study as it would be, not saved. Raises: StudyInvalid; LabelTextsInvalid."""
    changed = copy(study)
    if labels is not None:
        changed.labels = list(checked_labels(labels, task_type=study.task_type))
    described = study.label_texts if label_texts is None else label_texts
    changed.label_texts = checked_label_texts(described, labels=changed.labels)
    return changed


@transaction.atomic
def archive_study(*, actor: User, study: Study) -> Study:
    """Hide a study from lists and stop its spending; all it has stays. May be repeated. Raises: Forbidden."""
    require(actor=actor, action=Action.CHANGE_STUDY)
    archive_budget(actor=actor, budget=study.budget)
    return _set_archived(actor, study, archived_at=timezone.now())


@transaction.atomic
def unarchive_study(*, actor: User, study: Study) -> Study:
    """Bring an archived study back into the lists; its budget stays stopped until resumed. Raises: Forbidden."""
    require(actor=actor, action=Action.CHANGE_STUDY)
    unarchive_budget(actor=actor, budget=study.budget)
    return _set_archived(actor, study, archived_at=None)


@transaction.atomic
def duplicate_study(*, actor: User, study: Study, name: str, limit: Decimal | str, with_data: bool = False) -> Study:
    """Make another study with the same settings and price book, and a budget of its own.

    Parameters: `with_data` copies the examples with their splits and labels, which count as imported and cost nothing.
    Raises: Forbidden; StudyInvalid (name); ValueError (limit; more examples than an import takes).
    """
    spec = StudySpec(
        name=name,
        limit=limit,
        price_book=study.budget.price_book,
        labels=study.labels,
        label_texts=study.label_texts,
        instructions=study.instructions,
        **{name: getattr(study, name) for name in _SETTINGS},
    )
    made = create_study(actor=actor, spec=spec)
    made = change_study(
        actor=actor, study=made, worth_per_point=study.worth_per_point, monthly_requests=study.monthly_requests
    )
    if with_data and study.examples.exists():
        # An imported label counts as gold, which a language model's is not.
        examples = study.examples.order_by("rank")
        pieces = export_examples(study=study, examples=examples, suffix="jsonl", is_gold=True)
        batch = draft_import(actor=actor, study=made, file_name=f"study-{study.pk}.jsonl", content=b"".join(pieces))
        columns = {name: name for name in made.definition.input_fields}
        options = ImportOptions(columns=columns, label_column="label", split_column="split")
        import_examples(actor=actor, batch=batch, options=options)
    return made


@transaction.atomic
def freeze_test(*, actor: User, study: Study) -> None:
    """Note that a run takes the study's data, and close its test split to new examples, for good."""
    rows, now = Study.objects.filter(pk=study.pk), timezone.now()
    rows.update(data_used_at=now)
    if rows.filter(test_frozen_at__isnull=True).update(test_frozen_at=now):
        before, after = {"test_frozen": False}, {"test_frozen": True}
        record_change(actor=actor, action="study.freeze_test", study=study, before=before, after=after)


def _set_archived(actor: User, study: Study, *, archived_at: datetime | None) -> Study:
    is_archived = archived_at is not None
    if Study.objects.filter(pk=study.pk, archived_at__isnull=is_archived).update(archived_at=archived_at):
        before, after = {"archived": not is_archived}, {"archived": is_archived}
        record_change(actor=actor, action="study.archive", study=study, before=before, after=after)
    study.refresh_from_db()
    return study


def _check_free(name: str) -> None:
    if Study.objects.filter(name=name).exists():
        raise StudyInvalid(f"there is a study “{name}” already.", field="name")


def _check_changes(study: Study, after: dict[str, Any]) -> None:
    if "name" in after:
        _check_free(after["name"])
    found = dependents(study)
    for field, what in (("instructions", "instructions"), ("label_texts", "descriptions of the labels")):
        if field in after and found.num_open:
            raise StudyInUse(
                f"{found.num_open:,} examples are published, and annotators are working by the current "
                f"{what}. Wait until they are done, or stop the study first.",
                field=field,
            )
    if "labels" in after:
        _check_labels(study, after["labels"], found)


def _check_labels(study: Study, labels: Sequence[str], found: Dependents) -> None:
    if found.holds_labels:
        raise StudyInUse(f"{found.holds_labels}. Duplicate the study to use others.", field="labels")
    lost = [f"{number:,} labels use “{label}”" for label, number in found.in_use if label not in labels]
    if lost:
        raise StudyInUse(f"{'; '.join(lost)}. Keep these as they are.", field="labels")
    in_use = [label for label, _ in found.in_use]
    if study.definition.is_list and [label for label in labels if label in in_use] != in_use:
        raise StudyInUse(f"sets of labels are kept in the order {', '.join(in_use)}. Keep that order.", field="labels")
