"""SetFit on a draw of labels, in a process of an interpreter that has its package, on the same checkpoint's weights."""

import json
import subprocess
import tempfile
from pathlib import Path
from typing import Any

from bench.parts.few.columns import Answers
from bench.parts.few.sets import FewSet
from training.models import load_pretrained
from training.spec import ModelSource
from training.tasks import TASK_TYPES

# It stands beside nothing that is called as the package is, which it would import instead.
WORKER = Path(__file__).with_name("setfit_worker.py")


class SetFitFailed(RuntimeError):
    """The interpreter that --setfit names could not train SetFit."""


def can_answer(task_type: str) -> bool:
    """SetFit gives a text one label: of entities it knows nothing."""
    return TASK_TYPES[task_type].unit == "row"


def setfit_answers(
    few: FewSet, *, python: Path, model: str, num_labels: int, seed: int
) -> tuple[Answers, float] | tuple[None, float]:
    """Train SetFit on a draw of labels; the two texts of a pair are joined.

    Returns: its answers to test, None where the labels are all alike, and the CPU seconds that it took.

    Raises: SetFitFailed.
    """
    labelled, _ = few.draw(num_labels=num_labels, seed=seed)
    if len({gold for _, gold in labelled}) < 2:
        return None, 0.0
    with tempfile.TemporaryDirectory(prefix="fulcrum-setfit-") as name:
        folder = Path(name)
        source = ModelSource(source="package", name=model)
        loaded = load_pretrained(source=source, max_length=few.max_length)
        checkpoint: Any = loaded.model
        checkpoint.save_pretrained(folder / "model")
        loaded.tokenizer.save_pretrained(folder / "model")
        request = {
            "model": str(folder / "model"),
            "max_length": few.max_length,
            "texts": [" ".join(texts.values()) for texts, _ in labelled],
            "labels": [gold for _, gold in labelled],
            "test": [" ".join(texts.values()) for texts, _ in few.test],
            "seed": seed,
        }
        found = answered_by(python, folder=folder, request=request)
    return found["predicted"], found["seconds"]


def answered_by(python: Path, *, folder: Path, request: dict[str, Any]) -> dict[str, Any]:
    """Hand the worker a request through files in a folder. Raises: SetFitFailed."""
    (folder / "request.json").write_text(json.dumps(request), encoding="utf-8")
    command = [str(python), str(WORKER), str(folder / "request.json"), str(folder / "answer.json")]
    try:
        ended = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    except OSError as problem:
        raise SetFitFailed(f"--setfit {python} cannot be started: {problem}") from problem
    if ended.returncode:
        raise SetFitFailed(f"--setfit {python} failed:\n{ended.stderr[-2_000:]}")
    answer: dict[str, Any] = json.loads((folder / "answer.json").read_text(encoding="utf-8"))
    return answer
