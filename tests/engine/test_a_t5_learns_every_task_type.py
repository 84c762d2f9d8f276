import json
import shutil
from pathlib import Path

import numpy as np
import pytest
import torch
from transformers import AutoModelForSeq2SeqLM

from tests.tiny_runs import CPU, EVERY_LABELLED_TYPE, LABELS, RunFolder, Undisturbed, carry_out, examples, job_of
from tests.tiny_t5 import write_tiny_t5
from training.__main__ import main
from training.answers import Rows
from training.evaluation import predict_logits
from training.evaluation.outputs import outputs_for_answers
from training.learners import encode_rows, load_classifier, with_target_tokens
from training.losses import IGNORED
from training.methods import METHODS
from training.models import PretrainedUnusable, load_pretrained
from training.runtime import StopFlag, StopRequested
from training.spec import ModelSource
from training.tasks import TASK_TYPES, TaskType
from training.train import TokenLoss
from training.train.loop import gradients_of_step

# Copying words takes longer to learn than naming a label.
PACE = {"entity_extraction": {"steps": 160, "learning_rate": 1e-2}}


@pytest.fixture(scope="session")
def t5(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_tiny_t5(tmp_path_factory.mktemp("t5"))


def model(folder: Path, **more: object) -> dict[str, object]:
    return {"source": "folder", "name": str(folder), **more}


@EVERY_LABELLED_TYPE
def test_it_is_trained_clearly_above_the_baseline_and_labels_a_file(
    run_folder: RunFolder, t5: Path, task_type: TaskType, tmp_path: Path
) -> None:
    pace = PACE.get(task_type.name, {"steps": 100, "learning_rate": 5e-3})
    settings = {**pace, "batch_size": 8, "evaluations": 1}
    evaluation = {"metric": "micro_f1", "num_resamples": 10}
    folder = run_folder(task_type=task_type.name, model=model(t5), training=settings, evaluation=evaluation)
    result = carry_out(folder)
    assert result["metrics"]["test"]["micro_f1"]["value"] > result["metrics"]["baseline"]["value"] + 0.25
    rows = examples(task_type.name, 3)
    lines = [{"uid": uid, **{f: rows[f][row] for f in task_type.input_fields}} for row, uid in enumerate(rows["uid"])]
    source, target = tmp_path / "in.jsonl", tmp_path / "out.jsonl"
    source.write_text("".join(json.dumps(line) + "\n" for line in lines))
    assert main(["predict", str(folder / "artifact"), str(source), str(target)]) == 0
    assert len(target.read_text().splitlines()) == 3


@pytest.mark.parametrize("looks", [0, 3])
@pytest.mark.parametrize("task_type", ["text_classification", "entity_extraction"])
def test_a_run_stopped_anywhere_ends_as_if_it_had_not_been(
    run_folder: RunFolder, undisturbed: Undisturbed, t5: Path, looks: int, task_type: str
) -> None:
    settings = {"steps": 5, "evaluations": 2, "max_length": 8}
    asked = {"task_type": task_type, "model": model(t5), "training": settings}
    folder = run_folder("stopped", **asked)
    job = job_of(folder)
    job.progress.step = lambda step, **_: job.stop.request() if step == looks else None  # type: ignore[method-assign]
    with pytest.raises(StopRequested):
        METHODS["finetune"](job)
    resumed, whole = carry_out(folder), undisturbed(**asked)
    assert (resumed["metrics"], resumed["artifact_hash"]) == (whole["metrics"], whole["artifact_hash"])


@pytest.mark.parametrize("num_parts", [2, 8])
@EVERY_LABELLED_TYPE
def test_accumulation_changes_nothing(t5: Path, num_parts: int, task_type: TaskType) -> None:
    def step(parts: int) -> tuple[float, torch.Tensor]:
        source = ModelSource(source="folder", name=str(t5))
        student = load_classifier(source=source, task_type=task_type, labels=LABELS, max_length=32)
        student.model.eval()
        assert student.codec is not None
        data = examples(task_type.name, 8)
        rows = Rows(uids=data["uid"], columns={name: data[name] for name in task_type.input_fields}, gold=None)
        answers = student.codec.tokens(answers=data["label"], texts=data[task_type.input_fields[0]])
        encoded = encode_rows(rows=rows, task_type=task_type, tokenizer=student.tokenizer, max_length=32)
        taught = with_target_tokens(encoded=encoded, answers=answers)
        cut = np.array_split(np.arange(8), parts)
        loss = TokenLoss.of_gold(taught)
        value = gradients_of_step(model=student.model, rows=taught, micro_batches=cut, loss=loss, compute=CPU)
        return value, torch.cat([p.grad.flatten() for p in student.model.parameters() if p.grad is not None])

    (whole_loss, whole), (parts_loss, parts) = step(1), step(num_parts)
    assert parts_loss == pytest.approx(whole_loss, rel=1e-5)
    torch.testing.assert_close(parts, whole, rtol=1e-3, atol=1e-6)


@pytest.mark.parametrize("precision", ["fp32", "bf16"])
def test_it_is_searched_for_and_repeated_from_seeds_in_either_precision(
    run_folder: RunFolder, t5: Path, precision: str
) -> None:
    search = {"learning_rates": [1e-3, 5e-3], "num_seeds": 2}
    settings = {"steps": 3, "evaluations": 1, "max_length": 8, "precision": precision}
    result = carry_out(run_folder(model=model(t5), search=search, training=settings))
    assert (len(result["search"]), len(result["seeds"]), result["metrics"]["test"]["num_seeds"]) == (2, 2, 2)


def test_a_smaller_one_is_carved_on_both_sides(run_folder: RunFolder, t5: Path) -> None:
    folder = run_folder(model=model(t5, layers=[1]), training={"steps": 2, "frozen_layers": 1})
    carry_out(folder)
    config = AutoModelForSeq2SeqLM.from_pretrained(folder / "artifact").config
    assert (config.num_layers, config.num_decoder_layers) == (1, 1)


def test_training_goes_on_from_an_artifact_with_the_same_labels_only(run_folder: RunFolder, t5: Path) -> None:
    first = run_folder("first", model=model(t5))
    carry_out(first)
    carry_out(run_folder("second", model=model(first / "artifact")))
    with pytest.raises(PretrainedUnusable, match="same order"):
        carry_out(run_folder("third", model=model(first / "artifact"), labels=["pos", "neg"]))


def test_many_labels_are_answered_without_asking_after_each(t5: Path) -> None:
    labels = [f"{first}{second}" for first in "abcdefgh" for second in "abcde"]
    source, task_type = ModelSource(source="folder", name=str(t5)), TASK_TYPES["text_classification"]
    student = load_classifier(source=source, task_type=task_type, labels=labels, max_length=8)
    rows = Rows(uids=["a", "b"], columns={"text": ["good film", "sad"]}, gold=None)
    encoded = encode_rows(rows=rows, task_type=task_type, tokenizer=student.tokenizer, max_length=8)
    outputs = predict_logits(model=student.model, rows=encoded, compute=CPU, stop=StopFlag())
    assert outputs.values_UC.shape == (2, 40)


def test_outputs_around_an_answer_make_it_the_likeliest() -> None:
    target, sure = torch.tensor([2, 0, IGNORED]), torch.tensor([0.9, 0.01, 0.5])
    shares = outputs_for_answers(target=target, probability_U=sure, num_outputs=4).exp()
    torch.testing.assert_close(shares[0], torch.tensor([0.1 / 3, 0.1 / 3, 0.9, 0.1 / 3]))
    assert shares[1].argmax() == 0 and shares[1].sum() == pytest.approx(1)
    assert shares[2].isnan().all()
    sets = torch.tensor([[1.0, 0.0], [float(IGNORED), float(IGNORED)]])
    odds = outputs_for_answers(target=sets, probability_U=torch.tensor([0.8, 0.8]), num_outputs=2)
    torch.testing.assert_close(torch.sigmoid(odds[0]), torch.tensor([0.8, 0.2]))
    assert odds[1].isnan().all()


@pytest.mark.parametrize(
    ("file", "key", "words"),
    [
        ("config.json", "decoder_start_token_id", "decoder_start_token_id"),
        ("tokenizer_config.json", "pad_token", "no pad token"),
    ],
)
def test_one_that_cannot_write_is_refused(t5: Path, tmp_path: Path, file: str, key: str, words: str) -> None:
    folder = Path(shutil.copytree(t5, tmp_path / "broken"))
    settings = json.loads((folder / file).read_text())
    (folder / file).write_text(json.dumps({**settings, key: None}))
    with pytest.raises(PretrainedUnusable, match=words):
        load_pretrained(source=ModelSource(source="folder", name=str(folder)), max_length=8)
