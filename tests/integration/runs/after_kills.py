"""What must hold of runs once everything that was killed is over: each ended right, and each second was paid once."""

import shutil
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import pyarrow as pa
from django.conf import settings

from budgets.models import Budget, Hold, LedgerEntry
from budgets.money import quantize
from reports.verify import verify
from runs.models import Attempt, Run, RunKind, RunState
from tests.integration.runs.held_devices import HeldDevices, Life
from training.job import Job
from training.methods import METHODS
from training.reporting import Progress
from training.runtime import folder_hash
from training.spec import RunSpec

# A trainer that outlives its worker is paid until its last word, which it says twice a second.
MOST_SECONDS_UNPAID = 3.0
MOST_SECONDS_TOO_MUCH = 1.0
LEFT_OVERS = ("checkpoint", "trials", "*.tmp", "*.partial")


def problems(held: HeldDevices) -> Iterator[str]:
    """Everything that is wrong, in words."""
    yield from (str(difference) for difference in verify(budgets=Budget.objects.all()))
    yield from (f"the hold of {hold.source_key} is open" for hold in Hold.objects.filter(closed_at__isnull=True))
    for run in Run.objects.order_by("pk"):
        yield from (f"{run}: {problem}" for problem in _of_run(run, held))
    yield from _of_results()


def _of_run(run: Run, held: HeldDevices) -> Iterator[str]:
    if run.state != RunState.SUCCEEDED:
        yield f"it {run.state}: {run.error}"
        return
    if folder_hash(run.artifact.path) != run.artifact.content_hash:
        yield "its artifact is not the one that was registered"
    yield from (f"{path.name} is left over" for pattern in LEFT_OVERS for path in run.folder.glob(pattern))
    attempts = list(run.attempts.select_related("entry").order_by("number"))
    yield from _of_times(attempts, held.lives_of(run.pk))
    yield from _of_bills(run, attempts)


def _of_times(attempts: list[Attempt], lives: list[Life]) -> Iterator[str]:
    for before, after in pairwise(attempts):
        if before.ended_at is None or before.ended_at > after.started_at:
            yield f"attempt {after.number} began before {before.number} ended"
    for one, other in pairwise(lives):
        if other.seen < one.ended:
            yield f"trainers {one.pid} and {other.pid} held the device at once"
    paid = {attempt.pid: attempt for attempt in attempts}
    for life in lives:
        if life.pid not in paid:
            yield f"trainer {life.pid} was never recorded"
        else:
            yield from _of_time(paid[life.pid], life)


def _of_time(attempt: Attempt, life: Life) -> Iterator[str]:
    least, most = life.ended - life.seen - MOST_SECONDS_UNPAID, life.ended - life.born + MOST_SECONDS_TOO_MUCH
    if not least <= attempt.device_seconds <= most:
        seconds = f"{life.ended - life.seen:.1f} to {life.ended - life.born:.1f}"
        yield f"{attempt.number}, {attempt.ending}: held for {seconds} s, paid for {attempt.device_seconds} s"


def _of_bills(run: Run, attempts: list[Attempt]) -> Iterator[str]:
    """Entries are found by the run's name in their keys, so that one which no attempt knows of is found too."""
    entries = LedgerEntry.objects.filter(source_key__startswith=f"{run.source_key}:")
    expected = {attempt.source_key: quantize(attempt.device_seconds / 1000) for attempt in attempts}
    found = {entry.source_key: entry.amount for entry in entries}
    if found != {key: amount for key, amount in expected.items() if amount}:
        yield f"entered are {found}, used were {expected}"
    if len(found) != entries.count():
        yield "an attempt was entered twice"


def _of_results() -> Iterator[str]:
    """Runs of equal studies made equal things, and the same as a run that nothing disturbs."""
    for kind in RunKind.values:
        made = {run: weights(run.artifact.path) for run in Run.objects.filter(kind=kind, state=RunState.SUCCEEDED)}
        undisturbed = weights(repeated(next(iter(made))))
        yield from (f"{run}: it made something else" for run, found in made.items() if found != undisturbed)
        measures = {tuple(run.artifact.evaluations.order_by("split", "metric").values_list("value")) for run in made}
        if len(measures) != 1:
            yield f"{kind}: measured differently"


def repeated(run: Run) -> Path:
    """What a run's folder makes from its spec when nothing comes in between."""
    folder = Path(settings.RUNS_DIR) / f"again-{run.pk}"
    shutil.copytree(run.folder / "data", folder / "data")
    shutil.copy(run.folder / "spec.json", folder)
    job = Job(spec=RunSpec.from_json(folder / "spec.json"), folder=folder, progress=Progress(folder))
    return folder / str(METHODS[job.spec.kind](job)["artifact"])


def weights(folder: Path) -> list[bytes]:
    """The numbers that a run made, without the random names of its examples."""
    shards = [_numbers(path) for path in sorted(folder.glob("shard-*.arrow"))]
    return [path.read_bytes() for path in sorted(folder.glob("*.safetensors"))] + shards


def _numbers(path: Path) -> bytes:
    with pa.memory_map(str(path)) as source:
        return str(pa.ipc.open_stream(source).read_all().column("logits").to_pylist()).encode()
