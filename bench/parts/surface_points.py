"""Cells of a surface of our own engine: one draw of labels, both paths, each distilled from ever more pseudo-labels."""

import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import datasets

from bench.parts.few.sets import FewSet
from bench.parts.few.students import BATCH_SIZE, STEPS, TEACHER, Runs
from planning.surfaces import TEACHER as AS_TEACHER
from planning.surfaces import Cell, Point
from planning.surfaces.files import SDS_IN_INTERVAL
from training.spec import AUTO

# As in the demo.
DOLLARS_PER_LABEL, DOLLARS_PER_HOUR = 0.10, 1.875
SMALLEST_POOL = 2_000
# Each pseudo-label is learned from so often, at least STEPS batches in all.
EPOCHS = 3


def points_of(
    few: FewSet, *, model: str, teacher_recipe: str, num_labels: int, pseudo_labels: Sequence[int], seed: int
) -> Iterator[Point]:
    """Train the students of one draw; yields each cell as it is measured, the teacher's among them.

    Without labels `teacher_recipe` is not asked: nothing can be trained then.
    """
    datasets.disable_progress_bars()
    most = max(*pseudo_labels, SMALLEST_POOL)
    with tempfile.TemporaryDirectory(prefix="fulcrum-bench-") as name:
        runs = Runs(few, num_labels=num_labels, seed=seed, folder=Path(name), num_pool=most)
        labels = DOLLARS_PER_LABEL * num_labels
        pool = datasets.load_from_disk(runs.data["pool"])
        runs.data["pool"] = _saved(pool.select(range(min(SMALLEST_POOL, len(pool)))), runs.folder / "first")
        began = time.process_time()
        found, _ = runs.run("finetune", model=model, data=runs.data, name="annotate")
        yield _point(few, Cell(num_labels), found, labels + _dollars_since(began))
        began = time.process_time()
        recipe = teacher_recipe if num_labels else AUTO
        found, folder = runs.run(
            "finetune", model=TEACHER, data=runs.data, recipe=recipe, name="teacher", role="teacher"
        )
        with_teacher = labels + _dollars_since(began)
        yield _point(few, Cell(num_labels, AS_TEACHER), found, with_teacher)
        for count in pseudo_labels:
            began = time.process_time()
            found = _distilled(runs, folder / "artifact", model=model, count=count)
            yield _point(few, Cell(num_labels, count), found, with_teacher + _dollars_since(began))


def cells_of(num_labels: int, pseudo_labels: Sequence[int]) -> set[Cell]:
    """The cells of one number of labels."""
    return {Cell(num_labels), Cell(num_labels, AS_TEACHER), *(Cell(num_labels, count) for count in pseudo_labels)}


def _distilled(runs: Runs, teacher: Path, *, model: str, count: int) -> dict[str, Any]:
    """Train the student of so many pseudo-labels, and of the teacher's own training rows."""
    rows = datasets.load_from_disk(str(runs.folder / "pool")).select(range(count))
    if "train" in runs.data:
        train = datasets.load_from_disk(runs.data["train"]).remove_columns("label")
        rows = datasets.concatenate_datasets([rows, train])
    unlabelled = _saved(rows, runs.folder / f"unlabelled-{count}")
    _, folder = runs.run("score", data={"unlabelled": unlabelled}, teacher_artifact=str(teacher), name=f"score-{count}")
    data = {**runs.data, "soft_labels": str(folder / "soft_labels")}
    steps = max(STEPS, EPOCHS * count // BATCH_SIZE)
    found, _ = runs.run("distil", model=model, data=data, training={"steps": steps}, name=f"distil-{count}")
    return found


def _saved(rows: datasets.Dataset, folder: Path) -> str:
    rows.save_to_disk(str(folder))
    return str(folder)


def _dollars_since(began: float) -> float:
    """Price the CPU seconds since then: of one thread, whatever else the machine does."""
    return (time.process_time() - began) / 3600 * DOLLARS_PER_HOUR


def _point(few: FewSet, cell: Cell, found: dict[str, Any], dollars: float) -> Point:
    measured = found["metrics"]["test"][few.metric]
    sd = 100 * (measured["high"] - measured["low"]) / SDS_IN_INTERVAL
    return Point(cell=cell, dollars=dollars, score=100 * measured["value"], sd=sd or None)
