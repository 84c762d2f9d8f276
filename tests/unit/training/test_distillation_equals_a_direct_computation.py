import pytest
import torch

from training.losses import binary_distillation_sum, distillation_sum, other_text_sum


def direct(student: torch.Tensor, teacher: torch.Tensor, temperature: float, mask: torch.Tensor) -> float:
    p = torch.softmax(teacher.double() / temperature, dim=-1)
    q = torch.softmax(student.double() / temperature, dim=-1)
    return float(((p * (p / q).log()).sum(-1)[mask]).sum() * temperature**2)


@pytest.mark.parametrize("temperature", [0.5, 1.0, 2.0, 8.0])
@pytest.mark.parametrize("shape", [(6, 3), (4, 5, 7)])
def test_kl_times_t_squared_over_the_mask(shape: tuple[int, ...], temperature: float) -> None:
    torch.manual_seed(1)
    student, teacher = torch.randn(shape), torch.randn(shape) * 3
    mask = torch.rand(shape[:-1]) > 0.4
    loss = distillation_sum(student_BC=student, teacher_BC=teacher, temperature=temperature, mask_B=mask)
    assert loss.item() == pytest.approx(direct(student, teacher, temperature, mask), rel=1e-4)


def test_masked_rows_send_no_gradient() -> None:
    student = torch.randn(2, 3, requires_grad=True)
    mask = torch.tensor([True, False])
    loss = distillation_sum(student_BC=student, teacher_BC=torch.randn(2, 3), temperature=2.0, mask_B=mask)
    torch.autograd.backward(loss)
    assert student.grad is not None
    assert student.grad[1].abs().sum() == 0
    assert student.grad[0].abs().sum() > 0


@pytest.mark.parametrize("temperature", [0.5, 1.0, 2.0, 8.0])
def test_each_label_of_several_is_a_choice_between_two(temperature: float) -> None:
    torch.manual_seed(1)
    student, teacher = torch.randn(6, 3), torch.randn(6, 3) * 3
    mask = torch.rand(6) > 0.4
    loss = binary_distillation_sum(student_BC=student, teacher_BC=teacher, temperature=temperature, mask_B=mask)
    # A sigmoid is a softmax over its log-odds and nought.
    student_odds, teacher_odds = (torch.stack([torch.zeros_like(odds), odds], dim=-1) for odds in (student, teacher))
    assert loss.item() == pytest.approx(direct(student_odds, teacher_odds, temperature, mask), rel=1e-4)


def test_labels_among_all_texts_are_labels_among_labels_and_labels_at_all() -> None:
    torch.manual_seed(1)
    written, teacher = torch.log_softmax(torch.randn(6, 9), dim=-1)[:, :3], torch.randn(6, 3)
    mask, weight = torch.ones(6, dtype=torch.bool), torch.ones(6)
    loss = distillation_sum(student_BC=written, teacher_BC=teacher, temperature=1.0, mask_B=mask)
    loss = loss + other_text_sum(log_probs_BC=written, weight_B=weight)
    p = torch.softmax(teacher.double(), dim=-1)
    assert loss.item() == pytest.approx(float((p * (p.log() - written)).sum()), rel=1e-5)
