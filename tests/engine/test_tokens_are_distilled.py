import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
import torch
import torch.nn.functional as F

import training.methods.scoring
from tests.tiny_runs import CPU, LABELS, TEXT, carry_out, examples, write_run
from tests.tiny_t5 import write_tiny_t5
from training.answers import Rows
from training.data import ModelOutputs, collate, token_labels_in
from training.distil import PartialStore, SoftLabels, read_soft_labels, shares_tokens, token_objective
from training.distil.token_training import NoCommonOutputs
from training.evaluation import Decoding, generate_answers
from training.learners import Classifier, encode_rows, load_classifier, with_target_tokens
from training.losses import distillation_sum, log_probs_with_rest, top_distillation_sum
from training.models import TextToText
from training.runtime import StopFlag
from training.spec import ModelSource, TrainingSettings
from training.tasks import TASK_TYPES
from training.train import TokenLoss

TOP = 5


@pytest.fixture(scope="session")
def t5(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_tiny_t5(tmp_path_factory.mktemp("t5"))


@pytest.fixture(scope="session")
def scored(tmp_path_factory: pytest.TempPathFactory, t5: Path) -> Path:
    """Give the run folder of a scoring by a T5 that has learned to write labels; nobody changes it."""
    folder = tmp_path_factory.mktemp("t5-teacher")
    teacher = write_run(folder / "teacher", t5, training={"steps": 60, "learning_rate": 5e-3})
    carry_out(teacher)
    scoring = write_scoring(folder / "scoring", teacher / "artifact")
    carry_out(scoring)
    return scoring


def write_scoring(folder: Path, artifact: Path) -> Path:
    data, settings = {"unlabelled": "data/unlabelled"}, {"top_tokens": TOP}
    return write_run(folder, artifact, kind="score", teacher_artifact=str(artifact), data=data, training=settings)


def classifier(folder: Path, *, task_type: str = TEXT.name) -> Classifier:
    source = ModelSource(source="folder", name=str(folder))
    loaded = load_classifier(source=source, task_type=TASK_TYPES[task_type], labels=LABELS, max_length=32)
    loaded.model.eval()
    return loaded


def read(folder: Path) -> SoftLabels:
    return read_soft_labels(folder=folder / "soft_labels", task_type=TEXT.name, input_fields=("text",), labels=LABELS)


def logits_of(teacher: Classifier, text: str, answer: list[int]) -> torch.Tensor:
    """Ask the language model itself, without a cache and without other rows, for the logits of an answer's tokens."""
    ids = teacher.tokenizer(text, return_tensors="pt").input_ids
    seen = torch.tensor([[0, *answer[:-1]]])
    with torch.inference_mode():
        found = teacher.model.language_model(input_ids=ids, decoder_input_ids=seen).logits[0]  # type: ignore[operator]
    assert isinstance(found, torch.Tensor)
    return found


def test_soft_labels_are_those_of_a_direct_computation(scored: Path) -> None:
    soft = read(scored)
    assert soft.tokens is not None
    teacher = classifier(scored.parent / "teacher" / "artifact")
    for row, answer in enumerate(soft.tokens.answers()):
        logits = logits_of(teacher, soft.rows.columns["text"][row], answer)
        assert logits.argmax(dim=-1).tolist() == answer
        part = slice(soft.tokens.bounds[row], soft.tokens.bounds[row + 1])
        shares = torch.softmax(logits, dim=-1).topk(TOP)
        np.testing.assert_array_equal(soft.tokens.top_ids[part], shares.indices)
        expected = torch.cat([shares.values, 1 - shares.values.sum(dim=-1, keepdim=True)], dim=-1)
        np.testing.assert_allclose(np.exp(soft.tokens.top_log_probs[part]), expected, atol=1e-5)


def test_label_scores_are_those_of_a_direct_computation(scored: Path) -> None:
    soft = read(scored)
    assert isinstance(soft.outputs, ModelOutputs)
    teacher = classifier(scored.parent / "teacher" / "artifact")
    for row in range(3):
        for place, label in enumerate(LABELS):
            answer = teacher.tokenizer(label).input_ids
            log_probs = F.log_softmax(logits_of(teacher, soft.rows.columns["text"][row], answer), dim=-1)
            expected = sum(float(log_probs[at, token]) for at, token in enumerate(answer))
            assert soft.outputs.row(row)[0, place] == pytest.approx(expected, abs=1e-4)


def test_a_scoring_stopped_in_the_middle_ends_as_if_it_had_not_been(
    scored: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    artifact = scored.parent / "teacher" / "artifact"
    monkeypatch.setattr(training.methods.scoring, "ROWS_PER_SHARD", 8)
    whole = carry_out(write_scoring(tmp_path / "whole", artifact))["artifact_hash"]
    folder = write_scoring(tmp_path / "stopped", artifact)
    with monkeypatch.context() as patch:
        patch.setattr(PartialStore, "publish", lambda *_, **__: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            carry_out(folder)
    (folder / "soft_labels.partial" / "shard-000002.arrow").unlink()
    assert carry_out(folder)["artifact_hash"] == whole


def test_the_loss_is_that_of_a_direct_computation_whatever_stands_beside_a_row(scored: Path, t5: Path) -> None:
    soft, student = read(scored), classifier(t5)
    assert student.codec is not None
    assert soft.tokens is not None
    settings = TrainingSettings(max_length=32, temperature=2.0)
    rows, loss = token_objective(soft=soft, gold=None, codec=student.codec, settings=settings)
    batch = collate(rows=rows, indices=np.array([4, 17, 2]), device=CPU.device)
    found = float(loss(logits=student.model(batch), rows=torch.tensor([4, 17, 2])).detach())
    expected = 0.0
    teacher = classifier(scored.parent / "teacher" / "artifact")
    for row in (4, 17, 2):
        answer = soft.tokens.answers()[row]
        part = slice(soft.tokens.bounds[row], soft.tokens.bounds[row + 1])
        kept = torch.from_numpy(soft.tokens.top_ids[part].astype(np.int64))
        p, q = (softened(logits_of(one, soft.rows.columns["text"][row], answer), kept) for one in (teacher, student))
        expected += float((p * (p / q).log()).sum()) * 4
    assert found == pytest.approx(expected, rel=1e-3)
    assert loss.num_valid(torch.tensor([4, 17, 2])) == sum(len(soft.tokens.answers()[row]) for row in (4, 17, 2))


def softened(logits: torch.Tensor, kept: torch.Tensor) -> torch.Tensor:
    """Return the shares at temperature 2 of the tokens kept, and of all others together."""
    shares = torch.softmax(logits.double() / 2, dim=-1).gather(-1, kept)
    return torch.cat([shares, 1 - shares.sum(dim=-1, keepdim=True)], dim=-1)


def test_a_set_of_an_earlier_version_is_read_without_its_tails(scored: Path) -> None:
    tokens = read(scored).tokens
    assert tokens is not None
    former = replace(tokens, tails=None)
    assert set(former.columns()) == {"answer_ids", "top_ids", "top_log_probs"}
    found = token_labels_in(pa.table(former.columns()))
    torch.testing.assert_close(found.log_probs_at(1.0), tokens.log_probs_at(1.0))
    assert not torch.allclose(found.log_probs_at(2.0), tokens.log_probs_at(2.0))


def test_all_but_one_token_kept_is_the_whole_divergence() -> None:
    torch.manual_seed(1)
    student, teacher = torch.randn(6, 9), torch.randn(6, 9)
    top = teacher.topk(8).indices
    mask = torch.ones(6, dtype=torch.bool)
    whole = distillation_sum(student_BC=student, teacher_BC=teacher, temperature=2.0, mask_B=mask)
    kept = top_distillation_sum(
        student_BV=student, top_ids_BK=top, teacher_BK=log_probs_with_rest(teacher / 2, top), temperature=2.0
    )
    assert kept.item() == pytest.approx(whole.item(), rel=1e-5)


def test_gold_answers_are_taught_beside_the_teachers(scored: Path, t5: Path) -> None:
    soft, student = read(scored), classifier(t5)
    assert student.codec is not None
    gold = Rows(uids=["g"], columns={"text": ["good film"]}, gold=["pos"])
    settings = TrainingSettings(max_length=32, gold_weight=0.5)
    rows, loss = token_objective(soft=soft, gold=gold, codec=student.codec, settings=settings)
    assert len(rows) == len(soft.rows) + 1
    last = torch.tensor([len(soft.rows)])
    logits = student.model(collate(rows=rows, indices=last.numpy(), device=CPU.device))
    expected = 0.5 * F.cross_entropy(logits, torch.tensor(student.tokenizer("pos").input_ids), reduction="sum")
    assert loss(logits=logits, rows=last).item() == pytest.approx(expected.item())


def test_what_is_no_answer_teaches_nothing(scored: Path, t5: Path) -> None:
    soft = read(scored)
    assert isinstance(soft.outputs, ModelOutputs)
    soft.outputs.values_UC[3] = np.nan
    codec = classifier(t5).codec
    assert codec is not None
    _, loss = token_objective(soft=soft, gold=None, codec=codec, settings=TrainingSettings())
    assert isinstance(loss, TokenLoss)
    assert (loss.num_valid(torch.tensor([3])), loss.num_valid(torch.tensor([4])) > 0) == (0, True)


@pytest.mark.parametrize(("task_type", "refused"), [("text_classification", False), ("entity_extraction", True)])
def test_another_tokenizer_leaves_class_probabilities_where_there_are_some(
    scored: Path, tmp_path: Path, task_type: str, refused: bool
) -> None:
    student = classifier(write_tiny_t5(tmp_path / "signs", words=()), task_type=task_type)
    if refused:
        with pytest.raises(NoCommonOutputs, match="another tokenizer"):
            shares_tokens(codec=student.codec, soft=read(scored))
    else:
        assert not shares_tokens(codec=student.codec, soft=read(scored))


def test_padding_and_neighbours_change_nothing_that_is_written(t5: Path) -> None:
    teacher = classifier(t5)
    assert isinstance(teacher.model, TextToText)
    texts = examples(TEXT.name, 6)["text"]
    rows = Rows(uids=texts, columns={"text": texts}, gold=None)
    encoded = encode_rows(rows=rows, task_type=TEXT, tokenizer=teacher.tokenizer, max_length=32)
    together = generate_answers(
        model=teacher.model, rows=encoded, compute=CPU, stop=StopFlag(), decoding=Decoding(num_top=TOP)
    )
    for row, text in enumerate(texts):
        one = Rows(uids=[text], columns={"text": [text]}, gold=None)
        alone = encode_rows(rows=one, task_type=TEXT, tokenizer=teacher.tokenizer, max_length=32)
        said = generate_answers(
            model=teacher.model, rows=alone, compute=CPU, stop=StopFlag(), decoding=Decoding(num_top=TOP)
        )
        assert said.tokens.answers() == [together.tokens.answers()[row]]
        np.testing.assert_allclose(said.tokens.top_log_probs, together.tokens.take([row]).top_log_probs, atol=1e-4)


def test_a_row_costs_the_same_alone_and_beside_a_longer_answer(t5: Path) -> None:
    student = classifier(t5)
    rows = Rows(uids=["a", "b"], columns={"text": ["good film", "sad"]}, gold=None)
    encoded = encode_rows(rows=rows, task_type=TEXT, tokenizer=student.tokenizer, max_length=32)
    taught = with_target_tokens(encoded=encoded, answers=[[5, 1], [6, 7, 8, 1]])
    loss = TokenLoss.of_gold(taught)
    first = torch.tensor([0])
    alone = student.model(collate(rows=taught, indices=np.array([0]), device=CPU.device))
    beside = student.model(collate(rows=taught, indices=np.array([0, 1]), device=CPU.device))
    assert loss(logits=alone, rows=first).item() == pytest.approx(loss(logits=beside[:2], rows=first).item(), rel=1e-4)


def test_a_set_says_how_many_tokens_it_keeps(scored: Path) -> None:
    assert json.loads((scored / "soft_labels" / "soft_labels.json").read_text())["top_tokens"] == TOP
