"""Both recipes of `bench paths`: ours, and that of the study behind the product, each on both paths.

All trainings go through the engine, so that recipes differ in what they ask for and in nothing else. Both are handed
the same labels in the same order, the same texts and the same checkpoints. Where ours searches, it pays for the labels
it chooses by: a part of those it buys is its dev split. The study's tries once, so it trains on all of them.
"""

import contextlib
import io
import itertools
import json
import math
import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import datasets

from bench.parts.paths_data import Row, Task
from training.job import Job
from training.methods import METHODS
from training.reporting import Progress
from training.spec import RunSpec

RECIPES = ("ours", "study")
DOLLARS_PER_HOUR = 1.875
# What labels leave of a budget, for the device: little, for a device is cheap beside people.
COMPUTE_SHARE = {"annotate": 0.005, "distil": 0.01}
FEWEST_UNLABELLED = 50
# Of labels, where a training is counted in steps.
LEAST_EPOCHS = 6

datasets.disable_progress_bars()


@dataclass(frozen=True, kw_only=True)
class Recipe:
    """How a student learns from labels, a teacher from labels, and a student from its teacher."""

    dev_share: float
    fewest_to_search: int
    student: dict[str, Any]
    teacher: dict[str, Any]
    distilled: dict[str, Any]
    student_rates: tuple[float, ...]
    teacher_rates: tuple[float, ...]
    asks_every_epoch: bool

    @property
    def num_passes(self) -> int:
        """Passes of the teacher over the texts that the student learns from."""
        return int(self.distilled["epochs"]) if self.asks_every_epoch else 1

    def at(self, num_labels: int) -> "Recipe":
        """The recipe for so many labels: long enough for them, without dev and search where they are too few for it."""
        how = replace(
            self, student=_long_enough(self.student, num_labels), teacher=_long_enough(self.teacher, num_labels)
        )
        if num_labels >= self.fewest_to_search:
            return how
        return replace(how, dev_share=0.0, student_rates=(), teacher_rates=())

    def num_rows_read(self, num_train: int) -> int:
        """Rows that a student has read, each as often as it came, when it has learned from labels."""
        steps = self.student.get("steps") or self.student["epochs"] * math.ceil(num_train / self.student["batch_size"])
        return int(steps * self.student["batch_size"]) * max(1, len(self.student_rates))


def _long_enough(training: dict[str, Any], num_labels: int) -> dict[str, Any]:
    if "steps" not in training:
        return training
    least = LEAST_EPOCHS * math.ceil(num_labels / training["batch_size"])
    return {**training, "steps": max(training["steps"], least)}


# Kang, Xu and Ritter, 2023, section 3: AdamW at 3e-5 in batches of 32, 20 epochs of labels or 50 of soft labels at
# temperature 2, one try; the teacher answers anew in every epoch.
_STUDY = {
    "learning_rate": 3e-5,
    "head_learning_rate_factor": 1.0,
    "batch_size": 32,
    "warmup_fraction": 0.0,
    "evaluations": 1,
}
STUDY = Recipe(
    dev_share=0.0,
    fewest_to_search=0,
    student={**_STUDY, "epochs": 20},
    teacher={**_STUDY, "epochs": 20},
    distilled={**_STUDY, "epochs": 50, "temperature": 2.0},
    student_rates=(),
    teacher_rates=(),
    asks_every_epoch=True,
)


def _ours(*, rate: float, steps: int, distilled_rate: float, pooling: str = "mean") -> Recipe:
    """Of fewer than 500 labels, a fifth is too few to choose by, and what is trained misses it: then one rate it is."""
    training = {"batch_size": 16, "evaluations": 1, "learning_rate": rate, "pooling": pooling}
    return Recipe(
        dev_share=0.2,
        fewest_to_search=500,
        student={**training, "steps": steps},
        teacher={**training, "steps": steps},
        distilled={
            **training,
            "batch_size": 32,
            "epochs": 3,
            "learning_rate": distilled_rate,
            "temperature": 1.0,
        },
        student_rates=(rate, 2 * rate),
        teacher_rates=(rate / 2, rate),
        asks_every_epoch=False,
    )


# Every word of a text teaches something of tags, which take a faster rate; at that rate, texts are learned by heart.
OURS_OF_TEXTS = _ours(rate=1e-4, steps=80, distilled_rate=2e-4)
# Few pairs teach a model what stands where in two texts read as one; how alike two vectors are, it knows before.
OURS_OF_PAIRS = _ours(rate=1e-4, steps=80, distilled_rate=2e-4, pooling="bi_encoder")
OURS_OF_WORDS = _ours(rate=3e-4, steps=100, distilled_rate=3e-4)
OURS = {"pair_classification": OURS_OF_PAIRS, "entity_extraction": OURS_OF_WORDS}


def recipe_of(name: str, task: Task) -> Recipe:
    """The recipe of that name for a task."""
    if name == "study":
        return STUDY
    return OURS.get(task.task_type, OURS_OF_TEXTS)


@dataclass(frozen=True)
class Models:
    """The packages that carry teacher and student."""

    teacher: str
    student: str


@dataclass(frozen=True, kw_only=True)
class Point:
    """One trained student: what was bought, the dollars of all of it, its answers on test."""

    labels: int
    pseudo_labels: int
    dollars: float
    predicted: list[str | None]


@dataclass
class Shop:
    """Buys labels and device seconds for one file and one seed, and trains with them."""

    task: Task
    models: Models
    seed: int
    device: str
    folder: Path
    most_unlabelled: int
    _seconds: float = 0.0
    _student_pace: dict[str, float] = field(default_factory=dict)
    _numbers: Iterator[int] = field(default_factory=itertools.count)

    def __post_init__(self) -> None:
        self._rows = self.task.drawn(self.seed)

    def annotate(self, recipe: str, *, budget: float) -> Point:
        """Spend a budget on labels, and train the student on them."""
        self._seconds = 0.0
        num_labels = self._num_labels(budget, "annotate")
        how = recipe_of(recipe, self.task).at(num_labels)
        made = self._finetune(num_labels, how, how.student, how.student_rates, self.models.student)
        self._student_pace[recipe] = self._seconds / how.num_rows_read(len(self._split(num_labels, how)[0]))
        return self._point(made, num_labels, 0)

    def distil(self, recipe: str, *, budget: float) -> Point:
        """Train the teacher on labels, and the student on its answers to as many texts as the rest pays for.

        Needs `annotate` of the same recipe before it, for the student's pace.
        """
        self._seconds = 0.0
        num_labels = self._num_labels(budget, "distil")
        how = recipe_of(recipe, self.task).at(num_labels)
        teacher = self._finetune(num_labels, how, how.teacher, how.teacher_rates, self.models.teacher) / "artifact"
        left = budget * COMPUTE_SHARE["distil"] * 3600 / DOLLARS_PER_HOUR - self._seconds
        num_texts = self._num_texts(recipe, teacher, num_labels, left)
        # The teacher's own training texts are taught too.
        taught = [*self._rows[:num_labels], *self._rows[num_labels:][:num_texts]]
        made = self._taught(how, teacher, taught, self._split(num_labels, how)[1])
        return self._point(made, num_labels, len(taught))

    def _num_labels(self, budget: float, path: str) -> int:
        """As many as the budget buys; a pool that is smaller than that is bought whole."""
        return min(math.floor(budget * (1 - COMPUTE_SHARE[path]) / self.task.price), len(self._rows))

    def _split(self, num_labels: int, how: Recipe) -> tuple[list[Row], list[Row]]:
        num_dev = round(num_labels * how.dev_share)
        return self._rows[num_dev:num_labels], self._rows[:num_dev]

    def _finetune(
        self, num_labels: int, how: Recipe, training: dict[str, Any], rates: Sequence[float], model: str
    ) -> Path:
        train, dev = self._split(num_labels, how)
        return self._run("finetune", training, rates, model=model, train=train, dev=dev)

    def _taught(self, how: Recipe, teacher: Path, texts: list[Row], dev: list[Row]) -> Path:
        before = self._seconds
        scored = self._run("score", {}, (), teacher=teacher, unlabelled=texts)
        # The answers are the same in every epoch: one pass is made, and as many are paid for as the recipe makes.
        self._seconds = before + (self._seconds - before) * how.num_passes
        return self._run(
            "distil", how.distilled, how.student_rates, model=self.models.student, soft=scored / "soft_labels", dev=dev
        )

    def _num_texts(self, recipe: str, teacher: Path, num_labels: int, seconds: float) -> int:
        """How many texts can be taught in so many device seconds, at the pace of a whole pass and of the student."""
        how, paid = recipe_of(recipe, self.task).at(num_labels), self._seconds
        texts = self._rows[num_labels:][: self.most_unlabelled]
        if not texts:
            return 0
        self._run("score", {}, (), teacher=teacher, unlabelled=texts)
        per_pass = (self._seconds - paid) / len(texts)
        self._seconds = paid
        num_epochs = how.distilled["epochs"]
        per_text = per_pass * how.num_passes + self._student_pace[recipe] * num_epochs * max(1, len(how.student_rates))
        return min(max(FEWEST_UNLABELLED, int(seconds / per_text) - num_labels), len(texts))

    def _point(self, made: Path, num_labels: int, num_pseudo_labels: int) -> Point:
        with (made / "artifact" / "predictions.jsonl").open(encoding="utf-8") as lines:
            predicted = [json.loads(line)["predicted"] for line in lines]
        dollars = num_labels * self.task.price + self._seconds * DOLLARS_PER_HOUR / 3600
        return Point(labels=num_labels, pseudo_labels=num_pseudo_labels, dollars=dollars, predicted=predicted)

    def _run(self, kind: str, training: dict[str, Any], rates: Sequence[float], **given: Any) -> Path:
        """One run of the engine, its device seconds on the bill; returns its folder."""
        folder = self.folder / f"{self.task.file}-{self.seed}-{next(self._numbers)}-{kind}"
        folder.mkdir()
        splits = {name: given[name] for name in ("train", "dev", "unlabelled") if given.get(name)}
        if given.get("model") == self.models.student:
            splits["test"] = self.task.test
        data = {name: _saved(folder / name, rows, with_labels=name != "unlabelled") for name, rows in splits.items()}
        if "soft" in given:
            data["soft_labels"] = str(given["soft"])
        payload = {
            "version": 1,
            "kind": kind,
            "task_type": self.task.task_type,
            "labels": list(self.task.labels),
            "model": {"source": "package", "name": given["model"]} if "model" in given else None,
            "teacher_artifact": str(given["teacher"]) if "teacher" in given else None,
            "data": data,
            "training": {"max_length": self.task.max_length, **training},
            "search": {"learning_rates": list(rates) if "dev" in splits else []},
            "evaluation": {"metric": self.task.metric, "num_resamples": 1},
            "seed": self.seed,
            "device": self.device,
        }
        spec = RunSpec.from_payload(payload, folder=folder)
        (folder / "spec.json").write_text(json.dumps(payload))
        started = self._clock()
        with contextlib.redirect_stdout(io.StringIO()):
            METHODS[kind](Job(spec=spec, folder=folder, progress=Progress(folder)))
        self._seconds += self._clock() - started
        return folder

    def _clock(self) -> float:
        """Seconds of the device: of the one core that this process has, or by the clock of an accelerator."""
        return time.process_time() if self.device == "cpu" else time.perf_counter()


def _saved(path: Path, rows: Iterable[Row], *, with_labels: bool) -> str:
    rows = list(rows)
    columns = {name: [texts[name] for texts, _ in rows] for name in rows[0][0]}
    columns["uid"] = [f"{number:06d}" for number in range(len(rows))]
    if with_labels:
        columns["label"] = [gold for _, gold in rows]
    datasets.Dataset.from_dict(columns).save_to_disk(str(path))
    return str(path)
