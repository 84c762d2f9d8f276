"""A loaded model that answers one example, a JSON object of texts on a line of standard input, after the other."""

import json
import select
import sys
from pathlib import Path

from training.data import InputLine
from training.evaluation.limits import leave_if_too_large, watch_limits
from training.evaluation.predict import load_predictor
from training.runtime import StopFlag


def answer_lines(*, artifact: Path, idle_seconds: float, most_memory_bytes: int) -> None:
    """Answer examples until the input closes, the parent dies or none came for the idle time.

    A process that needs more memory than it may use leaves at once with EXIT_TOO_LARGE. Raises: PermanentFailure.
    """
    watch_limits(most_memory_bytes)
    predictor = load_predictor(artifact, stop=StopFlag())
    leave_if_too_large(most_memory_bytes)
    while line := _next_line(idle_seconds):
        (answer,) = predictor.answers([InputLine(number=1, uid="", texts=json.loads(line))])
        print(json.dumps({"predicted": answer.predicted, "probabilities": answer.probabilities}), flush=True)


def _next_line(idle_seconds: float) -> bytes:
    """Wait for a line; an empty one when the idle time is over."""
    # Who asks waits for each answer before the next line, so that none is held back in a buffer.
    ready, _, _ = select.select([sys.stdin.fileno()], [], [], idle_seconds)
    return sys.stdin.buffer.readline() if ready else b""
