"""A teacher keeps its likeliest tokens; what it leaves out still weighs what it weighs when softened."""

import pytest
import torch
import torch.nn.functional as F

from training.data import log_probs_at, tail_log_sums
from training.losses import distillation_sum, log_probs_with_rest, top_distillation_sum

NUM_TOKENS = 32_000
NUM_KEPT = 16


@pytest.fixture
def teacher() -> torch.Tensor:
    """Give logits of five places: a few tokens likely, the long tail not, as of a model that has learned to answer."""
    torch.manual_seed(0)
    logits = torch.randn(5, NUM_TOKENS) * 1.5
    logits[:, :5] += 14 * torch.tensor([1.0, 0.8, 0.7, 0.5, 0.4])
    return logits


def kept_at(teacher: torch.Tensor, temperature: float) -> tuple[torch.Tensor, torch.Tensor]:
    """Return what is kept of a teacher, ids and distribution, read back at a temperature."""
    log_probs = F.log_softmax(teacher, dim=-1)
    top = log_probs.topk(NUM_KEPT, dim=-1)
    found = log_probs_at(
        top_log_probs_UK=top.values.numpy(),
        tails_UG=tail_log_sums(log_probs, top.indices).numpy(),
        temperature=temperature,
    )
    return top.indices, found


@pytest.mark.parametrize("temperature", [0.5, 1.0, 2.0, 4.0])
def test_the_kept_distribution_is_that_of_the_softened_logits(teacher: torch.Tensor, temperature: float) -> None:
    top_ids, found = kept_at(teacher, temperature)
    torch.testing.assert_close(found, log_probs_with_rest(teacher / temperature, top_ids), atol=1e-4, rtol=1e-4)


@pytest.mark.parametrize("temperature", [0.3, 0.7, 1.5, 2.5, 3.0, 7.0])
def test_between_the_known_temperatures_it_is_off_by_a_hundredth_at_most(
    teacher: torch.Tensor, temperature: float
) -> None:
    top_ids, found = kept_at(teacher, temperature)
    exact = log_probs_with_rest(teacher / temperature, top_ids)
    assert (found.exp() - exact.exp()).abs().max() < 0.01


@pytest.mark.parametrize("temperature", [1.0, 2.0])
def test_the_gradient_points_where_that_of_the_whole_vocabulary_points(
    teacher: torch.Tensor, temperature: float
) -> None:
    start = teacher + torch.randn_like(teacher) * 0.3
    start[:, :5] += torch.randn(5, 5) * 2
    whole, kept = (start.clone().requires_grad_() for _ in range(2))
    mask = torch.ones(5, dtype=torch.bool)
    top_ids, found = kept_at(teacher, temperature)
    losses = (
        distillation_sum(student_BC=whole, teacher_BC=teacher, temperature=temperature, mask_B=mask),
        top_distillation_sum(student_BV=kept, top_ids_BK=top_ids, teacher_BK=found, temperature=temperature),
    )
    torch.autograd.backward(losses)
    assert whole.grad is not None
    assert kept.grad is not None
    # Softened after the tail was added up, at temperature 2: a cosine of 0.6, and five times the length.
    assert F.cosine_similarity(kept.grad.flatten(), whole.grad.flatten(), dim=0) > 0.99
    assert float(kept.grad.norm() / whole.grad.norm()) == pytest.approx(1, abs=0.02)
