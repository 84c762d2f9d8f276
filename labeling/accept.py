"""From what an annotator did in Label Studio to an accepted annotation, its payment and the example's label."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db import transaction
from django.db.models import Case, QuerySet, When
from django.utils import timezone

from accounts.models import User
from budgets.models import Origin
from budgets.operations import BudgetExceeded, BudgetStopped, release
from labeling.models import Annotation, Assignment, Publication
from labeling.pay import has_overshot, pay_answer, pay_skip, stop_at, take_back_skip
from labeling.project import task_type_of
from labeling.remote import RemoteAnnotation, RemoteExample
from labeling.task_types import ResultInvalid
from studies.answers import FORMS, AnswerInvalid
from studies.models import Example, Label, Study
from studies.operations import assign_label

State = Annotation.State
SURPLUS_REASON = "Surplus: all requested annotations exist, or yours does."


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
    """What an annotation is worth before it is known whether it was requested."""

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


@transaction.atomic
def mark_gone(*, publication: Publication, reason: str = "deleted in Label Studio") -> int:
    """Note that an example is gone from Label Studio with all its annotations; it may be offered again.

    Its open assignments are withdrawn, and their money is released with the reason.
    Returns: how many annotations.
    """
    locked = Publication.objects.select_for_update().get(pk=publication.pk)
    locked.label_studio_id = None
    locked.save(update_fields=["label_studio_id"])
    give_back(publication=locked, because=Publication.Because.GONE, reason=reason)
    return _mark_deleted(Annotation.objects.filter(example=locked.example_id))


def give_back(
    *, publication: Publication, because: Publication.Because, reason: str, keep_for: Sequence[User] = ()
) -> int:
    """Release what a locked publication holds for annotations that have not come; it is withdrawn then.

    Parameters: `keep_for` people who may still give theirs, each of whom keeps one assignment.
    Returns: how many assignments were given back.
    """
    waiting = publication.assignments.filter(annotation__isnull=True, hold__closed_at__isnull=True)
    open_ones = list(waiting.select_related("hold__budget").order_by("number"))
    for assignment, person in zip(open_ones, keep_for, strict=False):
        assignment.kept_for = person
        assignment.save(update_fields=["kept_for"])
    given_back = open_ones[len(keep_for) :]
    for assignment in given_back:
        assignment.kept_for = None
        assignment.save(update_fields=["kept_for"])
        release(hold=assignment.hold, reason=reason)
    if given_back:
        publication.withdrawn_at, publication.withdrawn_because = timezone.now(), because
        publication.save(update_fields=["withdrawn_at", "withdrawn_because"])
    return len(given_back)


def pay_waiting(*, study: Study) -> int:
    """Try again to pay for skips that the budget had no room for. Returns: how many were paid now."""
    waiting = Annotation.objects.filter(example__study=study, awaits_pay=True).order_by("created_at", "pk")
    return sum(_pay_waiting(pk) for pk in waiting.values_list("pk", flat=True))


@transaction.atomic
def _pay_waiting(pk: int) -> bool:
    rows = Annotation.objects.select_related("example__publication", "annotator")
    publication = Publication.objects.select_for_update().get(example=rows.get(pk=pk).example)
    annotation = rows.get(pk=pk)
    if annotation.awaits_pay:
        pay_skip(publication=publication, annotation=annotation)
        annotation.save(update_fields=["awaits_pay", "entry"])
    return annotation.entry is not None


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
    try:
        value = _answer(remote, example)
    except (ResultInvalid, AnswerInvalid) as error:
        return Verdict(state=State.REJECTED, reason=str(error)[:200], annotator=annotator)
    return Verdict(state=State.ACCEPTED, value=value, annotator=annotator)


def _answer(remote: RemoteAnnotation, example: Example) -> str:
    """Read what was answered, in the one form, so that equal answers count as equal and each can become the label."""
    study = example.study
    target = task_type_of(study=study).target(result=remote.result, fields=example.fields, labels=study.labels)
    return FORMS[study.task_type].read(given=target, fields=example.fields, labels=study.labels)


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
    """Follow an edit. What was paid stays so, once: an edit changes an answer's value, or a skip into an answer."""
    _write(existing, remote)
    if existing.state == State.ACCEPTED and verdict.state == State.ACCEPTED:
        existing.value, existing.reason = verdict.value, ""
    elif existing.state == State.ACCEPTED:
        existing.reason = f"Edited; the earlier annotation is kept. {verdict.reason}".strip()[:200]
    elif existing.entry is None:
        _apply(publication, existing, verdict)
    elif verdict.state == State.ACCEPTED:
        _answer_instead(publication, existing, verdict)
    existing.save()


def _answer_instead(publication: Publication, skip: Annotation, verdict: Verdict) -> None:
    """Let a paid skip become the answer that it was edited into, if one is still requested."""
    if _accept(publication, skip, verdict.annotator):
        skip.state, skip.reason, skip.value = verdict.state, "", verdict.value
    else:
        skip.reason = "Annotated when no annotation was requested; the skip is kept."


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
    annotation.awaits_pay = False
    if verdict.state == State.SKIPPED:
        pay_skip(publication=publication, annotation=annotation)
    elif verdict.state == State.ACCEPTED and not _accept(publication, annotation, verdict.annotator):
        annotation.state = State.SURPLUS
        annotation.reason = annotation.reason or SURPLUS_REASON


def _accept(publication: Publication, annotation: Annotation, annotator: User | None) -> bool:
    """Fill an assignment with an annotation and pay for it. Returns: whether one was free and could be paid."""
    taken = Annotation.objects.filter(example=publication.example, annotator=annotator, state=State.ACCEPTED)
    if annotator is None or taken.exists():
        return False
    assignment = _free_assignment(publication, annotator) or _withdrawn_assignment(publication, annotation)
    if assignment is None:
        return False
    try:
        entry = pay_answer(assignment=assignment, annotation=annotation)
    except (BudgetExceeded, BudgetStopped) as refusal:
        annotation.reason = f"Made after it was withdrawn. {refusal}"[:200]
        return False
    take_back_skip(annotation)
    annotation.assignment, annotation.entry = assignment, entry
    return True


def _free_assignment(publication: Publication, annotator: User) -> Assignment | None:
    """Find what a further annotation by this person could fill; first of all what was kept for them."""
    free = publication.assignments.filter(annotation__isnull=True, hold__closed_at__isnull=True)
    mine_first = Case(When(kept_for=annotator, then=0), default=1)
    return _with_hold(free).order_by(mine_first, "number").first()


def _withdrawn_assignment(publication: Publication, annotation: Annotation) -> Assignment | None:
    """Find what an answer may fill that raced past a withdrawal: one per annotator and stop, kept ones counted."""
    stop = stop_at(budget=publication.example.study.budget, moment=annotation.updated_at)
    if stop is None or publication.withdrawn_because != Publication.Because.STOPPED:
        return None
    kept = Assignment.objects.filter(
        kept_for=annotation.annotator,
        publication__example__study=publication.example.study,
        hold__closed_at__isnull=True,
    )
    if kept.exists() or has_overshot(stop=stop, annotator=annotation.annotator):
        annotation.reason = "Made after the stop; what this person had open when it came is paid, and no more."
        return None
    return _with_hold(publication.assignments.filter(annotation__isnull=True)).order_by("number").first()


def _with_hold(assignments: QuerySet[Assignment]) -> QuerySet[Assignment]:
    return assignments.select_related("hold__price__book", "hold__budget", "hold__fee", "publication__example__study")


def _mark_deleted(annotations: Iterable[Annotation]) -> int:
    gone = [one for one in annotations if one.deleted_at is None]
    for one in gone:
        one.deleted_at = timezone.now()
        one.save(update_fields=["deleted_at"])
    return len(gone)


def _decide_label(example: Example) -> None:
    """Give the example what its accepted annotations agree on, as its task type decides between them."""
    accepted = list(Annotation.objects.filter(example=example, state=State.ACCEPTED).order_by("created_at", "pk"))
    if not accepted:
        return
    value = task_type_of(study=example.study).agreed(
        targets=[one.value for one in accepted], labels=example.study.labels
    )
    keys = sorted(one.source_key for one in accepted)
    current = Label.objects.filter(example=example).first()
    if current is None or (current.value, current.source_keys) != (value, keys):
        assign_label(example=example, value=value, source_keys=keys)
