"""Answers marked in passages: the windows of each put together, and the best span of them.

Shapes: N rows, U places of them all, P places of one. The first place of a row stands for an answer that is not there.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch

from training.answers import Written, written_to_json
from training.data import NO_ANSWER, PLACES, EncodedRows, ModelOutputs

Floats = npt.NDArray[np.float32]
Indices = npt.NDArray[np.int64]


@dataclass(frozen=True, kw_only=True)
class PlaceScores:
    """How likely an answer starts and ends at each place of N passages: log-odds (U, 2) against no answer.

    A place covers the characters of its passage from `starts_U` to before `ends_U`, NO_ANSWER of each row's first.
    """

    values_U2: Floats
    starts_U: Indices
    ends_U: Indices
    bounds: Indices

    def __len__(self) -> int:
        return len(self.bounds) - 1

    def row(self, number: int) -> tuple[Floats, Indices, Indices]:
        """Return values (P, 2), starts and ends of one row."""
        of_row = slice(self.bounds[number], self.bounds[number + 1])
        return self.values_U2[of_row], self.starts_U[of_row], self.ends_U[of_row]


def joined_windows(*, outputs: ModelOutputs, rows: EncodedRows) -> PlaceScores:
    """Put the windows of each passage together.

    Of a token in several windows the one counts that shows most of what is around it, as in the published code of BERT.
    A window's logits are taken against that of its first token, so that those of different windows can be compared.
    """
    assert rows.windows is not None
    bounds = rows.windows.bounds
    joined = [_joined(outputs, rows, range(*bounds[row : row + 2])) for row in range(len(bounds) - 1)]
    values, starts, ends = (np.concatenate(parts) for parts in zip(*joined, strict=True))
    return PlaceScores(
        values_U2=values,
        starts_U=starts,
        ends_U=ends,
        bounds=np.concatenate([[0], np.cumsum([len(one[0]) for one in joined], dtype=np.int64)]),
    )


@dataclass(frozen=True, kw_only=True)
class MarkedAnswers:
    """The likeliest answer to each row, None without a passage, and its log-probability (N, 1), NaN of None."""

    answers: list[str | None]
    log_probs_N1: Floats


def marked_answers(*, scores: PlaceScores, passages: Sequence[str], answer_length: int) -> MarkedAnswers:
    """Read the likeliest answers off passages.

    An answer is what stands in the passage, with its place; it has at most `answer_length` tokens, at least one.
    """
    answers: list[str | None] = []
    log_probs_N1 = np.full((len(scores), 1), np.nan, dtype=np.float32)
    for row, passage in enumerate(passages):
        values_P2, starts_P, ends_P = scores.row(row)
        answer = None
        span = best_span(values_P2, answer_length=max(1, answer_length))
        if span is not None:
            answer = _answer(passage, int(starts_P[span[0]]), int(ends_P[span[1]]))
            log_probs_N1[row] = _log_prob(values_P2, span)
        answers.append(answer)
    return MarkedAnswers(answers=answers, log_probs_N1=log_probs_N1)


def best_span(values_P2: Floats, *, answer_length: int) -> tuple[int, int] | None:
    """Return first and last place of the span whose logits have the largest sum; None where there is none.

    Of equal ones the shortest, and of these the first one.
    """
    if len(values_P2) < 2 or not np.isfinite(values_P2).all():
        return None
    starts, ends = values_P2[1:, 0], values_P2[1:, 1]
    sums = [starts[: len(starts) - more] + ends[more:] for more in range(min(answer_length, len(starts)))]
    more = int(np.argmax([found.max() for found in sums]))
    first = 1 + int(sums[more].argmax())
    return first, first + more


def _joined(outputs: ModelOutputs, rows: EncodedRows, windows: range) -> tuple[Floats, Indices, Indices]:
    parts = [_against_none(outputs, rows, window) for window in windows]
    values, starts, ends, context = (np.concatenate(one) for one in zip(*parts, strict=True))
    # Of equal places the one with most around it comes first.
    order = np.lexsort((-context, ends, starts))
    is_new = np.ones(len(order), dtype=np.bool_)
    is_new[1:] = (np.diff(starts[order]) != 0) | (np.diff(ends[order]) != 0)
    kept = order[is_new]
    none = np.array([NO_ANSWER])
    return (
        np.concatenate([np.zeros((1, 2), dtype=np.float32), values[kept]]),
        np.concatenate([none, starts[kept]]),
        np.concatenate([none, ends[kept]]),
    )


def _against_none(outputs: ModelOutputs, rows: EncodedRows, window: int) -> tuple[Floats, Indices, Indices, Indices]:
    """Return values, starts and ends of a window's tokens of the passage, and how many tokens each has around it."""
    assert rows.windows is not None
    start, end = outputs.bounds[window : window + 2]
    values = outputs.values_UC[start:end]
    places = rows.inputs[PLACES].values[start:end].astype(np.int64)
    of_passage = places >= 0
    number = np.arange(int(of_passage.sum()))
    none = values[places == NO_ANSWER][0]
    context = np.minimum(number, number[::-1])
    ends = rows.windows.ends_U[start:end].astype(np.int64)
    return values[of_passage] - none, places[of_passage], ends[of_passage], context


def _answer(passage: str, start: int, end: int) -> str | None:
    # Some tokens begin with the space before a word.
    words = passage[start:end]
    text = words.strip()
    return written_to_json([Written(text, start + words.index(text))]) if text else None


def _log_prob(values_P2: Floats, span: tuple[int, int]) -> float:
    log_probs_P2 = torch.log_softmax(torch.from_numpy(values_P2), dim=0)
    return float((log_probs_P2[span[0], 0] + log_probs_P2[span[1], 1]) / 2)
