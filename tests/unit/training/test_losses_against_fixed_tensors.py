import math

import pytest
import torch

from training.losses import (
    IGNORED,
    binary_cross_entropy_sum,
    binary_distillation_sum,
    cross_entropy_sum,
    distillation_sum,
)


def test_cross_entropy_of_even_logits_is_the_log_of_the_number_of_classes_per_row() -> None:
    loss = cross_entropy_sum(logits_BC=torch.zeros(3, 4), target_B=torch.tensor([0, 1, 3]))
    assert loss.item() == pytest.approx(3 * math.log(4))


def test_ignored_rows_add_nothing_to_cross_entropy() -> None:
    logits = torch.tensor([[2.0, 0.0], [0.0, 5.0]])
    loss = cross_entropy_sum(logits_BC=logits, target_B=torch.tensor([0, IGNORED]))
    assert loss.item() == pytest.approx(math.log(1 + math.exp(-2)))


def test_a_step_of_ignored_rows_costs_exactly_nothing() -> None:
    assert cross_entropy_sum(logits_BC=torch.ones(2, 3), target_B=torch.tensor([IGNORED, IGNORED])).item() == 0.0


def test_a_student_that_says_what_the_teacher_says_loses_nothing() -> None:
    logits = torch.tensor([[1.0, -1.0, 0.5]])
    mask = torch.tensor([True])
    loss = distillation_sum(student_BC=logits, teacher_BC=logits + 7, temperature=3.0, mask_B=mask)
    assert loss.item() == pytest.approx(0.0, abs=1e-6)


def test_distillation_of_a_known_pair_has_the_known_value() -> None:
    teacher = torch.tensor([[math.log(0.75) * 2, math.log(0.25) * 2]])
    student = torch.zeros(1, 2)
    expected = 4 * (0.75 * math.log(0.75 / 0.5) + 0.25 * math.log(0.25 / 0.5))
    loss = distillation_sum(student_BC=student, teacher_BC=teacher, temperature=2.0, mask_B=torch.tensor([True]))
    assert loss.item() == pytest.approx(expected, rel=1e-5)


def test_binary_cross_entropy_of_even_odds_is_the_log_of_two_per_label() -> None:
    target = torch.tensor([[1.0, 0.0, 1.0], [IGNORED] * 3])
    loss = binary_cross_entropy_sum(logits_BC=torch.zeros(2, 3), target_BC=target)
    assert loss.item() == pytest.approx(3 * math.log(2))


def test_binary_cross_entropy_knows_a_label_that_does_not_apply() -> None:
    loss = binary_cross_entropy_sum(logits_BC=torch.tensor([[2.0]]), target_BC=torch.tensor([[0.0]]))
    assert loss.item() == pytest.approx(math.log(1 + math.exp(2)))


def test_binary_distillation_of_a_known_pair_has_the_known_value() -> None:
    teacher = torch.tensor([[math.log(3) * 2, 0.0]])
    loss = binary_distillation_sum(
        student_BC=torch.zeros(1, 2), teacher_BC=teacher, temperature=2.0, mask_B=torch.tensor([True])
    )
    expected = 4 * (0.75 * math.log(0.75 / 0.5) + 0.25 * math.log(0.25 / 0.5))
    assert loss.item() == pytest.approx(expected, rel=1e-5)


def test_binary_distillation_leaves_out_rows_without_a_teacher() -> None:
    loss = binary_distillation_sum(
        student_BC=torch.ones(1, 2), teacher_BC=torch.zeros(1, 2), temperature=1.0, mask_B=torch.tensor([False])
    )
    assert loss.item() == 0.0
