"""Reads of runs for pages and commands."""

from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django.db.models import Sum
from django.utils import timezone

from budgets.models import LedgerEntry
from budgets.money import ZERO
from config.refusals import Refusal
from runs.checkpoints import num_layers
from runs.execution import LOG_FILE
from runs.models import Artifact, Run, RunKind, RunState
from runs.money import cost_of, cost_per_minute, seconds_of, seconds_used
from studies.models import Study

LOG_TAIL_BYTES = 20_000


class RunNotFound(Refusal):
    """No run has this id."""


class ArtifactNotFound(Refusal):
    """No student, teacher or soft-label set has this id."""


def find_run(reference: str) -> Run:
    """Find a run by its id, for commands. Raises: RunNotFound."""
    run = Run.objects.filter(pk=int(reference)).first() if reference.isdecimal() else None
    if run is None:
        raise RunNotFound(f"There is no run {reference!r}.")
    return run


def find_artifact(reference: str) -> Artifact:
    """Find an artifact by its id, for commands. Raises: ArtifactNotFound."""
    found = Artifact.objects.select_related("run__study__budget")
    artifact = found.filter(pk=int(reference)).first() if reference.isdecimal() else None
    if artifact is None:
        known = ", ".join(str(one) for one in Artifact.objects.order_by("-pk")[:10])
        raise ArtifactNotFound(f"There is no artifact {reference!r}. The latest are: {known or 'none yet'}.")
    return artifact


def self_taught_runs(study: Study) -> frozenset[int]:
    """Teachers of the student's own checkpoint, and students that one taught; none where the study's is the same."""
    if study.student_model == study.teacher_model:
        return frozenset()
    # Of some of its layers, too.
    own = study.student_model
    teachers = Run.objects.filter(study=study, kind=RunKind.FINETUNE_TEACHER, model__contains=own)
    # The parent of a student is the scoring, whose parent is the teacher.
    students = Run.objects.filter(study=study, kind=RunKind.DISTIL, parents__parents__model__contains=own)
    return frozenset([*teachers.values_list("pk", flat=True), *students.values_list("pk", flat=True)])


def kept_layers(model: dict[str, Any] | None) -> tuple[int, ...]:
    """The layers that a run's model was carved from; empty of a model of all layers."""
    model = model or {}
    kept = tuple(model.get("layers") or ())
    if not kept or len(kept) == num_layers({name: value for name, value in model.items() if name != "layers"}):
        return ()
    return kept


def seeds_of(run: Run) -> list[int]:
    """The seeds that a run trains from; a student with a teacher for each has those of its teachers."""
    own = sorted(run.parents.values_list("seed", flat=True)) if run.kind == RunKind.DISTIL else []
    return own if len(own) > 1 else [run.seed + place for place in range(run.search.get("num_seeds", 1))]


def teachers_by_seed(run: Run) -> dict[int, Run]:
    """The run behind each seed's soft labels, where each seed of a student has a teacher of its own; else none."""
    scorings = list(run.parents.prefetch_related("parents")) if run.kind == RunKind.DISTIL else []
    if len(scorings) < 2:
        return {}
    return {scoring.seed: next(iter(scoring.parents.all()), scoring) for scoring in scorings}


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


@dataclass(frozen=True, kw_only=True)
class RunTotals:
    """A run's cost and time, its present attempt included up to now; `left` of what is `held`."""

    cost: Decimal
    held: Decimal
    left: Decimal
    per_minute: Decimal
    seconds: Decimal
    seconds_left: Decimal


def run_totals(run: Run) -> RunTotals | None:
    """Return a run's cost and time; None for one that holds nothing yet."""
    if run.hold is None:
        return None
    present = run.attempts.filter(ended_at__isnull=True, pid__isnull=False, run__state=RunState.RUNNING).first()
    running = seconds_of((timezone.now() - present.started_at).total_seconds()) if present else Decimal(0)
    used = seconds_used(run) + running
    now = min(cost_of(seconds=running, price=run.hold.price), run.hold.remaining)
    # Corrections included.
    entries = LedgerEntry.objects.filter(budget=run.study.budget_id, work_key=run.source_key)
    return RunTotals(
        cost=(entries.aggregate(total=Sum("amount"))["total"] or ZERO) + now,
        held=run.hold.amount,
        left=run.hold.remaining - now,
        per_minute=cost_per_minute(run.hold.price),
        seconds=used,
        seconds_left=max(run.max_seconds - used, Decimal(0)),
    )


def live_cost(run: Run) -> Decimal:
    """What a run has cost by now, its present attempt included."""
    found = run_totals(run)
    return found.cost if found else ZERO
