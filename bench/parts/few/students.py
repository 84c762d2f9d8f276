"""Students of the engine itself at few labels: by a recipe on the labels, and distilled from a frozen teacher."""

import json
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import datasets

from bench.parts.few.sets import NUM_POOL, FewSet
from training.job import Job
from training.methods import METHODS
from training.reporting import Progress
from training.spec import AUTO, SOFT, RunSpec
from training.tasks import TASK_TYPES

TEACHER = "all-MiniLM-L6-v2"
# As a study without dev trains where nobody says otherwise.
BATCH_SIZE, STEPS, LEARNING_RATE = 16, 400, 2e-4


class Runs:
    """Runs on one draw of a set's labels, in a folder of their own."""

    def __init__(self, few: FewSet, *, num_labels: int, seed: int, folder: Path, num_pool: int = NUM_POOL) -> None:
        self.few, self.seed, self.folder = few, seed, folder
        labelled, pool = few.draw(num_labels=num_labels, seed=seed, num_pool=num_pool)
        self.data = {
            "pool": self.written("pool", pool, has_labels=False),
            "test": self.written("test", list(few.test), has_labels=True),
        }
        if labelled:
            self.data["train"] = self.written("train", labelled, has_labels=True)

    def written(self, name: str, rows: list[Any], *, has_labels: bool) -> str:
        fields = TASK_TYPES[self.few.task_type].input_fields
        columns = {field: [texts[field] for texts, _ in rows] for field in fields}
        labels = {"label": [gold for _, gold in rows]} if has_labels else {}
        uids = [f"{name}-{number}" for number in range(len(rows))]
        datasets.Dataset.from_dict({"uid": uids, **columns, **labels}).save_to_disk(str(self.folder / name))
        return str(self.folder / name)

    def run(
        self,
        kind: str,
        *,
        data: dict[str, str],
        model: str | None = None,
        recipe: str = AUTO,
        name: str = "",
        **more: Any,
    ) -> tuple[dict[str, Any], Path]:
        """Carry a run out; `more` are further entries of its spec, those of `training` beside the usual ones."""
        folder = self.folder / (name or f"{kind}-{model}-{recipe}")
        folder.mkdir()
        training = more.pop("training", {})
        spec = {
            "version": 1,
            "kind": kind,
            "task_type": self.few.task_type,
            "labels": list(self.few.label_names),
            "model": {"source": "package", "name": model} if model else None,
            "data": data,
            "training": {
                "recipe": recipe,
                "steps": STEPS,
                "batch_size": BATCH_SIZE,
                "learning_rate": LEARNING_RATE,
                "max_length": self.few.max_length,
                "precision": "fp32",
                **training,
            },
            "evaluation": {"metric": self.few.metric},
            "seed": self.seed,
            "num_threads": 1,
            **more,
        }
        (folder / "spec.json").write_text(json.dumps(spec))
        job = Job(spec=RunSpec.from_json(folder / "spec.json"), folder=folder, progress=Progress(folder))
        return METHODS[kind](job), folder


@dataclass(frozen=True, kw_only=True)
class AskedStudent:
    """The checkpoints of a student and of its teacher, its path and recipe, and what it learns of that."""

    model: str
    teacher: str
    path: str
    recipe: str
    distil_from: str


def student(few: FewSet, asked: AskedStudent, *, num_labels: int, seed: int) -> dict[str, Any]:
    """Train a student of one draw of labels on a path; one that is distilled learns from a frozen teacher.

    On the path `teacher` it is the teacher itself that is trained on the labels.

    Returns: its score with its interval in percent, by which recipe, the baselines beside it, and CPU seconds.
    """
    datasets.disable_progress_bars()
    with tempfile.TemporaryDirectory(prefix="fulcrum-bench-") as name:
        runs = Runs(few, num_labels=num_labels, seed=seed, folder=Path(name))
        began = time.process_time()
        kind, data = "finetune", runs.data
        if asked.path == "distil":
            taught = {key: value for key, value in runs.data.items() if key in ("pool", "train")}
            scored = {**taught, "unlabelled": runs.data["pool"]}
            _, folder = runs.run(
                "score", model=asked.teacher, data=scored, training={"keep_vectors": asked.distil_from != SOFT}
            )
            kind, data = "distil", {**runs.data, "soft_labels": str(folder / "soft_labels")}
        more: dict[str, Any] = {"distillation": {"distil_from": asked.distil_from}} if asked.path == "distil" else {}
        model = asked.model
        if asked.path == "teacher":
            model, more = asked.teacher, {"role": "teacher"}
        result, _ = runs.run(kind, model=model, data=data, recipe=asked.recipe, **more)
    metrics = result["metrics"]
    measured = {key: round(100 * metrics["test"][few.metric][key], 2) for key in ("value", "low", "high")}
    return {
        "score": measured.pop("value"),
        **measured,
        "chose": result.get("choice", {"chosen": asked.recipe})["chosen"],
        "baselines": {key: round(100 * one["value"], 1) for key, one in metrics["baselines"].items()},
        "seconds": round(time.process_time() - began, 1),
    }
