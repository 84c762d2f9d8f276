"""A loaded model that answers one example, a JSON object of texts on a line of standard input, after the other."""

import json
import os
import select
import sys
import threading
import time
from pathlib import Path

from training.contract import EXIT_DONE, EXIT_TOO_LARGE
from training.data import InputLine
from training.evaluation.predict import load_predictor
from training.reporting import peak_memory_bytes
from training.runtime import SECONDS_BETWEEN_CHECKS, StopFlag, is_orphan


def answer_lines(*, artifact: Path, idle_seconds: float, most_memory_bytes: int) -> None:
    """Answer examples until the input closes, the parent dies or none came for the idle time.

    A process that needs more memory than it may use leaves at once with EXIT_TOO_LARGE. Raises: PermanentFailure.
    """
    threading.Thread(target=_watch, args=(most_memory_bytes,), name="limits", daemon=True).start()
    predictor = load_predictor(artifact, stop=StopFlag())
    _leave_if_too_large(most_memory_bytes)
    while line := _next_line(idle_seconds):
        (answer,) = predictor.answers([InputLine(number=1, uid="", texts=json.loads(line))])
        print(json.dumps({"predicted": answer.predicted, "probabilities": answer.probabilities}), flush=True)


def _next_line(idle_seconds: float) -> bytes:
    """Wait for a line; an empty one when the idle time is over."""
    # Who asks waits for each answer before the next line, so that none is held back in a buffer.
    ready, _, _ = select.select([sys.stdin.fileno()], [], [], idle_seconds)
    return sys.stdin.buffer.readline() if ready else b""


def _watch(most_memory_bytes: int) -> None:
    while True:
        if is_orphan():
            os._exit(EXIT_DONE)
        _leave_if_too_large(most_memory_bytes)
        time.sleep(SECONDS_BETWEEN_CHECKS)


def _leave_if_too_large(most_memory_bytes: int) -> None:
    if _memory_bytes() > most_memory_bytes:
        os._exit(EXIT_TOO_LARGE)


def _memory_bytes() -> int:
    try:
        return int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1]) * os.sysconf("SC_PAGE_SIZE")
    except OSError:
        return peak_memory_bytes()
