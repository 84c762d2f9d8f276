"""Creating, changing, archiving and duplicating studies."""

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any

from django.db import transaction
from django.utils import timezone

from accounts.models import User
from accounts.permissions import Action, require
from budgets.limits import archive_budget, open_budget, rename_budget, unarchive_budget
from config.refusals import Refusal
from studies.editing.specs import StudyInvalid, StudySpec, checked_instructions, checked_labels, checked_name
from studies.exports import export_examples
from studies.imports import ImportOptions, draft_import, import_examples
from studies.models import Study
from studies.queries import Dependents, dependents
from studies.records import record_change

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
_COPIED = (
    "metric",
    "annotations_per_example",
    "pay_basis",
    "max_paid_seconds",
    "dev_fraction",
    "test_fraction",
    "seed",
)


class StudyInUse(Refusal):
    """Something depends on the field to be changed; the message says what."""


@transaction.atomic
def create_study(*, actor: User, spec: StudySpec) -> Study:
    """Create a study and open its budget.

    Raises: Forbidden; StudyInvalid (the name is taken); ValueError (limit).
    """
    require(actor=actor, action=Action.CREATE_STUDY)
    _check_free(spec.name)
    study = Study.objects.create(
        name=spec.name,
        task_type=spec.task_type,
        labels=list(spec.cleaned_labels),
        instructions=spec.instructions,
        metric=spec.metric,
        budget=open_budget(actor=actor, name=spec.name, limit=spec.limit, price_book=spec.price_book),
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
    record_change(
        actor=actor, action="study.create", study=study, after={name: getattr(study, name) for name in _RECORDED}
    )
    return study


@transaction.atomic
def change_study(
    *,
    actor: User,
    study: Study,
    name: str | None = None,
    instructions: str | None = None,
    labels: Sequence[str] | None = None,
) -> Study:
    """Change what is given of a study, all of it or nothing. A name may change at any time.

    Label Studio's project follows by labeling.label_studio.update_project, or when examples are published next.

    Raises: Forbidden; StudyInvalid; StudyInUse (instructions that people work by, labels that something depends on).
    """
    require(actor=actor, action=Action.CHANGE_STUDY)
    locked = Study.objects.select_for_update().get(pk=study.pk)
    wanted: dict[str, Any] = {}
    if name is not None:
        wanted["name"] = checked_name(name)
    if instructions is not None:
        wanted["instructions"] = checked_instructions(instructions)
    if labels is not None:
        wanted["labels"] = list(checked_labels(labels, task_type=locked.task_type))
    before = {key: getattr(locked, key) for key, value in wanted.items() if getattr(locked, key) != value}
    if not before:
        return locked
    _check_changes(locked, before, wanted)
    for key in before:
        setattr(locked, key, wanted[key])
    locked.save(update_fields=list(before))
    if "name" in before:
        rename_budget(actor=actor, budget=locked.budget, name=locked.name)
    record_change(
        actor=actor, action="study.change", study=locked, before=before, after={key: wanted[key] for key in before}
    )
    return locked


@transaction.atomic
def archive_study(*, actor: User, study: Study) -> Study:
    """Hide a study from lists and stop its spending; all it has stays. May be repeated.

    Published examples are withdrawn and runs pause, as with any stop.
    Raises: Forbidden.
    """
    require(actor=actor, action=Action.CHANGE_STUDY)
    archive_budget(actor=actor, budget=study.budget)
    return _set_archived(actor, study, archived_at=timezone.now())


@transaction.atomic
def unarchive_study(*, actor: User, study: Study) -> Study:
    """Bring an archived study back into the lists. Its budget stays stopped until it is resumed.

    Raises: Forbidden.
    """
    require(actor=actor, action=Action.CHANGE_STUDY)
    unarchive_budget(actor=actor, budget=study.budget)
    return _set_archived(actor, study, archived_at=None)


@transaction.atomic
def duplicate_study(*, actor: User, study: Study, name: str, limit: Decimal | str, with_data: bool = False) -> Study:
    """Make another study with the same settings and price book, and a budget of its own.

    Parameters: `limit` what the new one may spend, none of it taken from the other; `with_data` copies the examples
    with their splits and labels, as an import of the other's export: labels come as imported ones, which cost nothing.
    Raises: Forbidden; StudyInvalid (name); ValueError (limit; more examples than an import takes).
    """
    spec = StudySpec(
        name=name,
        limit=limit,
        price_book=study.budget.price_book,
        task_type=study.task_type,
        labels=study.labels,
        instructions=study.instructions,
        student_model=study.student_model,
        teacher_model=study.teacher_model,
        **{key: getattr(study, key) for key in _COPIED},
    )
    made = create_study(actor=actor, spec=spec)
    if with_data and study.examples.exists():
        _copy_examples(actor, study, made)
    return made


@transaction.atomic
def freeze_test(*, actor: User, study: Study) -> None:
    """Note that a run takes the study's data, and close its test split to new examples, for good."""
    now = timezone.now()
    Study.objects.filter(pk=study.pk).update(data_used_at=now)
    if Study.objects.filter(pk=study.pk, test_frozen_at__isnull=True).update(test_frozen_at=now):
        record_change(
            actor=actor,
            action="study.freeze_test",
            study=study,
            before={"test_frozen": False},
            after={"test_frozen": True},
        )


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


def _check_changes(study: Study, before: dict[str, Any], wanted: dict[str, Any]) -> None:
    if "name" in before:
        _check_free(wanted["name"])
    found = dependents(study)
    if "instructions" in before and found.num_open:
        raise StudyInUse(
            f"{found.num_open:,} examples are published, and annotators are working by the current "
            "instructions. Wait until they are done, or stop the study first.",
            field="instructions",
        )
    if "labels" in before:
        _check_labels(study, wanted["labels"], found)


def _check_labels(study: Study, wanted: Sequence[str], found: Dependents) -> None:
    if found.holds_labels:
        raise StudyInUse(f"{found.holds_labels}. Duplicate the study to use others.", field="labels")
    lost = [f"{number:,} labels use “{label}”" for label, number in found.in_use if label not in wanted]
    if lost:
        raise StudyInUse(f"{'; '.join(lost)}. Keep these as they are.", field="labels")
    in_use = [label for label, _ in found.in_use]
    if study.definition.is_list and [label for label in wanted if label in in_use] != in_use:
        raise StudyInUse(f"sets of labels are kept in the order {', '.join(in_use)}. Keep that order.", field="labels")


def _copy_examples(actor: User, study: Study, made: Study) -> None:
    pieces = export_examples(study=study, examples=study.examples.order_by("rank"), suffix="jsonl")
    batch = draft_import(actor=actor, study=made, file_name=f"study-{study.pk}.jsonl", content=b"".join(pieces))
    options = ImportOptions(
        columns={name: name for name in made.definition.input_fields}, label_column="label", split_column="split"
    )
    import_examples(actor=actor, batch=batch, options=options)
