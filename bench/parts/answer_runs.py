"""Runs of the trainer on one set of texts and their answers: its splits, a run, and what is shown of one."""

import argparse
import json
import random
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import datasets

from training.job import Job
from training.methods import METHODS
from training.reporting import Progress
from training.spec import RunSpec
from training.tasks import TASK_TYPES

Row = dict[str, str]
GOLD = {name: f"data/{name}" for name in ("train", "dev", "test")}


def add_options(parser: argparse.ArgumentParser, *, rate: float = 1e-4, **defaults: int) -> None:
    """Add how many rows are for what, and how long texts, answers and trainings are."""
    sizes = {"labels": 150, "dev": 30, "test": 60, "pool": 200, "steps": 40, "seed": 0}
    for name, default in {**sizes, "max_length": 40, "answer_length": 32, **defaults}.items():
        parser.add_argument(f"--{name.replace('_', '-')}", type=int, default=default)
    parser.add_argument("--rate", type=float, default=rate)


@dataclass(frozen=True)
class AnswerRuns:
    """One set: its name, its task type, the options of the bench, and a folder of its own."""

    name: str
    task_type: str
    options: argparse.Namespace
    folder: Path

    @property
    def metrics(self) -> tuple[str, ...]:
        return TASK_TYPES[self.task_type].metrics

    def write(self, rows: Sequence[Row]) -> None:
        """Write the splits, drawn by the seed; no text is in two of them."""
        drawn = random.Random(self.options.seed).sample(rows, len(rows))
        sizes = {"train": self.options.labels, "dev": self.options.dev, "test": self.options.test}
        start = 0
        for name, size in {**sizes, "unlabelled": self.options.pool}.items():
            part = drawn[start : start + size]
            start += size
            kept = [{k: v for k, v in row.items() if k != "label" or name != "unlabelled"} for row in part]
            datasets.Dataset.from_list(kept).save_to_disk(str(self.folder / "data" / name))

    def run(self, name: str, *, teacher: str = "", **asked: Any) -> dict[str, Any]:
        """Carry out one run of the trainer in this process and return its result, with the seconds it took.

        `teacher` is the name of the run whose model scores, or is asked what a student's own answers are worth.
        """
        folder = self.folder / name
        folder.mkdir()
        options = self.options
        training = {"steps": options.steps, "batch_size": 8, "learning_rate": options.rate, "evaluations": 2}
        training |= {"max_length": options.max_length, "answer_length": options.answer_length, "precision": "fp32"}
        payload = {
            "version": 1,
            "task_type": self.task_type,
            "labels": [],
            "seed": options.seed,
            "num_threads": 1,
            "evaluation": {"metric": self.metrics[0], "num_resamples": 1_000},
            **({"teacher_artifact": str(self.folder / teacher / "artifact")} if teacher else {}),
            **asked,
            "training": {**training, **asked.get("training", {})},
            "data": {name: str(self.folder / place) for name, place in asked["data"].items()},
        }
        (folder / "spec.json").write_text(json.dumps(payload), encoding="utf-8")
        began = time.process_time()
        job = Job(spec=RunSpec.from_json(folder / "spec.json"), folder=folder, progress=Progress(folder), cache=None)
        result = METHODS[job.spec.kind](job)
        return {**result, "seconds": round(time.process_time() - began)}

    def row(self, what: str, result: dict[str, Any]) -> dict[str, Any]:
        """Print and return what a run's model scores on test, in percent, and in how many CPU seconds it came."""
        test, metric = result["metrics"]["test"], self.metrics[0]
        scores = {name: round(100 * test[name]["value"], 1) for name in self.metrics if name in test}
        baselines = {name: round(100 * one["value"], 1) for name, one in result["metrics"]["baselines"].items()}
        interval = [round(100 * test[metric][end], 1) for end in ("low", "high")]
        row = {"file": self.name, "model": what, "score": scores[metric], **scores, "interval": interval}
        row |= {"num_cut": test.get("num_cut"), "num_empty": test.get("num_unparsed"), "seconds": result["seconds"]}
        print(f"{row} baselines by {metric}: {baselines}", flush=True)
        return {**row, "baselines": baselines}


def summary(bench: str, rows: Sequence[dict[str, Any]]) -> str:
    """Return the last line of a bench: each model's score, and what its file's baselines have."""
    figures = {f"{row['file']}, {row['model']}": row["score"] for row in rows}
    for row in rows:
        figures |= {f"{row['file']}, {name}": score for name, score in row["baselines"].items()}
    return json.dumps({"bench": bench, "figures": figures, "goals": {}, "ok": True})
