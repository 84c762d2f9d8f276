"""What a stop of a study's budget stopped, and what one would stop."""

from collections import Counter
from dataclasses import asdict, dataclass

from budgets.models import BudgetStop
from budgets.overviews import num_withdrawn
from runs.models import Run, RunState
from studies.models import Study
from tables.table import counted
from web.presenters.queries import open_assignments


@dataclass(frozen=True, kw_only=True)
class InProgress:
    num_open: int
    num_waiting: int
    num_running: int


@dataclass(frozen=True, kw_only=True)
class Stopped(InProgress):
    stop: BudgetStop
    num_withdrawn: int
    num_paused: int

    @property
    def by(self) -> str:
        return self.stop.started_by.name if self.stop.started_by else ""

    @property
    def is_exhausted(self) -> bool:
        return self.stop.is_exhausted

    @property
    def what(self) -> str:
        counts = [
            (self.num_withdrawn, "annotation", "withdrawn from labelling"),
            (self.num_open, "annotation", "still open with annotators, accepted and paid when submitted"),
            (self.num_running, "run", "saving a checkpoint"),
            (self.num_paused, "run", "paused"),
            (self.num_waiting, "run", "waiting"),
        ]
        stopped = [f"{counted(number, noun)} {state}" for number, noun, state in counts if number]
        return f"{'; '.join(stopped)}." if stopped else "Nothing was in progress."


def stopped(study: Study) -> Stopped | None:
    """The active stop of a study; None where there is none."""
    stop = study.budget.active_stop if study.budget.is_stopped else None
    if stop is None:
        return None
    num_paused = Run.objects.filter(study=study, state=RunState.PAUSED).count()
    return Stopped(stop=stop, num_withdrawn=num_withdrawn(stop), num_paused=num_paused, **asdict(would_stop(study)))


def would_stop(study: Study) -> InProgress:
    states = Counter(Run.objects.filter(study=study).order_by().values_list("state", flat=True))
    return InProgress(
        num_open=open_assignments([study]).count(),
        num_running=states[RunState.RUNNING],
        num_waiting=states[RunState.QUEUED] + states[RunState.WAITING],
    )
