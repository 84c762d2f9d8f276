"""What a stop of a study's budget stopped, and what one would stop."""

from collections import Counter
from dataclasses import dataclass

from django.db.models import Count

from budgets.models import BudgetStop
from budgets.overviews import num_withdrawn, standing_stop
from runs.models import Run, RunState
from studies.models import Study
from tables.table import counted
from web.presenters.queries import open_assignments


@dataclass(frozen=True, kw_only=True)
class Stopped:
    """An active stop, and what it stopped."""

    stop: BudgetStop
    num_withdrawn: int
    num_open: int
    num_paused: int
    num_waiting: int
    num_running: int

    @property
    def by(self) -> str:
        return self.stop.started_by.name if self.stop.started_by else ""

    @property
    def is_exhausted(self) -> bool:
        return self.stop.cause == BudgetStop.Cause.EXHAUSTED

    @property
    def what(self) -> str:
        """What is stopped, in words; only what there is."""
        counts = [
            (self.num_withdrawn, "annotation", "withdrawn from labelling"),
            (self.num_open, "annotation", "still open with annotators, accepted and paid when submitted"),
            (self.num_running, "run", "saving a checkpoint"),
            (self.num_paused, "run", "paused"),
            (self.num_waiting, "run", "waiting"),
        ]
        stopped = [f"{counted(number, noun)} {state}" for number, noun, state in counts if number]
        return f"{'; '.join(stopped)}." if stopped else "Nothing was in progress."


@dataclass(frozen=True, kw_only=True)
class WouldStop:
    """What is in progress and would stop."""

    num_open: int
    num_running: int
    num_waiting: int


def stopped(study: Study) -> Stopped | None:
    """The active stop of a study; None where there is none."""
    stop = standing_stop(study.budget) if study.budget.is_stopped else None
    if stop is None:
        return None
    states = _states(study)
    return Stopped(
        stop=stop,
        num_withdrawn=num_withdrawn(stop),
        num_open=open_assignments([study]).count(),
        num_paused=states[RunState.PAUSED],
        num_waiting=states[RunState.QUEUED] + states[RunState.WAITING],
        num_running=states[RunState.RUNNING],
    )


def would_stop(study: Study) -> WouldStop:
    states = _states(study)
    return WouldStop(
        num_open=open_assignments([study]).count(),
        num_running=states[RunState.RUNNING],
        num_waiting=states[RunState.QUEUED] + states[RunState.WAITING],
    )


def _states(study: Study) -> Counter[str]:
    rows = Run.objects.filter(study=study).order_by().values_list("state").annotate(Count("pk"))
    return Counter(dict(rows))
