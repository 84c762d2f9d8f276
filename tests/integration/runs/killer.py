"""Runs of both paths on real workers, and kills of trainers, workers and the database at every moment of a run.

`python killer.py SEED DATABASE_PID_FILE FOLDER`. Prints JSON: how many of each were killed, under which paths, and all
that is wrong with their runs in the end.
"""

import json
import os
import random
import signal
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from itertools import product
from pathlib import Path
from typing import Any, TypeVar

import django
import psutil

django.setup()

from django.conf import settings  # noqa: E402  # after setup
from django.db import InterfaceError, OperationalError, connection  # noqa: E402  # after setup

from runs.control import start_annotate, start_distil  # noqa: E402  # after setup
from runs.execution import read_progress  # noqa: E402  # after setup
from runs.models import Run, RunState  # noqa: E402  # after setup
from runs.requests import RunPlan  # noqa: E402  # after setup
from runs.supervision import sweep, sweeping  # noqa: E402  # after setup
from studies.models import Split, Study  # noqa: E402  # after setup
from tests import factories  # noqa: E402  # after setup
from tests.integration.runs.after_kills import problems  # noqa: E402  # after setup
from tests.integration.runs.held_devices import HeldDevices  # noqa: E402  # after setup
from tests.integration.runs.workers import Worker  # noqa: E402  # after setup
from tests.tiny_model import write_tiny_model  # noqa: E402  # after setup

T = TypeVar("T")
VICTIMS = ("trainer", "worker", "database")
SECONDS_OF_PATIENCE = 240.0
# So that kills spread over many runs.
MOST_ALIKE_PER_RUN = 2
NUM_WORKERS = 2
PLAN = RunPlan(num_seeds=1, recipe="finetune", steps=60, teacher_steps=60, batch_size=4, max_length=16, max_minutes=30)
TEXTS = [f"a {mood} {thing}" for mood in ("great", "awful") for thing in ("movie", "film", "day", "game", "match")]
ENDINGS = {Split.POOL: "", Split.TEST: " in the sun", Split.DEV: " in the rain"}
LABELS = ["good"] * 5 + ["bad"] * 5


STAGES = {
    "start": "setting up",
    "data": "setting up",
    "train": "at a step",
    "score": "at a step",
    "evaluate": "evaluating",
}
FILES = {
    "checkpoint/state.tmp": "writing a checkpoint",
    "artifact.tmp": "writing the artifact",
    "soft_labels.partial/soft_labels.json": "writing the artifact",
    "result.json": "settling",
}
MOMENTS = tuple(dict.fromkeys([*STAGES.values(), *FILES.values()]))


def moments_of(folder: Path) -> set[str]:
    """What a run is about just now, by its files."""
    found = {moment for name, moment in FILES.items() if (folder / name).exists()}
    stage = read_progress(folder).get("stage")
    return found | {STAGES[stage]} if stage in STAGES else found


@dataclass(frozen=True, kw_only=True)
class Kill:
    victim: str
    moment: str
    delay: float


def drawn_kills(seed: int) -> list[Kill]:
    """Each victim at each moment once; the order and the delays come from the seed."""
    drawn = random.Random(seed)
    pairs = list(product(VICTIMS, MOMENTS))
    drawn.shuffle(pairs)
    return [Kill(victim=victim, moment=moment, delay=drawn.uniform(0, 0.02)) for victim, moment in pairs]


def patiently(ask: Callable[[], T]) -> T:
    """Ask the database until it is there to answer."""
    while True:
        try:
            return ask()
        except (OperationalError, InterfaceError):
            connection.close()
            time.sleep(0.1)


class Ground:
    """The studies, their runs, the workers, the sweep and the watch over what really held a device."""

    def __init__(self, *, database_pid: Path, folder: Path) -> None:
        self._database_pid = database_pid
        self.kills: Counter[str] = Counter()
        self.paths_hit: set[str] = set()
        self._met_before: Counter[tuple[int, str]] = Counter()
        self._requests = self._made_requests(folder)
        self._workers = [new_worker(folder / "workers.log").start() for _ in range(NUM_WORKERS)]
        self._done = threading.Event()
        self.held = HeldDevices(runs_dir=Path(settings.RUNS_DIR))
        self._threads = [
            threading.Thread(target=target, args=(self._done,)) for target in (sweep_until, self.held.watch)
        ]
        for thread in self._threads:
            thread.start()

    def _made_requests(self, folder: Path) -> list[Callable[[], Run]]:
        model = {"source": "folder", "name": str(write_tiny_model(folder / "tiny")), "revision": None}
        (folder / "tiny" / "README.md").write_text("---\nlicense: mit\n---\n")
        prices = factories.price_book(cpu_hour="3.60")
        return [request for number in range(6) for request in requests_of(make_study(model, prices, f"Study {number}"))]

    def running(self) -> list[Run]:
        """The runs under way; another is asked for when there are too few to keep the workers busy."""
        runs = patiently(lambda: list(Run.objects.exclude(state__in=RunState.ended())))
        if len(runs) < NUM_WORKERS and self._requests:
            patiently(self._requests.pop(0))
        return [run for run in runs if run.state == RunState.RUNNING]

    def carry_out(self, kills: list[Kill]) -> None:
        """Watch the runs, and carry out whichever kill's moment comes; one whose victim is gone by then waits again."""
        left, deadline = list(kills), time.monotonic() + SECONDS_OF_PATIENCE
        while left:
            met = self._met(left, self.running())
            if met is not None and self._killed(*met):
                kill, run = met
                left.remove(kill)
                self.kills[kill.victim] += 1
                self.paths_hit.add(run.path)
                deadline = time.monotonic() + SECONDS_OF_PATIENCE
                self._met_before[run.pk, kill.moment] += 1
                print(f"{run}: {kill}", file=sys.stderr, flush=True)
            if time.monotonic() > deadline:
                raise TimeoutError(f"no moment came for {left} in {SECONDS_OF_PATIENCE} s")

    def _met(self, kills: list[Kill], runs: list[Run]) -> tuple[Kill, Run] | None:
        """Look so often that moments of some milliseconds are met; the database is asked for runs now and then only."""
        until = time.monotonic() + 0.2
        while time.monotonic() < until:
            for run in runs:
                now = {one for one in moments_of(run.folder) if self._met_before[run.pk, one] < MOST_ALIKE_PER_RUN}
                kill = next((kill for kill in kills if kill.moment in now), None)
                if kill is not None:
                    time.sleep(kill.delay)
                    return kill, run
            time.sleep(0.003)
        return None

    def _killed(self, kill: Kill, run: Run) -> bool:
        if kill.victim == "database":
            return self._database_killed()
        trainer = self.held.trainer_of(run.folder)
        if trainer is None:
            return False
        if kill.victim == "trainer":
            return self._trainer_killed(trainer)
        return self._worker_killed(trainer)

    def _database_killed(self) -> bool:
        """Kill it, unless it has not come back from the last time: its number is then nobody's, or not written yet."""
        try:
            os.kill(int(self._database_pid.read_text().split()[0]), signal.SIGKILL)
        except (OSError, IndexError):
            return False
        return True

    def _trainer_killed(self, pid: int) -> bool:
        """Kill it, unless it ended by itself since it was seen."""
        try:
            trainer = psutil.Process(pid)
            if trainer.status() == psutil.STATUS_ZOMBIE:
                return False
            trainer.kill()
        except psutil.NoSuchProcess:
            return False
        return True

    def _worker_killed(self, trainer: int) -> bool:
        worker = next((worker for worker in self._workers if self.held.is_below(trainer, worker.pid)), None)
        if worker is None:
            return False
        is_killed = worker.kill() == -signal.SIGKILL
        worker.start()
        return is_killed

    def finish(self) -> None:
        """Let everything end that was asked for."""
        deadline = time.monotonic() + SECONDS_OF_PATIENCE
        while patiently(lambda: Run.objects.exclude(state__in=RunState.ended()).exists()):
            if time.monotonic() > deadline:
                raise TimeoutError(f"not every run ended in {SECONDS_OF_PATIENCE} s")
            time.sleep(0.2)
        self._done.set()
        for thread in self._threads:
            thread.join()

    def leave(self) -> None:
        self._done.set()
        for worker in self._workers:
            worker.end()


def new_worker(log: Path) -> Worker:
    lease = {"FULCRUM_TEST_LEASE_SECONDS": str(settings.LEASE_SECONDS)}
    return Worker(runs_dir=Path(settings.RUNS_DIR), broker_url="", log=log, **lease)


def make_study(model: dict[str, Any], prices: Any, name: str) -> Study:
    study = factories.study(name=name, student_model=model, teacher_model=model, prices=prices, seed=3)
    for split, ending in ENDINGS.items():
        factories.examples(study, [f"{text}{ending}" for text in TEXTS], split=split, labels=LABELS)
    factories.examples(study, [f"{text} and the moon" for text in TEXTS])
    return study


def requests_of(study: Study) -> list[Callable[[], Run]]:
    known: dict[str, Any] = {"actor": study.created_by, "study": study, "num_labels": 8, "plan": PLAN}
    return [partial(start_annotate, **known), partial(start_distil, **known, num_unlabelled=10)]


def sweep_until(done: threading.Event) -> None:
    """Be the renewal. A lost message is sent again sooner than users would want."""
    sweeping.FIRST_RESEND = timedelta(seconds=2)
    while not done.wait(0.5):
        try:
            sweep()
        except (OperationalError, InterfaceError):
            connection.close()
        except ExceptionGroup as group:
            _, others = group.split((OperationalError, InterfaceError))
            if others is not None:
                raise
            connection.close()
    connection.close()


def main(seed: int, database_pid: Path, folder: Path) -> None:
    ground = Ground(database_pid=database_pid, folder=folder)
    try:
        ground.carry_out(drawn_kills(seed))
        ground.finish()
        told = {
            "kills": ground.kills,
            "paths": sorted(ground.paths_hit),
            "problems": list(problems(ground.held)),
        }
    finally:
        ground.leave()
    print(json.dumps(told))


if __name__ == "__main__":
    main(int(sys.argv[1]), Path(sys.argv[2]), Path(sys.argv[3]))
