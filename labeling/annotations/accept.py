"""From an annotation in Label Studio to an accepted one, its payment and the example's label."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db import transaction
from django.db.models import Case, Q, QuerySet, When
from django.utils import timezone

from accounts.models import User
from budgets.ledger import BudgetExceeded, BudgetStopped, release
from budgets.models import Origin
from labeling.annotations.deciding import decide_label
from labeling.annotations.matching import Match, match
from labeling.annotations.troubles import notify_unreadable
from labeling.label_studio import RemoteAnnotation, RemoteExample, storable
from labeling.models import Annotation, AnnotationQuerySet, Assignment, Publication
from labeling.payment import has_overshot, pay_answer, pay_skip, stop_at, take_back_skips
from labeling.widgets import ResultInvalid, widget_of
from studies.models import Example, Study
from studies.task_types import AnswerInvalid

State = Annotation.State
SURPLUS_REASON = "Surplus: the example already has all requested annotations, or one of yours."
OTHER_PERSON = "It was paid to another person than it names now."


@dataclass(frozen=True, kw_only=True)
class People:
    """Label Studio's user ids mapped to e-mail addresses, and those to our accounts."""

    emails: dict[int, str]
    accounts: dict[str, User]

    def email(self, user_id: int | None) -> str:
        if user_id is None:
            return ""
        return self.emails.get(user_id, f"Label Studio user {user_id}")[:254]

    def account(self, user_id: int | None) -> User | None:
        return self.accounts.get(self.email(user_id))


@dataclass(frozen=True, kw_only=True)
class Acceptance:
    """Whether an annotation is acceptable, before it is known whether it was requested."""

    state: Annotation.State
    reason: str = ""
    value: str = ""
    annotator: User | None = None


@dataclass(frozen=True, kw_only=True)
class MergeResult:
    num_changed: int = 0
    troubles: tuple[str, ...] = ()


@transaction.atomic
def merge(*, publication: Publication, remote: RemoteExample, people: People, changed_at: datetime) -> MergeResult:
    """Bring one example's annotations up to date with Label Studio. Idempotent, and safe beside another caller.

    Parameters: `changed_at` Label Studio's time of the last change, as listed before the annotations were fetched.
    """
    locked = Publication.objects.select_for_update(of=("self",)).select_related("example__study").get(pk=publication.pk)
    matches = _matches(locked, remote)
    changed = [one for one in matches if _follow(locked, remote.id, one, people)]
    decide_label(locked)
    troubles = tuple(one.remote.trouble for one in changed if one.remote.trouble)
    # A copy of the example has another id: its annotations count, and say nothing of what Label Studio asks of ours.
    is_ours = locked.label_studio_id in (None, remote.id)
    num_gone = _gone(locked, remote, matches, is_ours).mark_deleted()
    if is_ours:
        if locked.trouble != " ".join(remote.troubles):
            troubles += remote.troubles
        locked.label_studio_id, locked.label_studio_updated_at = remote.id, changed_at
        locked.num_answers, locked.trouble = remote.num_answers, " ".join(remote.troubles)
        locked.save(update_fields=["label_studio_id", "label_studio_updated_at", "num_answers", "trouble"])
    notify_unreadable(publication=locked, reasons=troubles)
    return MergeResult(num_changed=len(changed) + num_gone, troubles=troubles)


def _matches(publication: Publication, remote: RemoteExample) -> list[Match]:
    known = list(Annotation.objects.filter(example=publication.example).order_by("pk"))
    unique_ids = [one.unique_id for one in remote.annotations if one.unique_id is not None]
    elsewhere = Annotation.objects.filter(unique_id__in=unique_ids).exclude(example=publication.example)
    return match(
        annotations=remote.annotations,
        known=known,
        taken=set(elsewhere.values_list("unique_id", flat=True)),
        place=f"{publication.example.uid}:{remote.id}",
    )


def _gone(
    publication: Publication, remote: RemoteExample, matches: Sequence[Match], is_ours: bool
) -> AnnotationQuerySet:
    """List annotations that were deleted from this example in Label Studio."""
    here = Q(label_studio_example_id=remote.id)
    if is_ours:
        here |= Q(label_studio_example_id__isnull=True)
    known = Annotation.objects.filter(here, example=publication.example)
    return known.exclude(unique_id__in=[one.unique_id for one in matches])


@transaction.atomic
def mark_gone(*, publication: Publication, reason: str = "deleted in Label Studio") -> int:
    """Note that an example was deleted in Label Studio with its annotations, and release what it holds.

    Returns: how many annotations.
    """
    locked = Publication.objects.select_for_update().get(pk=publication.pk)
    if (locked.label_studio_id, locked.batch_id) != (publication.label_studio_id, publication.batch_id):
        # It was published again since it was looked at.
        return 0
    here = Q(label_studio_example_id__isnull=True) | Q(label_studio_example_id=locked.label_studio_id)
    num_gone = Annotation.objects.filter(here, example=locked.example_id).mark_deleted()
    locked.label_studio_id, locked.num_answers, locked.trouble = None, 0, ""
    locked.save(update_fields=["label_studio_id", "num_answers", "trouble"])
    give_back(publication=locked, because=Publication.Because.GONE, reason=reason)
    return num_gone


def give_back(
    *, publication: Publication, because: Publication.Because, reason: str, keep_for: Sequence[User] = ()
) -> int:
    """Withdraw a locked publication: release what it holds for annotations that have not come.

    Parameters: `keep_for` people who may still give theirs, each of whom keeps one assignment.
    Returns: how many assignments were given back.
    """
    waiting = list(publication.assignments.waiting().select_related("hold__budget").order_by("number"))
    for place, assignment in enumerate(waiting):
        assignment.kept_for = keep_for[place] if place < len(keep_for) else None
        assignment.save(update_fields=["kept_for"])
    given_back = waiting[len(keep_for) :]
    for assignment in given_back:
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


def assess(*, remote: RemoteAnnotation, example: Example, people: People) -> Acceptance:
    annotator = people.account(remote.completed_by)
    if remote.trouble:
        return _rejected(remote.trouble, annotator)
    if annotator is None or not annotator.is_active:
        who = people.email(remote.completed_by) or "nobody"
        return _rejected(f"Made by {who}, who has no active account in Fulcrum.", None)
    if remote.updated_by != remote.completed_by:
        who = people.email(remote.updated_by) or "nobody"
        return _rejected(f"Written by {who} in another's name.", annotator)
    if remote.was_cancelled:
        return Acceptance(state=State.SKIPPED, annotator=annotator)
    try:
        value = _answer(remote, example)
    except (ResultInvalid, AnswerInvalid) as error:
        return _rejected(str(error), annotator)
    return Acceptance(state=State.ACCEPTED, value=value, annotator=annotator)


def _rejected(reason: str, annotator: User | None) -> Acceptance:
    kept, _ = storable(reason)
    return Acceptance(state=State.REJECTED, reason=str(kept)[:200], annotator=annotator)


def _answer(remote: RemoteAnnotation, example: Example) -> str:
    """Read the answer in the one form, so that equal answers are equal texts."""
    study = example.study
    target = widget_of(study.definition).target(result=remote.result, fields=example.fields, labels=study.labels)
    return study.definition.read_answer(given=target, fields=example.fields, labels=study.labels)


def _follow(publication: Publication, example_id: int, match: Match, people: People) -> bool:
    """Bring one annotation up to date. Returns: whether anything of it is new.

    What was accepted stays so, and paid, once: an edit changes the answer's value. Anything else may be acceptable by
    now, even unchanged; it then keeps its reason if its state stays.
    """
    remote = match.remote
    acceptance = assess(remote=remote, example=publication.example, people=people)
    # Another of the same example may have changed what this one is paid.
    row = Annotation.objects.filter(pk=match.row.pk).first() if match.row else None
    annotation = row or Annotation(
        unique_id=match.unique_id, example=publication.example, created_at=remote.created_at, lead_time=None
    )
    before = _columns(annotation)
    is_edited = (annotation.updated_at, annotation.label_studio_id) != (remote.updated_at, remote.id)
    _write(annotation, remote, example_id, people)
    if annotation.state == State.ACCEPTED:
        if is_edited:
            _edit(annotation, acceptance)
    elif is_edited or _is_better(annotation, acceptance):
        state, reason = annotation.state, annotation.reason
        _apply(publication, annotation, acceptance)
        if not is_edited and annotation.state == state:
            annotation.reason = reason
    if row is not None and _columns(annotation) == before:
        return False
    annotation.save()
    return True


def _is_better(annotation: Annotation, acceptance: Acceptance) -> bool:
    """Whether an unchanged annotation is more acceptable by now. A deactivated maker changes nothing."""
    return acceptance.state != State.REJECTED or (annotation.annotator_id is None and acceptance.annotator is not None)


def _columns(annotation: Annotation) -> dict[str, object]:
    return {field.attname: getattr(annotation, field.attname) for field in Annotation._meta.concrete_fields}


def _write(annotation: Annotation, remote: RemoteAnnotation, example_id: int, people: People) -> None:
    annotation.label_studio_id, annotation.label_studio_example_id = remote.id, example_id
    annotation.result, annotation.updated_at, annotation.deleted_at = remote.result, remote.updated_at, None
    if annotation.entry_id is None:
        annotation.completed_by = people.email(remote.completed_by)
    # Label Studio adds up an annotation's open times; a lower figure comes from a client that lost count.
    times = [time for time in (annotation.lead_time, remote.lead_time) if time is not None]
    annotation.lead_time = max(times, default=None)


def _edit(annotation: Annotation, acceptance: Acceptance) -> None:
    if acceptance.state == State.ACCEPTED and acceptance.annotator == annotation.annotator:
        annotation.value, annotation.reason = acceptance.value, ""
    else:
        annotation.reason = f"Edited; the earlier annotation is kept. {acceptance.reason}".strip()[:200]


def _apply(publication: Publication, annotation: Annotation, acceptance: Acceptance) -> None:
    """Set the state; an acceptable annotation is paid from a free assignment, or is surplus without one."""
    if annotation.entry_id is not None and acceptance.annotator != annotation.annotator:
        acceptance = _rejected(acceptance.reason or OTHER_PERSON, annotation.annotator)
    annotation.state, annotation.reason, annotation.value = acceptance.state, acceptance.reason, acceptance.value
    annotation.annotator = acceptance.annotator
    is_replay = acceptance.annotator is not None and acceptance.annotator.is_replay
    annotation.origin = Origin.REPLAY if is_replay else Origin.PERSON
    if acceptance.state == State.SKIPPED:
        pay_skip(publication=publication, annotation=annotation)
        return
    annotation.awaits_pay = False
    if acceptance.state == State.ACCEPTED and not _accept(publication, annotation, acceptance.annotator):
        annotation.state = State.SURPLUS
        annotation.reason = annotation.reason or SURPLUS_REASON


def _accept(publication: Publication, annotation: Annotation, annotator: User | None) -> bool:
    """Fill an assignment with an annotation and pay for it. Returns: whether one was free and could be paid."""
    theirs = Annotation.objects.filter(example=publication.example, annotator=annotator, state=State.ACCEPTED)
    if annotator is None or theirs.exists():
        return False
    assignment = _free_assignment(publication, annotator) or _withdrawn_assignment(publication, annotation)
    if assignment is None:
        return False
    try:
        entry = pay_answer(assignment=assignment, annotation=annotation)
    except (BudgetExceeded, BudgetStopped) as refusal:
        annotation.reason = f"Made after it was withdrawn. {refusal}"[:200]
        return False
    take_back_skips(annotation)
    annotation.assignment, annotation.entry = assignment, entry
    return True


def _free_assignment(publication: Publication, annotator: User) -> Assignment | None:
    """Find an assignment for this person, first one that was kept for them."""
    free = publication.assignments.asking().filter(Q(kept_for__isnull=True) | Q(kept_for=annotator))
    mine_first = Case(When(kept_for=annotator, then=0), default=1)
    return _with_hold(free).order_by(mine_first, "number").first()


def _withdrawn_assignment(publication: Publication, annotation: Annotation) -> Assignment | None:
    """Find an assignment for an answer that raced a withdrawal: one per annotator and stop, kept ones counted."""
    stop = stop_at(budget=publication.example.study.budget, moment=annotation.updated_at)
    if stop is None or publication.withdrawn_because != Publication.Because.STOPPED:
        return None
    study, annotator = publication.example.study, annotation.annotator
    kept = Assignment.objects.filter(
        kept_for=annotator, publication__example__study=study, hold__closed_at__isnull=True
    )
    if kept.exists() or has_overshot(stop=stop, annotator=annotator):
        annotation.reason = "Made after the stop; only the example open at the stop is paid."
        return None
    unfilled = publication.assignments.filter(annotation__isnull=True, only_if_they_differ=False)
    return _with_hold(unfilled).order_by("number").first()


def _with_hold(assignments: QuerySet[Assignment]) -> QuerySet[Assignment]:
    return assignments.select_related("hold__price__book", "hold__budget", "hold__fee", "publication__example__study")
