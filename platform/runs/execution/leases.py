"""Who may act on a run: whoever has its row locked, and on a running one only the holder of its lease.

Runs are locked before budgets, everywhere. A lease changes hands by one conditional UPDATE.
"""

import os
import socket
import uuid
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import transaction
from django.db.models import F
from django.db.models.functions import Now
from django.utils import timezone

from runs.models import Attempt, Run, RunState
from studies.models import Study


class LeaseLost(Exception):
    """Another worker took the run over; this one must leave it alone."""


@dataclass(frozen=True, kw_only=True)
class AttemptClaim:
    """The right to act on an attempt while the lease in its run's row names this owner."""

    run_id: int
    owner: str
    attempt_id: int


@dataclass(frozen=True, kw_only=True)
class LeaseRenewal:
    max_seconds: int
    cancel_requested_at: datetime | None = None
    pause_requested_at: datetime | None = None
    stopped_at: datetime | None = None


def locked(run: Run) -> Run:
    """The run as it is now; nobody else moves it until our transaction ends."""
    rows = Run.objects.select_for_update(no_key=True, of=("self",))
    return rows.select_related("study__budget", "hold__price").get(pk=run.pk)


def locked_unless_moving(run_id: int, state: RunState) -> Run | None:
    """The run if it is in this state and nobody has it locked: whoever has is moving it on."""
    rows = Run.objects.select_for_update(no_key=True, skip_locked=True, of=("self",))
    return rows.select_related("study__budget", "hold__price").filter(pk=run_id, state=state).first()


def this_host() -> str:
    return socket.gethostname()


def _new_owner() -> str:
    return f"{this_host()[:60]}:{os.getpid()}:{uuid.uuid4().hex[:8]}"


def _until() -> Any:
    """The database's clock, so that hosts need not agree on the time."""
    return Now() + timedelta(seconds=settings.LEASE_SECONDS)


@transaction.atomic
def claim_run(*, run_id: int) -> AttemptClaim | None:
    """Take a queued run, or return None: it is taken, ended, cancelled, not there, or its budget is stopped."""
    owner = _new_owner()
    payable = Study.objects.filter(budget__stopped_at__isnull=True)
    # The run's own columns are outside the sub-query: only they are looked at again after waiting for another claim.
    queued = Run.objects.filter(
        pk=run_id,
        state=RunState.QUEUED,
        cancel_requested_at__isnull=True,
        pause_requested_at__isnull=True,
        study__in=payable,
    )
    if not queued.update(state=RunState.RUNNING, lease_owner=owner, lease_until=_until(), progress={}):
        return None
    number, now = Attempt.objects.filter(run_id=run_id).count() + 1, timezone.now()
    attempt = Attempt.objects.create(run_id=run_id, number=number, worker=this_host(), started_at=now, heartbeat_at=now)
    return AttemptClaim(run_id=run_id, owner=owner, attempt_id=attempt.pk)


def renew(*, claim: AttemptClaim, progress: dict[str, Any]) -> LeaseRenewal:
    """Prolong a lease and record progress. Raises: LeaseLost."""
    with transaction.atomic():
        held = Run.objects.filter(pk=claim.run_id, lease_owner=claim.owner, state=RunState.RUNNING)
        if not held.update(lease_until=_until(), progress=progress):
            raise LeaseLost(f"run {claim.run_id} is no longer held by {claim.owner}")
        Attempt.objects.filter(pk=claim.attempt_id).update(heartbeat_at=timezone.now())
        requests = ("cancel_requested_at", "pause_requested_at")
        found = held.values("max_seconds", *requests, stopped_at=F("study__budget__stopped_at")).get()
    return LeaseRenewal(**found)


@transaction.atomic
def take_over(*, run_id: int) -> AttemptClaim | None:
    """Take a running run whose lease ended, or return None: its holder is back, or another sweep was first."""
    owner = _new_owner()
    lapsed = Run.objects.filter(pk=run_id, state=RunState.RUNNING, lease_until__lt=Now())
    if not lapsed.update(lease_owner=owner, lease_until=_until()):
        return None
    attempt = Attempt.objects.filter(run_id=run_id, ended_at__isnull=True).latest("number")
    return AttemptClaim(run_id=run_id, owner=owner, attempt_id=attempt.pk)
