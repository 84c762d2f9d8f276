import json
from pathlib import Path
from typing import Any

import pytest
from transformers import AutoModelForCausalLM

from tests.tiny_llama import write_tiny_llama
from tests.tiny_runs import RunFolder, Undisturbed, carry_out, examples, job_of
from tests.tiny_t5 import write_tiny_t5
from training.__main__ import main
from training.evaluation import load_predictor
from training.methods import METHODS
from training.models import DecoderOnly, PretrainedUnusable
from training.runtime import StopFlag, StopRequested
from training.tasks import TASK_TYPES

PACE = {"steps": 100, "learning_rate": 1e-2, "batch_size": 8, "evaluations": 2, "answer_length": 8}


@pytest.fixture(scope="session")
def writers(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("writers")
    return {"t5": write_tiny_t5(folder / "t5"), "llama": write_tiny_llama(folder / "llama")}


def model(folder: Path, **more: Any) -> dict[str, Any]:
    return {"source": "folder", "name": str(folder), **more}


@pytest.mark.parametrize("looks", [0, 3])
@pytest.mark.parametrize("name", ["t5", "llama"])
def test_a_run_stopped_anywhere_ends_as_if_it_had_not_been(
    run_folder: RunFolder, undisturbed: Undisturbed, writers: dict[str, Path], looks: int, name: str
) -> None:
    settings = {**PACE, "steps": 5}
    asked = {"task_type": "text_generation", "model": model(writers[name]), "training": settings}
    folder = run_folder("stopped", **asked)
    job = job_of(folder)
    job.progress.step = lambda step, **_: job.stop.request() if step == looks else None  # type: ignore[method-assign]
    with pytest.raises(StopRequested):
        METHODS["finetune"](job)
    resumed, whole = carry_out(folder), undisturbed(**asked)
    assert (resumed["metrics"], resumed["artifact_hash"]) == (whole["metrics"], whole["artifact_hash"])


def test_what_is_cut_and_what_says_nothing_are_counted(run_folder: RunFolder, writers: dict[str, Path]) -> None:
    settings = {**PACE, "steps": 1, "learning_rate": 1e-7, "answer_length": 2}
    folder = run_folder(task_type="text_generation", model=model(writers["llama"]), training=settings)
    test = carry_out(folder)["metrics"]["test"]
    # As it is, it only repeats the mark that it is to write behind.
    assert (test["num_cut"], test["num_unparsed"]) == (10, 10)
    card = (folder / "artifact" / "README.md").read_text()
    assert "Of 10 answers to test, of all seeds, 10 were cut at the maximum length, and 10 are empty." in card


def test_a_template_that_says_what_day_it_is_stays_as_it_was_in_training(
    run_folder: RunFolder, writers: dict[str, Path]
) -> None:
    settings = {**PACE, "steps": 1}
    folder = run_folder(task_type="text_generation", model=model(writers["llama"]), training=settings)
    carry_out(folder)
    before = load_predictor(folder / "artifact", stop=StopFlag()).model
    (folder / "artifact" / "chat_template.jinja").write_text("day 2 {{ messages[0]['content'] }}")
    after = load_predictor(folder / "artifact", stop=StopFlag()).model
    assert isinstance(before, DecoderOnly) and isinstance(after, DecoderOnly)
    assert before.codec.frame == after.codec.frame and before.codec.frame is not None


def test_a_smaller_one_is_carved_and_what_cannot_write_is_refused(
    run_folder: RunFolder, writers: dict[str, Path], tiny_folder: Path
) -> None:
    asked = {"task_type": "text_generation", "training": {**PACE, "steps": 1, "frozen_layers": 1}}
    folder = run_folder(model=model(writers["llama"], layers=[1]), **asked)
    carry_out(folder)
    assert AutoModelForCausalLM.from_pretrained(folder / "artifact").config.num_hidden_layers == 1
    with pytest.raises(PretrainedUnusable, match="cannot write any"):
        carry_out(run_folder("encoder", model=model(tiny_folder), **asked))
    long = {**PACE, "answer_length": 120}
    with pytest.raises(PretrainedUnusable, match="128 positions"):
        carry_out(run_folder("long", model=model(writers["llama"]), task_type="text_generation", training=long))


@pytest.mark.parametrize(
    ("name", "task_type"),
    [("t5", "text_generation"), ("llama", "text_generation"), ("llama", "question_answering")],
)
def test_it_writes_clearly_better_than_the_baselines_and_answers_a_file(
    run_folder: RunFolder, writers: dict[str, Path], name: str, task_type: str, tmp_path: Path
) -> None:
    # An encoder-decoder starts from nothing more slowly.
    pace = {**PACE, "steps": 160 if name == "t5" else 120}
    folder, definition = (
        run_folder(task_type=task_type, model=model(writers[name]), training=pace),
        TASK_TYPES[task_type],
    )
    result = carry_out(folder)
    test, metric = result["metrics"]["test"], definition.metrics[0]
    baselines = {name: one["value"] for name, one in result["metrics"]["baselines"].items()}
    assert test[metric]["value"] > max(baselines["majority"], baselines.get("source", 0.0)) + 0.25
    assert (test["num_cut"], test["num_unparsed"]) == (0, 0)
    source, target = tmp_path / "in.jsonl", tmp_path / "out.jsonl"
    rows = examples(task_type, 3)
    lines = [{"uid": uid, **{f: rows[f][row] for f in definition.input_fields}} for row, uid in enumerate(rows["uid"])]
    source.write_text("".join(json.dumps(line) + "\n" for line in lines))
    assert main(["predict", str(folder / "artifact"), str(source), str(target)]) == 0
    answered = [json.loads(line) for line in target.read_text().splitlines()]
    assert all(0 < one["probabilities"]["answer"] <= 1 for one in answered)
    assert {one["predicted"] for one in answered} <= {"happy film", "happy movie", "sad day"}
