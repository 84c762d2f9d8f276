"""From what an annotator did in Label Studio to an accepted annotation, its payment and the example's label."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from django.db import transaction
from django.utils import timezone

from accounts.models import User
from budgets.models import LedgerEntry, Origin
from budgets.operations import Cost, settle
from labeling.models import Annotation, Assignment, Publication
from labeling.project import task_type_of
from labeling.remote import RemoteAnnotation, RemoteExample
from labeling.task_types import ResultInvalid
from studies.models import Example, Label
from studies.operations import assign_label

State = Annotation.State


@dataclass(frozen=True, kw_only=True)
class People:
    """Who is who: Label Studio's user ids to e-mail addresses, and those to our people."""

    emails: dict[int, str]
    accounts: dict[str, User]

    def email(self, user_id: int | None) -> str:
        if user_id is None:
            return ""
        return self.emails.get(user_id, f"Label Studio user {user_id}")

    def account(self, user_id: int | None) -> User | None:
        return self.accounts.get(self.email(user_id))


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """What an annotation is worth before it is known whether it was asked for."""

    state: Annotation.State
    reason: str = ""
    value: str = ""
    annotator: User | None = None


@transaction.atomic
def merge(*, publication: Publication, remote: RemoteExample, people: People, changed_at: datetime) -> int:
    """Bring one example's annotations up to date with Label Studio.

    Idempotent, and safe beside another caller: the publication's row is locked, annotations are known by their unique
    id, and the ledger by the same. What is gone from Label Studio is marked, and stays paid.

    Parameters: `changed_at` Label Studio's time of the example's last change, as listed before the annotations were
    fetched.
    Returns: how many annotations are new or changed.
    """
    locked = Publication.objects.select_for_update(of=("self",)).select_related("example__study").get(pk=publication.pk)
    known = {one.unique_id: one for one in Annotation.objects.filter(example=locked.example)}
    num_changed = 0
    for one in remote.annotations:
        existing = known.pop(one.unique_id, None)
        verdict = judge(remote=one, example=locked.example, people=people)
        if existing is None:
            _add(locked, one, verdict, people)
            num_changed += 1
        elif _is_stale(existing, one):
            _update(locked, existing, one, verdict)
            num_changed += 1
    _decide_label(locked.example)
    if locked.label_studio_id not in (None, remote.id):
        # A copy of the example: its annotations count, and say nothing about those of the other.
        return num_changed
    num_changed += _mark_deleted(known.values())
    locked.label_studio_id = remote.id
    locked.label_studio_updated_at = changed_at
    locked.save(update_fields=["label_studio_id", "label_studio_updated_at"])
    return num_changed


def mark_gone(*, publication: Publication) -> int:
    """Note that an example was deleted in Label Studio with all its annotations. Returns: how many annotations."""
    return _mark_deleted(Annotation.objects.filter(example=publication.example))


def judge(*, remote: RemoteAnnotation, example: Example, people: People) -> Verdict:
    """Say whether an annotation could be accepted, from who made it and what it says."""
    annotator = people.account(remote.completed_by)
    if annotator is None or not annotator.is_active:
        who = people.email(remote.completed_by) or "nobody"
        return Verdict(state=State.REJECTED, reason=f"Made by {who}, who has no active account in Fulcrum.")
    if remote.updated_by not in (None, remote.completed_by):
        who = people.email(remote.updated_by)
        return Verdict(state=State.REJECTED, reason=f"Written by {who} in another's name.", annotator=annotator)
    if remote.was_cancelled:
        return Verdict(state=State.SKIPPED, annotator=annotator)
    study = example.study
    try:
        value = task_type_of(study=study).target(result=remote.result, labels=study.labels)
    except ResultInvalid as error:
        return Verdict(state=State.REJECTED, reason=str(error)[:200], annotator=annotator)
    return Verdict(state=State.ACCEPTED, value=value, annotator=annotator)


def _is_stale(existing: Annotation, remote: RemoteAnnotation) -> bool:
    """Whether Label Studio knows better. A rejected one is looked at again: its maker may have an account by now."""
    is_changed = existing.updated_at != remote.updated_at or existing.label_studio_id != remote.id
    return is_changed or existing.deleted_at is not None or existing.state == State.REJECTED


def _add(publication: Publication, remote: RemoteAnnotation, verdict: Verdict, people: People) -> None:
    annotation = Annotation(
        unique_id=remote.unique_id,
        example=publication.example,
        completed_by=people.email(remote.completed_by),
        created_at=remote.created_at,
        lead_time=None,
    )
    _write(annotation, remote)
    _apply(publication, annotation, verdict)
    annotation.save()


def _update(publication: Publication, existing: Annotation, remote: RemoteAnnotation, verdict: Verdict) -> None:
    """Follow an edit. What was accepted stays accepted and paid once: an edit changes its value, or nothing."""
    _write(existing, remote)
    if existing.state != State.ACCEPTED:
        _apply(publication, existing, verdict)
    elif verdict.state == State.ACCEPTED:
        existing.value, existing.reason = verdict.value, ""
    else:
        existing.reason = f"Edited; the earlier answer stands. {verdict.reason}".strip()[:200]
    existing.save()


def _write(annotation: Annotation, remote: RemoteAnnotation) -> None:
    annotation.label_studio_id = remote.id
    annotation.result = remote.result
    annotation.updated_at = remote.updated_at
    annotation.deleted_at = None
    # Label Studio adds up an annotation's open times; a lower figure comes from a client that lost count.
    times = [time for time in (annotation.lead_time, remote.lead_time) if time is not None]
    annotation.lead_time = max(times, default=None)


def _apply(publication: Publication, annotation: Annotation, verdict: Verdict) -> None:
    """Take the verdict; an acceptable annotation is paid from a free assignment, or is surplus without one."""
    annotation.state, annotation.reason, annotation.value = verdict.state, verdict.reason, verdict.value
    annotation.annotator = verdict.annotator
    is_replay = verdict.annotator is not None and verdict.annotator.is_replay
    annotation.origin = Origin.REPLAY if is_replay else Origin.PERSON
    if verdict.state != State.ACCEPTED:
        return
    assignment = _free_assignment(publication, verdict.annotator)
    if assignment is None:
        annotation.state = State.SURPLUS
        annotation.reason = "Not asked for: all annotations of this example are there, or this person's is."
        return
    annotation.assignment = assignment
    annotation.entry = _pay(assignment, annotation)


def _free_assignment(publication: Publication, annotator: User | None) -> Assignment | None:
    """Find what a further annotation by this person could fill: each fills one assignment of an example at most."""
    taken = Annotation.objects.filter(example=publication.example, annotator=annotator, state=State.ACCEPTED)
    if taken.exists():
        return None
    free = publication.assignments.filter(annotation__isnull=True, hold__closed_at__isnull=True)
    return free.select_related("hold__price", "hold__budget").order_by("number").first()


def _pay(assignment: Assignment, annotation: Annotation) -> LedgerEntry:
    cost = Cost(
        source_key=annotation.source_key,
        quantity=Decimal(1),
        amount=assignment.hold.price.rate,
        origin=Origin(annotation.origin),
        occurred_at=annotation.created_at,
        payee=annotation.annotator,
    )
    return settle(hold=assignment.hold, cost=cost)


def _mark_deleted(annotations: Iterable[Annotation]) -> int:
    gone = [one for one in annotations if one.deleted_at is None]
    for one in gone:
        one.deleted_at = timezone.now()
        one.save(update_fields=["deleted_at"])
    return len(gone)


def _decide_label(example: Example) -> None:
    """Give the example the value that most of its accepted annotations have; of equal ones, the earliest."""
    accepted = list(Annotation.objects.filter(example=example, state=State.ACCEPTED).order_by("created_at", "pk"))
    if not accepted:
        return
    value, _ = Counter(one.value for one in accepted).most_common(1)[0]
    keys = sorted(one.source_key for one in accepted)
    current = Label.objects.filter(example=example).first()
    if current is None or (current.value, current.source_keys) != (value, keys):
        assign_label(example=example, value=value, source_keys=keys)
