"""Losses. Each returns a sum; the step divides once, by what it counted as valid.

Shapes: B rows, C classes; leading dimensions may be any (rows, or rows by tokens).
"""

import torch
import torch.nn.functional as F
from torch import Tensor

IGNORED = -100
# The logit, and the log-probability, of a place that is not there: finite, since nothing times infinity is no number.
NOWHERE = -1e4


def cross_entropy_sum(*, logits_BC: Tensor, target_B: Tensor) -> Tensor:
    """Cross-entropy in nats, summed over the targets, int64 (...), that are not IGNORED; exactly 0 if all are."""
    num_classes = logits_BC.shape[-1]
    return F.cross_entropy(
        logits_BC.reshape(-1, num_classes).float(), target_B.reshape(-1), ignore_index=IGNORED, reduction="sum"
    )


def distillation_sum(*, student_BC: Tensor, teacher_BC: Tensor, temperature: float, mask_B: Tensor) -> Tensor:
    """KL(teacher || student) of logits at a temperature, times its square, in nats, summed over the rows of the mask.

    The square keeps the gradient's size independent of the temperature (Hinton, Vinyals and Dean,
    "Distilling the Knowledge in a Neural Network", 2015, section 2.1).
    """
    student_log_BC = F.log_softmax(student_BC.float() / temperature, dim=-1)
    teacher_log_BC = F.log_softmax(teacher_BC.float() / temperature, dim=-1)
    divergence_B = F.kl_div(student_log_BC, teacher_log_BC, reduction="none", log_target=True).sum(dim=-1)
    return divergence_B.masked_fill(~mask_B, 0.0).sum() * temperature**2


def log_probs_with_rest(scores_UV: Tensor, top_ids_UK: Tensor) -> Tensor:
    """Return log-probabilities (..., K + 1), nats, of the outcomes to keep (..., K), and last of all others together.

    The distribution at a temperature is that of the scores divided by it.
    """
    log_probs_UV = F.log_softmax(scores_UV.float(), dim=-1)
    rest_U1 = log_probs_UV.scatter(-1, top_ids_UK, -torch.inf).logsumexp(dim=-1, keepdim=True)
    return torch.cat([log_probs_UV.gather(-1, top_ids_UK), rest_U1], dim=-1)


def top_distillation_sum(*, student_BV: Tensor, top_ids_BK: Tensor, teacher_BK: Tensor, temperature: float) -> Tensor:
    """KL(teacher || student) over the K outcomes of `top_ids_BK` and all others as one; otherwise as distillation_sum.

    `teacher_BK` (B, K + 1) is the teacher's distribution at the temperature already, in log-probabilities. The student
    is softened before its others are added up: softened after it, they would count as a single outcome.
    """
    student_log_BK = log_probs_with_rest(student_BV.float() / temperature, top_ids_BK)
    return F.kl_div(student_log_BK, teacher_BK, reduction="sum", log_target=True) * temperature**2


def binary_cross_entropy_sum(*, logits_BC: Tensor, target_BC: Tensor) -> Tensor:
    """Binary cross-entropy of independent log-odds in nats, summed over the targets (1 or 0) that are not IGNORED."""
    known_BC = target_BC != IGNORED
    gold_BC = target_BC.masked_fill(~known_BC, 0.0)
    loss_BC = F.binary_cross_entropy_with_logits(logits_BC.float(), gold_BC.float(), reduction="none")
    return loss_BC.masked_fill(~known_BC, 0.0).sum()


def binary_distillation_sum(*, student_BC: Tensor, teacher_BC: Tensor, temperature: float, mask_B: Tensor) -> Tensor:
    """KL(teacher || student) of each label's two outcomes, by log-odds; otherwise as in distillation_sum."""
    student, teacher = student_BC.float() / temperature, teacher_BC.float() / temperature
    applies = F.logsigmoid(teacher).exp() * (F.logsigmoid(teacher) - F.logsigmoid(student))
    applies_not = F.logsigmoid(-teacher).exp() * (F.logsigmoid(-teacher) - F.logsigmoid(-student))
    divergence_B = (applies + applies_not).sum(dim=-1)
    return divergence_B.masked_fill(~mask_B, 0.0).sum() * temperature**2


def cosine_error_sum(*, cosine_B: Tensor, target_B: Tensor) -> Tensor:
    """The squared error of the cosines of pairs, summed."""
    return F.mse_loss(cosine_B.float(), target_B.float(), reduction="sum")


def cosine_distance_sum(*, student_BSK: Tensor, teacher_BSK: Tensor) -> Tensor:
    """One less the cosine of a student's and its teacher's vectors, a row's mean over its S texts, summed over rows."""
    cosine_BS = F.cosine_similarity(student_BSK.float(), teacher_BSK.float(), dim=-1)
    return (1 - cosine_BS).mean(dim=-1).sum()


def other_text_sum(*, log_probs_BC: Tensor, weight_B: Tensor) -> Tensor:
    """The loss, in nats, of a model that generates its labels for the probability it gives to all other texts.

    By the chain rule, KL = -log(sum of the labels' probabilities) + KL among the labels: a teacher of labels gives
    other texts no probability. `log_probs_BC` are those of the labels' texts; `weight_B` is how much each row counts.
    """
    return -(log_probs_BC.float().logsumexp(dim=-1) * weight_B).sum()
