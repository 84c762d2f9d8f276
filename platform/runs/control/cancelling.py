"""Cancelling a run: now if nobody carries it out, else within seconds by whoever supervises it."""

from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone

from accounts.audit import record
from accounts.models import User
from accounts.permissions import Action, require
from runs.execution import cancel_descendants, cancel_unstarted
from runs.models import Run, RunState


@transaction.atomic
def cancel(*, actor: User, run: Run) -> Run:
    """Cancel a run, what waits for it alone, and the earlier runs that nothing else needs; an ended one stays.

    A running one saves a checkpoint, leaves within seconds and pays for what it used. Raises: Forbidden.
    """
    require(actor=actor, action=Action.CANCEL_RUN)
    reason = f"cancelled by {actor.email}"
    _lock_with_ancestors(run.pk)
    locked = _cancel_one(actor, run.pk, reason)
    if locked.state in (RunState.CANCELLED, RunState.RUNNING):
        _cancel_unneeded_parents(actor, locked, reason)
    return locked


def cancelled_with(*, run: Run) -> list[Run]:
    """The other runs that cancelling this one would end."""
    found: dict[int, Run] = {}
    _add_descendants(run, found)
    _add_unneeded_parents(run, found)
    found.pop(run.pk, None)
    return [found[pk] for pk in sorted(found)]


def _add_descendants(run: Run, found: dict[int, Run]) -> None:
    for child in run.children.filter(state=RunState.WAITING):
        # One that waits for others too goes on without this one's seed.
        if not child.parents.exclude(pk__in=[run.pk, *found]).exists():
            found[child.pk] = child
            _add_descendants(child, found)


def _add_unneeded_parents(run: Run, found: dict[int, Run]) -> None:
    for parent in run.parents.exclude(state__in=RunState.ended()):
        if not _waiting_for(parent).exclude(pk__in=[run.pk, *found]).exists():
            found[parent.pk] = parent
            _add_unneeded_parents(parent, found)


def _waiting_for(parent: Run) -> QuerySet[Run]:
    return parent.children.exclude(state__in=RunState.ended()).filter(cancel_requested_at__isnull=True)


def _lock_with_ancestors(run_id: int) -> None:
    """Lock a run after those that it waits for: one of these that ends locks in this order, and none waits forever."""
    wanted = found = {run_id}
    while found:
        found = set(Run.objects.filter(children__in=found).values_list("pk", flat=True)) - wanted
        wanted = wanted | found
    runs = Run.objects.filter(pk__in=wanted).exclude(state__in=RunState.ended())
    list(runs.select_for_update(no_key=True, of=("self",)).order_by("pk"))


def _cancel_one(actor: User, run_id: int, reason: str) -> Run:
    run = Run.objects.select_for_update(no_key=True, of=("self",)).get(pk=run_id)
    if run.is_ended or run.cancel_requested_at is not None:
        return run
    before = run.state
    run.cancel_requested_at = timezone.now()
    run.save(update_fields=["cancel_requested_at"])
    if before != RunState.RUNNING:
        cancel_unstarted(run, reason=reason)
    else:
        cancel_descendants(run, reason=reason)
    record(
        actor=actor,
        action="run.cancel",
        subject=f"{run} of “{run.study}”",
        subject_id=run.pk,
        budget_id=run.study.budget_id,
        before={"state": before},
        after={"state": run.state if run.is_ended else "cancelling", "reason": reason},
    )
    return run


def _cancel_unneeded_parents(actor: User, run: Run, reason: str) -> None:
    for parent in run.parents.exclude(state__in=RunState.ended()):
        if not _waiting_for(parent).exists():
            _cancel_one(actor, parent.pk, f"{reason}: only {run} needed it")
            _cancel_unneeded_parents(actor, parent, reason)
