"""What a model answered to the examples it was measured on, read line by line: a line that cannot be read is counted.

An artifact keeps the answers of its saved model; of one trained from several seeds also those of each seed.
"""

import json
import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeGuard

from runs.models import Artifact
from studies.models import Split
from training.contract import PREDICTIONS_FILE, SEED_PREDICTIONS_FILE

# So long a line is no answer.
MOST_LINE_BYTES = 4 * 1024 * 1024


@dataclass(frozen=True, kw_only=True)
class AnsweredRow:
    """One example: its gold answer, the model's, None where it gave none, and the highest probability of a label."""

    uid: str
    gold: str
    predicted: str | None
    confidence: float | None = None


class AnswerFile:
    """The answers of an artifact's saved model, read anew by each pass; the counts are those of the last one.

    With `most_rows`, `is_cut` says whether there are more.
    """

    def __init__(self, artifact: Artifact, *, most_rows: int | None = None) -> None:
        self.path = artifact.path / PREDICTIONS_FILE
        self._most_rows = most_rows
        self.num_unreadable = 0
        self.is_cut = False

    def __iter__(self) -> Iterator[AnsweredRow]:
        """Yield each example that can be read, a repeated one once. Raises: OSError."""
        self.num_unreadable, self.is_cut = 0, False
        seen: set[str] = set()
        for number, line in enumerate(_lines(self.path)):
            if number == self._most_rows:
                self.is_cut = True
                return
            row = _answered(line)
            if row is None or row.uid in seen:
                self.num_unreadable += 1
                continue
            seen.add(row.uid)
            yield row


def measured_split(artifact: Artifact) -> Split:
    """The split whose answers an artifact keeps: test, or else dev."""
    return Split.TEST if artifact.evaluations.filter(split=Split.TEST).exists() else Split.DEV


def seed_answers(artifact: Artifact) -> list[dict[str, str | None]]:
    """Each seed's answers by uid, of the lines that can be read; none of a model of one seed. Raises: OSError."""
    path = artifact.path / SEED_PREDICTIONS_FILE
    if not path.exists():
        return []
    rows = {uid: predicted for line in _lines(path) for uid, predicted in _of_seeds(line)}
    num_seeds = max(map(len, rows.values()), default=0)
    whole = {uid: predicted for uid, predicted in rows.items() if len(predicted) == num_seeds}
    return [{uid: predicted[seed] for uid, predicted in whole.items()} for seed in range(num_seeds)]


def kept_similarities(artifact: Artifact) -> Iterator[tuple[str, str, float]]:
    """Yield uid, answer and how alike answer and source are, of the saved model and of each seed. Raises: OSError."""
    for name in (PREDICTIONS_FILE, SEED_PREDICTIONS_FILE):
        path = artifact.path / name
        for line in _lines(path) if path.exists() else ():
            row = _parsed(line)
            uid, answers, alike = (row.get(key) for key in ("uid", "predicted", "similarity"))
            answers = answers if isinstance(answers, list) else [answers]
            values = alike if isinstance(alike, list) else [alike]
            for answer, value in zip(answers, values, strict=False):
                if isinstance(uid, str) and isinstance(answer, str) and _is_number(value):
                    yield uid, answer, float(value)


def _is_number(value: object) -> TypeGuard[float]:
    return isinstance(value, float | int) and math.isfinite(value)


def _lines(path: Path) -> Iterator[bytes]:
    """Yield lines of a file; of one that is too long its pieces, none of which is JSON."""
    with path.open("rb") as stream:
        while line := stream.readline(MOST_LINE_BYTES):
            yield line


def _answered(line: bytes) -> AnsweredRow | None:
    row = _parsed(line)
    uid, gold, predicted = row.get("uid"), row.get("gold"), row.get("predicted")
    if not isinstance(uid, str) or not isinstance(gold, str) or not _is_answer(predicted):
        return None
    return AnsweredRow(uid=uid, gold=gold, predicted=predicted, confidence=_highest(row.get("probabilities")))


def _of_seeds(line: bytes) -> Iterable[tuple[str, Sequence[str | None]]]:
    row = _parsed(line)
    uid, predicted = row.get("uid"), row.get("predicted")
    if isinstance(uid, str) and isinstance(predicted, list) and all(map(_is_answer, predicted)):
        yield uid, predicted


def _parsed(line: bytes) -> dict[str, Any]:
    try:
        row = json.loads(line)
    except (ValueError, RecursionError):
        return {}
    return row if isinstance(row, dict) else {}


def _is_answer(value: object) -> bool:
    return value is None or isinstance(value, str)


def _highest(probabilities: object) -> float | None:
    """The highest of the probabilities, listed or by label, that are numbers."""
    values = list(probabilities.values()) if isinstance(probabilities, dict) else probabilities
    if not isinstance(values, list):
        return None
    return max(filter(_is_number, values), default=None)
