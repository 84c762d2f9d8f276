"""Of many classes a teacher's likeliest are kept for each row, and the weight of all others together."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from tests.tiny_runs import TEXT, rows_with
from training.data import ModelOutputs, TopOutputs, Units
from training.distil import PartialStore, StorePlan, decisions_of, read_soft_labels, row_confidence
from training.learners import learner_of
from training.losses import IGNORED
from training.train import SoftLoss

NUM_ROWS, NUM_CLASSES, NUM_TOP = 100, 500, 16


def logits() -> torch.Tensor:
    drawn = torch.Generator().manual_seed(0)
    values = torch.randn(NUM_ROWS, NUM_CLASSES, generator=drawn)
    values[:, :3] += torch.tensor([10.0, 8.0, 6.0])
    return values


def kept() -> TopOutputs:
    return TopOutputs.of(logits().numpy(), num_top=NUM_TOP)


@pytest.mark.parametrize("temperature", [0.5, 1.0, 2.0, 3.0])
def test_a_row_is_as_sure_as_with_all_its_classes(temperature: float) -> None:
    whole = decisions_of(task_type=TEXT, outputs=ModelOutputs.one_per_row(logits().numpy()))
    found = row_confidence(decisions_of(task_type=TEXT, outputs=kept()), temperature=temperature)
    np.testing.assert_allclose(found, row_confidence(whole, temperature=temperature), rtol=0.01)


def test_a_row_without_a_number_is_not_answered() -> None:
    values = logits().numpy()
    values[[2, 70], 400] = np.nan
    found = TopOutputs.of(values, num_top=NUM_TOP)
    assert np.flatnonzero(~found.answered_N).tolist() == [2, 70]
    assert row_confidence(decisions_of(task_type=TEXT, outputs=found), temperature=1.0)[[2, 70]].tolist() == [0, 0]


def test_a_student_is_pulled_where_all_classes_would_pull_it() -> None:
    top = kept()
    learner, rows = learner_of(TEXT), torch.arange(NUM_ROWS)
    whole = SoftLoss(
        learner=learner,
        units=Units.one_per_row(NUM_ROWS),
        teacher_UC=logits(),
        answered_U=torch.ones(NUM_ROWS, dtype=torch.bool),
        target=torch.full((NUM_ROWS,), IGNORED),
        temperature=2.0,
        gold_weight=0.0,
    )
    few = replace(whole, teacher_UC=top.log_probs_at(2.0), top_ids_UK=torch.from_numpy(top.top_ids_NK))
    student = logits() + 2 * torch.randn(NUM_ROWS, NUM_CLASSES, generator=torch.Generator().manual_seed(1))
    # What the others weigh is known, and not how they differ from one another.
    student[:, NUM_TOP:] = logits()[:, NUM_TOP:]
    one, other = (student.clone().requires_grad_() for _ in range(2))
    torch.autograd.backward((whole(logits=one, rows=rows), few(logits=other, rows=rows)))
    assert one.grad is not None
    assert other.grad is not None
    assert torch.cosine_similarity(one.grad.flatten(), other.grad.flatten(), dim=0) > 0.99


def test_a_set_is_written_and_read_with_what_is_kept(tmp_path: Path) -> None:
    labels = [f"label {number}" for number in range(NUM_CLASSES)]
    plan = StorePlan(
        task_type=TEXT.name,
        labels=tuple(labels),
        unit="row",
        outputs=tuple(labels),
        teacher_hash="",
        tokenizer_hash="",
        data_hash="",
        max_length=8,
        precision="fp32",
        rows_per_shard=NUM_ROWS,
        num_rows=NUM_ROWS,
        top_outputs=NUM_TOP,
    )
    store = PartialStore(tmp_path / "partial", plan)
    store.open()
    rows = rows_with(labels[:1] * NUM_ROWS)
    store.write(0, rows=rows, outputs=ModelOutputs.one_per_row(logits().numpy()))
    store.publish(tmp_path / "set", calibration=None, confidence=None)
    found = read_soft_labels(folder=tmp_path / "set", task_type=TEXT.name, input_fields=("text",), labels=labels)
    assert isinstance(found.outputs, TopOutputs)
    np.testing.assert_array_equal(found.outputs.top_ids_NK, kept().top_ids_NK)
    np.testing.assert_array_equal(found.outputs.tails_NG, kept().tails_NG)
    assert len(found.of(np.arange(NUM_ROWS) < 7).outputs) == 7
