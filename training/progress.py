"""What a run is doing right now, in progress.json, and its log lines."""

from __future__ import annotations

import datetime
import threading
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from training.folder import write_json

SECONDS_BETWEEN_BEATS = 0.5


@dataclass(frozen=True, kw_only=True)
class ProgressState:
    """One moment of a run; `fraction` (0 to 1) is of the stage, not of the run."""

    stage: str
    step: int = 0
    num_steps: int = 0
    fraction: float = 0.0
    loss: float | None = None
    message: str = ""


class Progress:
    """Keeps progress.json fresh from a thread, so that a long step never looks like a death."""

    def __init__(self, folder: Path) -> None:
        self._path = folder / "progress.json"
        self._state = ProgressState(stage="load")
        self._lock = threading.Lock()
        self._closed = threading.Event()
        self._thread = threading.Thread(target=self._beat, name="progress", daemon=True)

    def start(self) -> None:
        """Write the first state and start the heartbeat."""
        self._write()
        self._thread.start()

    def stage(self, name: str, *, message: str = "", num_steps: int = 0) -> None:
        """Enter a stage; it is written at once."""
        self._state = ProgressState(stage=name, message=message, num_steps=num_steps)
        self._write()

    def step(self, step: int, *, loss: float | None = None) -> None:
        """Move within the stage; the heartbeat writes it."""
        num_steps = self._state.num_steps
        fraction = min(step / num_steps, 1.0) if num_steps else 0.0
        kept = loss if loss is not None else self._state.loss
        self._state = replace(self._state, step=step, fraction=round(fraction, 4), loss=kept)

    def log(self, line: str) -> None:
        """Print one line for people and show it as the current message."""
        print(line, flush=True)
        self._state = replace(self._state, message=line)

    def close(self) -> None:
        """Write the last state and end the heartbeat."""
        self._closed.set()
        if self._thread.is_alive():
            self._thread.join()
        self._write()

    def _beat(self) -> None:
        while not self._closed.wait(SECONDS_BETWEEN_BEATS):
            self._write()

    def _write(self) -> None:
        with self._lock:
            now = datetime.datetime.now(datetime.UTC).isoformat()
            write_json(path=self._path, payload={**asdict(self._state), "at": now})
