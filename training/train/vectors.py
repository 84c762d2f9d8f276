"""Distilling a teacher's vectors of whole texts, along with its soft labels or before a head is fitted to these.

A linear map, which is trained along and then dropped, takes the student's vectors to the teacher's space, as in Romero
et al., "FitNets: Hints for Thin Deep Nets", 2015; the loss there is the cosine's distance. Unlike a comparison of
similarities within a batch, this is a sum over rows, so that memory may cut a batch anywhere.

Shapes: B rows, S texts of each that are read apart (2 of a bi-encoder, else 1), H dimensions of the student's vectors
and K of the teacher's, C outputs.
"""

import copy
from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn

from training.data import StoredVectors, unit_vectors
from training.job import Job
from training.losses import cosine_distance_sum
from training.models import EncoderClassifier, LogitsAndVectors
from training.train.loop import FitInputs, FitState, fit
from training.train.objectives import SoftLoss

# Of the cosine's distance beside the divergence of soft labels, in nats.
WEIGHT = 4.0
# Of the linear map before training, against vectors of about length 1.
RIDGE = 1.0


@dataclass(frozen=True, kw_only=True)
class VectorTarget:
    """What a student's vectors are drawn to, for the first rows of its training set, and where the map to it starts.

    `centre_K`, the teacher's mean, is taken from its vectors, since what all texts have in common tells none apart.
    With `fit_head` the head is no part of the training, and fitted to the student's vectors afterwards.
    """

    vectors: StoredVectors
    centre_K: npt.NDArray[np.float32]
    first_map: nn.Linear
    fit_head: Callable[[EncoderClassifier], None] | None = None

    def of(self, rows: Tensor) -> Tensor:
        """Return the teacher's centred vectors of rows, of length 1, (B, S, K) on the CPU."""
        return torch.from_numpy(unit_vectors(self.vectors.rows(rows.cpu().numpy()) - self.centre_K))


@dataclass(frozen=True, kw_only=True)
class VectorLoss:
    """The distance of mapped vectors to a teacher's, where it answered, beside the loss against its soft labels if any.

    The outputs are those of LogitsAndVectors.
    """

    soft: SoftLoss
    target: VectorTarget
    num_outputs: int

    def __call__(self, *, logits: Tensor, rows: Tensor) -> Tensor:
        logits_BC, mapped_BF = logits[:, : self.num_outputs], logits[:, self.num_outputs :]
        taught_B = self.soft.answered_U[rows]
        wanted_BSK = self.target.of(rows[taught_B]).to(logits.device)
        distance = cosine_distance_sum(
            student_BSK=mapped_BF[taught_B].reshape(wanted_BSK.shape), teacher_BSK=wanted_BSK
        )
        if self.target.fit_head is not None:
            return distance
        # Where each label is learned by itself, a row has as many terms as there are labels.
        terms_per_row = self.soft.target.shape[1] if self.soft.target.ndim > 1 else 1
        return self.soft(logits=logits_BC, rows=rows) + WEIGHT * terms_per_row * distance

    def num_valid(self, rows: Tensor) -> int:
        if self.target.fit_head is None:
            return self.soft.num_valid(rows)
        return int(self.soft.answered_U[rows.to(self.soft.answered_U.device)].sum())


def fit_to_vectors(*, job: Job, inputs: FitInputs, target: VectorTarget, fingerprint: str) -> FitState:
    """Train the classifier of the inputs on its teacher's vectors too, or on them alone; its head is then fitted.

    Raises: StopRequested (a checkpoint was saved), LossNotFinite, MemoryTooSmall.
    """
    classifier, soft, dev_score = inputs.model, inputs.loss, inputs.dev_score
    assert isinstance(classifier, EncoderClassifier) and isinstance(soft, SoftLoss)

    def score_with_head() -> float:
        assert dev_score is not None
        if target.fit_head is not None:
            target.fit_head(classifier)
        return dev_score()

    student = LogitsAndVectors(classifier, copy.deepcopy(target.first_map)).to(inputs.compute.device)
    loss = VectorLoss(soft=soft, target=target, num_outputs=classifier.head.out_features)
    wrapped = replace(inputs, model=student, loss=loss, dev_score=None if dev_score is None else score_with_head)
    state = fit(job=job, inputs=wrapped, fingerprint=fingerprint)
    if dev_score is None and target.fit_head is not None:
        target.fit_head(classifier)
    return state


def fitted_map(*, student_NH: npt.NDArray[np.float32], teacher_NK: npt.NDArray[np.float32]) -> nn.Linear:
    """Return the linear map from a student's vectors of texts to its teacher's, of length 1, by ridge regression."""
    length = float(np.linalg.norm(student_NH, axis=1).mean()) or 1.0
    known_NF = np.column_stack([student_NH / length, np.ones(len(student_NH))])
    gram_FF = known_NF.T @ known_NF + RIDGE * np.eye(known_NF.shape[1])
    weights_FK = torch.from_numpy(np.linalg.solve(gram_FF, known_NF.T @ teacher_NK)).float()
    with torch.random.fork_rng(devices=[]):
        found = nn.Linear(student_NH.shape[1], teacher_NK.shape[1])
    with torch.no_grad():
        found.weight.copy_(weights_FK[:-1].T / length)
        found.bias.copy_(weights_FK[-1])
    return found
