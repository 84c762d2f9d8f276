"""Offering examples in Label Studio: the money is held first, then they are sent, once."""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from django.db import transaction
from django.db.models import Q, QuerySet
from django.utils import timezone

from accounts.audit import record
from accounts.models import User
from accounts.permissions import Action, require
from budgets.models import Kind, Path, Price
from budgets.operations import BudgetExceeded, place_hold, price_at
from labeling.client import IMPORT_TIMEOUT_SECONDS, LabelStudioClient, LabelStudioUnreachable, connect
from labeling.models import Assignment, Batch, LabelingProject, Publication
from labeling.project import ensure_project, task_type_of
from studies.models import Example, Split, Study

EXAMPLES_PER_BATCH = 1000
# How long a POST that we lost sight of may take to appear in Label Studio: 1,000 examples take it 1.5 seconds.
SECONDS_TO_APPEAR = 10
LEASE_SECONDS = IMPORT_TIMEOUT_SECONDS + SECONDS_TO_APPEAR


@dataclass(frozen=True, kw_only=True)
class PublishResult:
    """What a publishing did. `num_already` were on offer before; `num_short` the budget could not take."""

    batches: tuple[Batch, ...]
    num_offered: int
    num_already: int
    num_short: int


@dataclass(frozen=True, kw_only=True)
class _Wish:
    """What somebody wants offered."""

    actor: User
    study: Study
    split: str
    num_examples: int
    request_key: str


def publish(
    *,
    actor: User,
    study: Study,
    num_examples: int | None = None,
    split: str = Split.POOL,
    request_key: str = "",
) -> PublishResult:
    """Offer more of a study's examples for labelling, in rank order, as many as the budget takes.

    Each asked-for annotation gets a hold at the price of now before anything is sent. Safe to repeat: what is on
    offer is not offered again, and a batch that a crash left half-sent is completed.

    Parameters: `num_examples` how many more, >= 1, or None for all; `request_key` names the request, so that the same
    form sent twice offers once.
    Returns: what was offered, and how many the budget could not take.
    Raises: Forbidden; ValueError (number, split); BudgetExceeded (not one fits; nothing is held); PriceMissing;
    LabelStudioUnreachable (before anything was held, or later: then what is held is sent when it answers again).
    """
    require(actor=actor, action=Action.PUBLISH_EXAMPLES)
    if num_examples is not None and num_examples < 1:
        raise ValueError(f"examples: {num_examples} must be 1 or more.")
    if split not in Split.values:
        raise ValueError(f"split: {split!r} is not one of {', '.join(Split.values)}.")
    client = connect()
    project = ensure_project(study=study, client=client)
    resume_batches(project=project, client=client)
    num_already = Publication.objects.filter(batch__project=project, example__split=split).count()
    candidates = offerable(study=study, split=split).count()
    wish = _Wish(
        actor=actor,
        study=study,
        split=split,
        num_examples=min(num_examples or candidates, candidates),
        request_key=request_key,
    )
    offered = _offer(wish, project, client)
    return PublishResult(
        batches=tuple(held.batch for held in offered),
        num_offered=sum(held.num_examples for held in offered),
        num_already=num_already,
        num_short=sum(held.num_short for held in offered),
    )


def offerable(*, study: Study, split: str) -> QuerySet[Example]:
    """List, in rank order, the examples of a split that are neither on offer nor labelled."""
    return study.examples.filter(split=split, publication__isnull=True, label__isnull=True).order_by("rank")


def resume_batches(*, project: LabelingProject, client: LabelStudioClient) -> int:
    """Complete what a crash left half-sent, unless somebody is at it. Returns: how many batches were completed."""
    return sum(_send(batch, client) for batch in project.batches.filter(state=Batch.State.PENDING).order_by("pk"))


@dataclass(frozen=True, kw_only=True)
class _Held:
    """A batch whose money is set aside; `num_short` more were wanted than the budget could take."""

    batch: Batch
    num_examples: int
    num_short: int


def _offer(wish: _Wish, project: LabelingProject, client: LabelStudioClient) -> list[_Held]:
    offered: list[_Held] = []
    left = wish.num_examples
    while left > 0:
        held = _hold_batch(wish, project, place=len(offered), left=left)
        if held is None:
            break
        offered.append(held)
        try:
            _send(held.batch, client)
        except LabelStudioUnreachable as error:
            num_held = sum(one.num_examples for one in offered)
            raise LabelStudioUnreachable(
                f"{error} {num_held:,} examples have their money held; those not there yet are sent when it answers."
            ) from error
        left = 0 if held.num_short else left - held.num_examples
    return offered


@transaction.atomic
def _hold_batch(wish: _Wish, project: LabelingProject, *, place: int, left: int) -> _Held | None:
    """Choose the next examples and hold their price, under the project's lock: no two callers choose the same.

    Returns: None when nothing is left to offer, or this very request was carried out before.
    Raises: BudgetExceeded when not even one example of the whole request fits.
    """
    locked = LabelingProject.objects.select_for_update().get(pk=project.pk)
    uid = uuid.uuid5(locked.uid, f"{wish.request_key}:{place}") if wish.request_key else uuid.uuid4()
    examples = list(offerable(study=wish.study, split=wish.split)[: min(left, EXAMPLES_PER_BATCH)])
    if not examples or Batch.objects.filter(uid=uid).exists():
        return None
    price = price_at(book=wish.study.budget.price_book, kind=Kind.LABEL, at=timezone.now())
    batch = Batch.objects.create(project=locked, uid=uid, created_by=wish.actor)
    for num_held, example in enumerate(examples):
        try:
            _hold_example(batch, example, price)
        except BudgetExceeded:
            if num_held == 0 and place == 0:
                raise
            _record(wish, batch, num_held)
            return _Held(batch=batch, num_examples=num_held, num_short=left - num_held)
    _record(wish, batch, len(examples))
    return _Held(batch=batch, num_examples=len(examples), num_short=0)


def _record(wish: _Wish, batch: Batch, num_examples: int) -> None:
    if not num_examples:
        return
    study = wish.study
    record(
        actor=wish.actor,
        action="labelling.publish",
        subject=f"Labelling of “{study}”",
        subject_id=batch.project_id,
        budget_id=study.budget_id,
        before={},
        after={
            "batch": str(batch.uid),
            "split": wish.split,
            "examples": num_examples,
            "annotations_per_example": study.annotations_per_example,
        },
    )


@transaction.atomic
def _hold_example(batch: Batch, example: Example, price: Price) -> None:
    """Hold all the annotations that an example asks for, or none."""
    study = batch.project.study
    publication = Publication.objects.create(batch=batch, example=example)
    for number in range(1, study.annotations_per_example + 1):
        hold = place_hold(
            budget=study.budget,
            source_key=f"assignment:{example.uid}:{number}",
            amount=price.rate,
            price=price,
            path=Path.ANNOTATE,
        )
        Assignment.objects.create(publication=publication, number=number, hold=hold)


def _send(batch: Batch, client: LabelStudioClient) -> bool:
    """Send a batch unless it is there, and note the ids it got.

    Claimed by a conditional update with a lease that outlasts the POST: after a crash, whoever is next can tell for
    certain whether the examples arrived. Returns: False when somebody else is at it, or it was done.
    """
    now = timezone.now()
    is_free = Q(leased_until__isnull=True) | Q(leased_until__lt=now)
    waiting = Batch.objects.filter(is_free, pk=batch.pk, state=Batch.State.PENDING)
    if not waiting.update(leased_until=now + timedelta(seconds=LEASE_SECONDS)):
        return False
    try:
        _send_missing(batch, client)
    except LabelStudioUnreachable:
        soon = timezone.now() + timedelta(seconds=SECONDS_TO_APPEAR)
        Batch.objects.filter(pk=batch.pk, state=Batch.State.PENDING).update(leased_until=soon)
        raise
    return True


def _send_missing(batch: Batch, client: LabelStudioClient) -> None:
    project_id = batch.project.label_studio_id
    assert project_id is not None, "a batch is made after its project"
    publications = list(batch.publications.select_related("example__study").order_by("example__rank"))
    found = client.examples_of_batch(project_id=project_id, batch_uid=str(batch.uid))
    missing = [one for one in publications if str(one.example.uid) not in found]
    if missing:
        client.create_examples(project_id=project_id, rows=[_row(batch, one) for one in missing])
        found = client.examples_of_batch(project_id=project_id, batch_uid=str(batch.uid))
    _mark_offered(batch, publications, found)


def _row(batch: Batch, publication: Publication) -> dict[str, dict[str, str]]:
    example = publication.example
    shown = task_type_of(study=example.study).data(fields=example.fields)
    return {"data": {**shown, "item_uid": str(example.uid), "batch_uid": str(batch.uid)}}


@transaction.atomic
def _mark_offered(batch: Batch, publications: Sequence[Publication], ids: dict[str, int]) -> None:
    for publication in publications:
        publication.label_studio_id = ids.get(str(publication.example.uid))
    Publication.objects.bulk_update(publications, ["label_studio_id"], batch_size=EXAMPLES_PER_BATCH)
    Batch.objects.filter(pk=batch.pk).update(state=Batch.State.OFFERED, leased_until=None)
