from pathlib import Path

import pytest
import torch

from tests.tiny_runs import TEXT, RunFolder, carry_out
from training.data import Units
from training.learners import learner_of
from training.losses import IGNORED
from training.train import SoftLoss


def soft_loss(gold_weight: float) -> SoftLoss:
    return SoftLoss(
        learner=learner_of(TEXT),
        units=Units.one_per_row(2),
        teacher_UC=torch.tensor([[2.0, 0.0], [0.0, 0.0]]),
        answered_U=torch.tensor([True, False]),
        target=torch.tensor([IGNORED, 1]),
        temperature=2.0,
        gold_weight=gold_weight,
    )


def test_a_gold_row_without_a_teacher_costs_only_cross_entropy() -> None:
    loss = soft_loss(0.5)(logits=torch.zeros(1, 2), rows=torch.tensor([1]))
    assert loss.item() == pytest.approx(0.5 * torch.log(torch.tensor(2.0)).item())


def test_without_gold_weight_gold_labels_have_no_say() -> None:
    assert soft_loss(0.0)(logits=torch.randn(1, 2), rows=torch.tensor([1])).item() == 0.0


def test_gold_and_soft_rows_are_learned_together(run_folder: RunFolder, teacher: Path) -> None:
    scoring = run_folder("scoring", kind="score", teacher_artifact=str(teacher), data={"unlabelled": "data/unlabelled"})
    carry_out(scoring)
    data = {"soft_labels": str(scoring / "soft_labels"), "train": "data/train", "test": "data/test"}
    result = carry_out(run_folder("hybrid", kind="distil", data=data, training={"gold_weight": 1.0}))
    assert (result["num_train"], result["num_pseudo_labels"]) == (24, 30)
    assert result["metrics"]["baseline"] == {"label": "neg", "value": 0.5}
