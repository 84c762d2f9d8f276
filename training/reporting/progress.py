"""What a run is doing, in progress.json, its curves in curve.json, and its log lines."""

import datetime
import threading
import time
from collections import deque
from contextlib import suppress
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from training.contract import PROGRESS_FILE
from training.reporting.curve import Curve
from training.reporting.meter import peak_memory_bytes
from training.runtime import write_json

SECONDS_BETWEEN_BEATS = 0.5
# Rows per second are of this many last beats.
BEATS_OF_RATE = 10
# In these stages the device computes; in the others it is held and waits for the processor or the disk.
WORKING_STAGES = frozenset({"train", "score", "evaluate"})


@dataclass(frozen=True, kw_only=True)
class ProgressState:
    """One moment of a run; `fraction` (0 to 1) is of the stage, not of the run."""

    stage: str
    step: int = 0
    num_steps: int = 0
    fraction: float = 0.0
    loss: float | None = None
    message: str = ""
    trial: str = ""


class Progress:
    """Keeps progress.json and curve.json fresh from a thread, so that a long step never looks like a dead run."""

    def __init__(self, folder: Path) -> None:
        self._path = folder / PROGRESS_FILE
        self._state = ProgressState(stage="start")
        self._curve = Curve(folder)
        self._earlier_steps = 0
        self._clock = StageClock()
        self._rate = Rate()
        self._lock = threading.Lock()
        self._closed = threading.Event()
        self._thread = threading.Thread(target=self._beat, name="progress", daemon=True)

    def start(self) -> None:
        self._write()
        self._thread.start()

    def stage(self, name: str, *, message: str = "", num_steps: int = 0, rows_per_step: float = 1) -> None:
        """Enter a stage; it is written at once. Rows per second count `rows_per_step` for each step."""
        self._clock.enter(name)
        self._rate = Rate(rows_per_step=rows_per_step)
        self._state = replace(self._state, stage=name, message=message, num_steps=num_steps, step=0, fraction=0.0)
        self._write()

    def trial(self, name: str) -> None:
        """Name the training that follows; its curves get that name."""
        self._state = replace(self._state, trial=name, loss=None)

    def train(self, *, step: int, num_steps: int, rows_per_step: float, earlier_steps: int = 0) -> None:
        """Begin a training, or resume it at a step; curves count the `earlier_steps` of a stage before it too."""
        self._earlier_steps = earlier_steps
        with self._lock:
            self._curve.begin(self._state.trial, step=earlier_steps + step)
        self.stage("train", num_steps=num_steps, rows_per_step=rows_per_step, message=f"training, {num_steps} steps")

    def step(self, step: int, *, loss: float | None = None) -> None:
        """Move within the stage, with the step's loss in training; the heartbeat writes it."""
        num_steps = self._state.num_steps
        fraction = min(step / num_steps, 1.0) if num_steps else 0.0
        kept = loss if loss is not None else self._state.loss
        self._state = replace(self._state, step=step, fraction=round(fraction, 4), loss=kept)
        if loss is not None or self._state.stage == "score":
            self._clock.note_first_step()
        if loss is not None:
            with self._lock:
                self._curve.add_loss(self._earlier_steps + step, loss)

    def scored(self, step: int, score: float) -> None:
        with self._lock:
            self._curve.add_score(self._earlier_steps + step, score)

    def log(self, line: str) -> None:
        """Print one line for people and show it as the current message."""
        print(line, flush=True)
        self._state = replace(self._state, message=line)

    def stages(self) -> dict[str, Any]:
        return self._clock.payload()

    def close(self) -> None:
        self._closed.set()
        if self._thread.is_alive():
            self._thread.join()
        self._write()

    def _beat(self) -> None:
        while not self._closed.wait(SECONDS_BETWEEN_BEATS):
            self._rate.note(self._state.step)
            try:
                self._write()
            except OSError as error:  # a disk that is full ends the run where it needs the room, not here
                with suppress(OSError):  # the log may lie on that disk
                    print(f"progress cannot be written: {error}", flush=True)

    def _write(self) -> None:
        with self._lock:
            self._curve.write()
            payload = {
                **asdict(self._state),
                **self._clock.payload(),
                "rows_per_second": self._rate.rows_per_second(),
                "seconds_left": self._rate.seconds_left(self._state.num_steps),
                "peak_memory_bytes": peak_memory_bytes(),
                "at": datetime.datetime.now(datetime.UTC).isoformat(),
            }
            write_json(path=self._path, payload=payload)


class StageClock:
    """Adds up how long a run was in each stage."""

    def __init__(self) -> None:
        self._seconds: dict[str, float] = {}
        self._stage = "start"
        self._since = time.monotonic()
        self._first_step_at: str | None = None

    def enter(self, stage: str) -> None:
        now = time.monotonic()
        self._seconds[self._stage] = self._seconds.get(self._stage, 0.0) + now - self._since
        self._stage, self._since = stage, now

    def note_first_step(self) -> None:
        if self._first_step_at is None:
            self._first_step_at = datetime.datetime.now(datetime.UTC).isoformat()

    def payload(self) -> dict[str, Any]:
        now = dict(self._seconds)
        now[self._stage] = now.get(self._stage, 0.0) + time.monotonic() - self._since
        rounded = {name: round(seconds, 3) for name, seconds in now.items()}
        working = sum(seconds for name, seconds in rounded.items() if name in WORKING_STAGES)
        return {"stages": rounded, "working_seconds": round(working, 3), "first_step_at": self._first_step_at}


class Rate:
    """Rows per second of the last few beats."""

    def __init__(self, *, rows_per_step: float = 1) -> None:
        self._rows_per_step = rows_per_step
        self._seen: deque[tuple[float, int]] = deque(maxlen=BEATS_OF_RATE + 1)

    def note(self, step: int) -> None:
        self._seen.append((time.monotonic(), step))

    def rows_per_second(self) -> float | None:
        steps = self._steps_per_second()
        return None if steps is None else round(steps * self._rows_per_step, 1)

    def seconds_left(self, num_steps: int) -> float | None:
        """Return how long the rest of the stage takes at this rate; None where unknown."""
        steps = self._steps_per_second()
        return round((num_steps - self._seen[-1][1]) / steps, 1) if steps and num_steps else None

    def _steps_per_second(self) -> float | None:
        if len(self._seen) < 2:
            return None
        (since, first), (until, last) = self._seen[0], self._seen[-1]
        return max(last - first, 0) / max(until - since, 1e-6)
