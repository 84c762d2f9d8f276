"""A teacher's distributions of where answers start and end: the likeliest places of each, and all others together.

A place is known by its characters in the passage, so that a student with another tokenizer, or other windows, can learn
from it. Shapes: N rows, W windows of the student's, P places of one window, K places kept, G temperatures.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Self

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import torch
from torch import Tensor

from training.data import NO_ANSWER, EncodedRows, from_lists, tail_at, tail_log_sums, to_lists
from training.distil.calibration import Decisions
from training.evaluation import PlaceScores
from training.learners import covering, places_in
from training.losses import IGNORED, NOWHERE

# Of the start and of the end of an answer; one of them stands for no answer.
NUM_TOP_PLACES = 64
# Of a passage, to calibrate on.
MOST_PLACES = 1024
# Fills up the places of a short passage.
NOTHING = -3
_COLUMNS = ("places", "place_log_probs", "place_tails")


@dataclass(frozen=True, kw_only=True)
class TopPlaces:
    """The K likeliest places of the start and of the end of an answer to N rows, and what all others sum to.

    `places_N2K` are the first character of a start, and the last plus one of an end; NO_ANSWER is among them.
    `log_probs_N2K` and `tails_N2G`, as `tail_log_sums` gives it, are NaN where the teacher gave no answer.
    """

    places_N2K: npt.NDArray[np.int32]
    log_probs_N2K: npt.NDArray[np.float32]
    tails_N2G: npt.NDArray[np.float32]

    @classmethod
    def of(cls, scores: PlaceScores, *, num_top: int = NUM_TOP_PLACES) -> Self:
        found = [_top_of(scores, row, num_top) for row in range(len(scores))]
        places, log_probs, tails = (np.stack(parts) for parts in zip(*found, strict=True))
        return cls(places_N2K=places, log_probs_N2K=log_probs, tails_N2G=tails)

    @classmethod
    def in_table(cls, table: pa.Table) -> Self:
        found = [from_lists(table.column(name))[0].reshape(len(table), 2, -1) for name in _COLUMNS]
        return cls(places_N2K=found[0], log_probs_N2K=found[1], tails_N2G=found[2])

    def columns(self) -> dict[str, pa.Array]:
        """Return them as columns of a store, the numbers of a row in one flat list."""
        bounds = np.arange(len(self) + 1)
        found = (self.places_N2K, self.log_probs_N2K, self.tails_N2G)
        return {
            name: to_lists(values.reshape(len(self), -1).copy(), bounds)
            for name, values in zip(_COLUMNS, found, strict=True)
        }

    def __len__(self) -> int:
        return len(self.places_N2K)

    @property
    def answered_N(self) -> npt.NDArray[np.bool_]:
        is_finite_N2 = np.isfinite(self.log_probs_N2K[:, :, 0])
        found: npt.NDArray[np.bool_] = is_finite_N2[:, 0] & is_finite_N2[:, 1]
        return found

    def of_rows(self, kept_N: npt.NDArray[np.bool_]) -> Self:
        return replace(
            self,
            places_N2K=self.places_N2K[kept_N],
            log_probs_N2K=self.log_probs_N2K[kept_N],
            tails_N2G=self.tails_N2G[kept_N],
        )

    def decisions(self) -> Decisions:
        """Return start and end of each answered row as decisions."""
        kept_N = self.answered_N
        num_top, num_tails = self.log_probs_N2K.shape[-1], self.tails_N2G.shape[-1]
        return Decisions(
            logits_DK=self.log_probs_N2K[kept_N].reshape(-1, num_top),
            row_D=np.repeat(np.flatnonzero(kept_N), 2),
            num_rows=len(self),
            tails_DG=self.tails_N2G[kept_N].reshape(-1, num_tails),
        )


@dataclass(frozen=True, kw_only=True)
class WindowTeacher:
    """A teacher's distributions over the places of W windows, at a temperature; see MarkLoss."""

    answered_W: Tensor
    top_places_W2K: Tensor
    teacher_W2K: Tensor


def window_teacher(*, top: TopPlaces, encoded: EncodedRows, temperature: float) -> WindowTeacher:
    """Lay a teacher's distributions over a student's windows of the same rows, and of rows behind them.

    What lies outside a window counts for the place of no answer in it, before it is softened: a student has one output
    for all of that. Of all that the teacher did not keep, a window has the share that it has of these tokens.
    """
    assert encoded.windows is not None
    num_top = top.places_N2K.shape[-1]
    answered_W = np.zeros(len(encoded), dtype=np.bool_)
    places_W2K = np.full((len(encoded), 2, num_top), -1, dtype=np.int64)
    teacher_W2K = np.full((len(encoded), 2, num_top + 1), NOWHERE, dtype=np.float32)
    for row in np.flatnonzero(top.answered_N):
        tails = [tail_at(tails_UG=top.tails_N2G[row], temperature=one) for one in (1.0, temperature)]
        windows = range(*encoded.windows.bounds[row : row + 2])
        spans = [places_in(encoded, window) for window in windows]
        for side in (0, 1):
            kept = _Kept(
                top.places_N2K[row, side], top.log_probs_N2K[row, side], *(float(tail[side]) for tail in tails)
            )
            laid = _laid_over(spans, kept, side, temperature)
            for window, (places, log_probs, rest) in zip(windows, laid, strict=True):
                places_W2K[window, side, : len(places)] = places
                teacher_W2K[window, side, : len(places)] = log_probs
                teacher_W2K[window, side, -1] = rest
        answered_W[windows.start : windows.stop] = True
    return WindowTeacher(
        answered_W=torch.from_numpy(answered_W),
        top_places_W2K=torch.from_numpy(places_W2K),
        teacher_W2K=torch.from_numpy(np.maximum(teacher_W2K, NOWHERE)),
    )


def place_decisions(*, scores: PlaceScores, spans: Sequence[tuple[int, int] | None]) -> Decisions:
    """Return the start and the end of each row whose answer is in its passage as decisions, with gold ones.

    Of very long passages the likeliest places are taken, gold ones among them.
    """
    kept = [row for row, span in enumerate(spans) if span is not None and np.isfinite(scores.row(row)[0]).all()]
    most = max((min(len(scores.row(row)[0]), MOST_PLACES) for row in kept), default=1)
    logits_D2P = np.full((len(kept), 2, most), NOWHERE, dtype=np.float32)
    target_D2 = np.full((len(kept), 2), IGNORED, dtype=np.int64)
    for number, row in enumerate(kept):
        values_P2, starts_P, ends_P = scores.row(row)
        span = spans[row]
        assert span is not None
        gold_2 = covering(np.array([span[0], span[1] - 1]), starts_P, ends_P)
        for side in (0, 1):
            places = _likeliest(values_P2[:, side], int(gold_2[side]), most)
            logits_D2P[number, side, : len(places)] = values_P2[places, side]
            target_D2[number, side] = int(np.flatnonzero(places == gold_2[side])[0])
    return Decisions(
        logits_DK=logits_D2P.reshape(-1, most),
        row_D=np.repeat(np.array(kept, dtype=np.int64), 2),
        num_rows=len(scores),
        target_D=target_D2.reshape(-1),
    )


def _likeliest(values_P: npt.NDArray[np.float32], gold: int, most: int) -> npt.NDArray[np.int64]:
    places = np.argsort(-values_P, kind="stable")[:most]
    if gold not in places:
        places[-1] = gold
    return places


def _top_of(
    scores: PlaceScores, row: int, num_top: int
) -> tuple[npt.NDArray[np.int32], npt.NDArray[np.float32], npt.NDArray[np.float32]]:
    values_P2, *characters = scores.row(row)
    log_probs_2P = torch.log_softmax(torch.from_numpy(values_P2.T.copy()), dim=-1)
    # The first one, no answer, is always kept.
    others = min(num_top, len(values_P2)) - 1
    ids_2K = 1 + log_probs_2P[:, 1:].topk(others, dim=-1).indices
    ids_2K = torch.cat([torch.zeros((2, 1), dtype=torch.int64), ids_2K], dim=-1)
    places_2K = np.full((2, num_top), NOTHING, dtype=np.int32)
    kept_2K = np.full((2, num_top), NOWHERE, dtype=np.float32)
    places_2K[:, : others + 1] = np.stack([places[ids.numpy()] for places, ids in zip(characters, ids_2K, strict=True)])
    kept_2K[:, : others + 1] = log_probs_2P.gather(-1, ids_2K).numpy()
    tails_2G = np.maximum(tail_log_sums(log_probs_2P, ids_2K).numpy(), NOWHERE)
    if len(values_P2) < 2 or not np.isfinite(values_P2).all():
        kept_2K[:], tails_2G[:] = np.nan, np.nan
    return places_2K, kept_2K, tails_2G


@dataclass(frozen=True)
class _Kept:
    """The places that a teacher kept, and the log of what all others sum to, as they are and at a temperature."""

    characters_K: npt.NDArray[np.int32]
    log_probs_K: npt.NDArray[np.float32]
    tail: float
    softened_tail: float


def _laid_over(
    spans: Sequence[tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]], kept: _Kept, side: int, temperature: float
) -> list[tuple[npt.NDArray[np.int64], npt.NDArray[np.float32], float]]:
    """Return, per window, the places among its own, their softened log-probabilities, and that of all its others."""
    is_kept_K = kept.characters_K != NOTHING
    characters, log_probs = kept.characters_K[is_kept_K], kept.log_probs_K[is_kept_K]
    found = []
    for starts_P, ends_P in spans:
        covered_K = covering(characters.astype(np.int64) - side, starts_P, ends_P)
        place_K = np.where(characters != NO_ANSWER, covered_K, 0)
        sums_P = np.full(len(starts_P), -np.inf)
        np.logaddexp.at(sums_P, place_K, log_probs)
        found.append((np.unique(place_K), sums_P))
    others = [len(sums_P) - len(places) for places, sums_P in found]
    laid = []
    for (places, sums_P), num_others in zip(found, others, strict=True):
        share = num_others / max(1, sum(others))
        with np.errstate(divide="ignore"):
            inside, outside = np.log([share, 1 - share])
        sums_P[0] = np.logaddexp(sums_P[0], kept.tail + outside)
        softened = np.append(sums_P[places] / temperature, kept.softened_tail + inside)
        softened -= np.logaddexp.reduce(softened)
        laid.append((places, softened[:-1].astype(np.float32), float(softened[-1])))
    return laid
