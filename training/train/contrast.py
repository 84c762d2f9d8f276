"""Tuning an encoder on pairs of labelled texts; the head is fitted to its vectors instead of trained with them.

After Tunstall et al., "Efficient Few-Shot Learning Without Prompts", 2022 (SetFit): the cosine of two texts is drawn to
1 where they have a label in common, to 0 where they have none. Unlike a loss that sets all texts of a batch against
each other, this is a sum over pairs, so that memory may cut a batch anywhere and change nothing but speed.

Shapes: N rows, C labels, P pairs.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from training.data import Indices, paired
from training.job import Job
from training.losses import cosine_error_sum
from training.models import EncoderClassifier, PairCosine
from training.spec import TrainingSettings
from training.train.loop import FitInputs, FitState, Schedule, fit

# Of a long training, whose later epochs see the same pairs again.
MOST_PAIRS = 20_000


@dataclass(frozen=True, kw_only=True)
class Contrast:
    """Which labels N rows have (N, C), by which they are paired, and what fits a head to the tuned encoder."""

    labels_NC: npt.NDArray[np.bool_]
    fit_head: Callable[[EncoderClassifier], None]


@dataclass(frozen=True, kw_only=True)
class Pairs:
    """The two rows of each pair, and whether they have a label in common."""

    first_P: Indices
    second_P: Indices
    alike_P: npt.NDArray[np.bool_]


@dataclass(frozen=True, kw_only=True)
class PairLoss:
    """The squared error of cosines, against 1 for pairs that are alike and 0 for the others."""

    target_P: Tensor

    def __call__(self, *, logits: Tensor, rows: Tensor) -> Tensor:
        return cosine_error_sum(cosine_B=logits, target_B=self.target_P[rows])

    def num_valid(self, rows: Tensor) -> int:
        return len(rows)


def fit_on_pairs(*, job: Job, inputs: FitInputs, contrast: Contrast, fingerprint: str) -> FitState:
    """Tune the encoder of the inputs' classifier on pairs of their rows, and fit its head, before each look at dev.

    It reads as many texts as a training on single ones by the same settings. Raises: StopRequested (a checkpoint was
    saved), LossNotFinite, MemoryTooSmall.
    """
    classifier, dev_score = inputs.model, inputs.dev_score
    assert isinstance(classifier, EncoderClassifier)
    settings = pair_settings(job.spec.training, num_rows=len(inputs.rows))
    assert settings.steps is not None
    count = min(settings.steps * settings.batch_size, MOST_PAIRS)
    pairs = draw_pairs(contrast.labels_NC, count=count, seed=job.spec.seed)

    def score_with_head() -> float:
        assert dev_score is not None
        contrast.fit_head(classifier)
        return dev_score()

    pair_inputs = FitInputs(
        model=PairCosine(classifier),
        rows=paired(inputs.rows, first_P=pairs.first_P, second_P=pairs.second_P),
        loss=PairLoss(target_P=torch.from_numpy(pairs.alike_P).float().to(inputs.compute.device)),
        compute=inputs.compute,
        dev_score=None if dev_score is None else score_with_head,
        dev_name=inputs.dev_name,
    )
    state = fit(job=job.with_settings(settings), inputs=pair_inputs, fingerprint=fingerprint)
    if dev_score is None:
        contrast.fit_head(classifier)
    return state


def pair_settings(settings: TrainingSettings, *, num_rows: int) -> TrainingSettings:
    """Return settings of as many steps on pairs, of half as many pairs as there were texts."""
    steps = Schedule.of(settings=settings, num_rows=num_rows).num_steps
    return replace(settings, steps=steps, epochs=None, batch_size=max(1, settings.batch_size // 2))


def draw_pairs(labels_NC: npt.NDArray[np.bool_], *, count: int, seed: int) -> Pairs:
    """Draw pairs with and without a label in common, as many of each, anew for each seed.

    Each row comes first as often as any other that has a partner of the kind. Where only one kind is to be had, all are
    of that.
    """
    rng = np.random.default_rng(seed)
    alike, unlike = (_drawn(labels_NC, is_alike=is_alike, count=-(-count // 2), rng=rng) for is_alike in (True, False))
    size = min(len(alike), len(unlike)) or max(len(alike), len(unlike))
    both = np.concatenate([alike[:size], unlike[:size]])
    return Pairs(first_P=both[:, 0], second_P=both[:, 1], alike_P=np.arange(len(both)) < min(len(alike), size))


def lacks_pairs(labels_NC: npt.NDArray[np.bool_]) -> str:
    """Say why rows cannot be paired; "" where they can."""
    pairs = draw_pairs(labels_NC, count=2 * len(labels_NC), seed=0)
    if not pairs.alike_P.any():
        return "No two labelled texts have a label in common."
    return "" if not pairs.alike_P.all() else "All labelled texts have a label in common."


def _drawn(labels_NC: npt.NDArray[np.bool_], *, is_alike: bool, count: int, rng: np.random.Generator) -> Indices:
    """Return pairs of one kind (P, 2), shuffled."""
    known_NC = labels_NC.astype(np.float32)
    firsts = rng.permutation(len(labels_NC))[:count]
    drawn: list[Indices] = [np.empty((0, 2), dtype=np.int64)]
    for row in firsts:
        share_N = known_NC @ known_NC[row] > 0
        # Two rows of no label at all are neither: nothing says that they have anything in common.
        of_kind_N = share_N if is_alike else ~share_N & (known_NC.any(axis=1) | known_NC[row].any())
        partners = np.flatnonzero(of_kind_N)
        partners = partners[partners != row]
        if len(partners):
            seconds = rng.choice(partners, size=-(-count // len(firsts)))
            drawn.append(np.stack([np.full_like(seconds, row), seconds], axis=1))
    return rng.permutation(np.concatenate(drawn))[:count]
