"""Reads of runs for pages and commands."""

from decimal import Decimal

from django.db.models import Sum
from django.utils import timezone

from budgets.money import ZERO
from runs.billing import cost_of, seconds_of
from runs.models import Attempt, Run, RunState
from runs.trainer import LOG_FILE

LOG_TAIL_BYTES = 20_000


class RunNotFound(ValueError):
    """No run has this id."""


def find_run(reference: str) -> Run:
    """Find a run by its id, for commands. Raises: RunNotFound."""
    run = Run.objects.filter(pk=int(reference)).first() if reference.isdecimal() else None
    if run is None:
        raise RunNotFound(f"There is no run {reference!r}.")
    return run


def log_tail(run: Run, num_bytes: int = LOG_TAIL_BYTES) -> str:
    """The end of a run's log, from the start of a line."""
    path = run.folder / LOG_FILE
    if not path.is_file():
        return ""
    with path.open("rb") as log:
        size = log.seek(0, 2)
        start = max(size - num_bytes, 0)
        log.seek(start)
        text = log.read().decode("utf-8", errors="replace")
    return text if start == 0 else text.partition("\n")[2]


def live_cost(run: Run) -> Decimal:
    """What a run has cost by now: what was entered, and what its present attempt has used so far."""
    entered = run.attempts.aggregate(total=Sum("entry__amount"))["total"] or ZERO
    present = run.attempts.filter(ended_at__isnull=True, pid__isnull=False).first()
    return entered + (_cost_so_far(run, present) if present and run.state == RunState.RUNNING else ZERO)


def _cost_so_far(run: Run, attempt: Attempt) -> Decimal:
    assert run.hold is not None
    used = seconds_of((timezone.now() - attempt.started_at).total_seconds())
    return min(cost_of(seconds=used, price=run.hold.price), run.hold.remaining)
