"""Answers marked in a passage: a start and an end among its tokens, long passages read in overlapping windows.

Devlin, Chang, Lee and Toutanova, "BERT", 2019, section 4.2 and 4.3: of each window, the first token stands for an
answer that is not in it. Shapes: N rows, W windows of them, U tokens of windows.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn

from training.answers import NO_TOKEN, Rows
from training.data import (
    NO_ANSWER,
    PLACES,
    Encoded,
    EncodedRows,
    ModelOutputs,
    RaggedInts,
    Units,
    Windows,
    tokenise,
    tokenise_windows,
)
from training.learners.base import TaskLearner
from training.learners.text_classification import shortened
from training.models import AnswerMarker, EncoderClassifier
from training.runtime import PermanentFailure
from training.tasks import MarkedAnswerType, TaskType

ROWS_PER_BLOCK = 256


class TokenizerTooPlain(PermanentFailure):
    """A tokenizer cannot say which characters its tokens cover."""


class MarkedAnswerLearner(TaskLearner):
    """Learns where an answer starts and ends; the one output of a row is the log-probability of what was marked.

    It is the mean of those of its start and its end; NaN where there is no passage.
    """

    def encode(
        self, *, tokenizer: Any, columns: Mapping[str, Sequence[str]], max_length: int, pooling: str = "mean"
    ) -> list[Encoded]:
        raise TypeError("a passage may be several windows, which encode_windows makes")

    def build(self, *, encoder: nn.Module, labels: Sequence[str], pooling: str = "mean") -> EncoderClassifier:
        return AnswerMarker(encoder=encoder, num_outputs=2, pooling=pooling)

    def targets(self, *, rows: Rows, units: Units, labels: Sequence[str]) -> Tensor:
        raise TypeError("the targets of marked answers are places of windows, which window_targets gives")

    def decode(self, *, outputs: ModelOutputs, rows: Rows, labels: Sequence[str]) -> list[str | None]:
        raise TypeError("a marked answer is read from the places of its windows, by predict_answers")

    def probabilities(self, *, outputs: ModelOutputs, labels: Sequence[str]) -> npt.NDArray[np.float32]:
        """Return the geometric mean of the probabilities of an answer's start and end, (N, 1)."""
        shares: npt.NDArray[np.float32] = np.exp(outputs.values_UC)
        return shares


def encode_windows(*, rows: Rows, tokenizer: Any, max_length: int) -> EncodedRows:
    """Tokenise questions with their passages, as many windows as a passage needs. Raises: TokenizerTooPlain."""
    if not tokenizer.is_fast:
        raise TokenizerTooPlain(
            f"To mark answers takes a fast tokenizer, {type(tokenizer).__name__} is none. Save one with "
            "tokenizer.json, or take another model."
        )
    blocks = [
        _block(rows, tokenizer, max_length, range(start, min(start + ROWS_PER_BLOCK, len(rows))))
        for start in range(0, len(rows), ROWS_PER_BLOCK)
    ]
    parts = {name: RaggedInts.joined([block[name] for block in blocks]) for name in blocks[0]}
    counts = np.bincount(parts.pop(_ROW).values, minlength=len(rows))
    places, ends = parts[PLACES], parts.pop(_ENDS)
    return EncodedRows(
        inputs=parts,
        lengths=places.lengths,
        units=Units(
            start_N=torch.from_numpy(places.bounds[:-1]),
            count_N=torch.from_numpy(places.lengths),
            seen_U=torch.from_numpy(places.values != NO_TOKEN),
        ),
        pad_values={
            "attention_mask": 0,
            "input_ids": tokenizer.pad_token_id,
            "token_type_ids": getattr(tokenizer, "pad_token_type_id", 0),
            PLACES: NO_TOKEN,
        },
        columns={},
        windows=Windows(bounds=np.concatenate([[0], np.cumsum(counts)]), ends_U=ends.values),
    )


def gold_spans(*, rows: Rows, task_type: TaskType) -> list[tuple[int, int] | None]:
    """Return the characters of each labelled row's answer in its passage; None where it is not there."""
    assert isinstance(task_type, MarkedAnswerType)
    return [
        None if answer is None else task_type.gold_span(answer=answer, passage=passage)
        for answer, passage in zip(rows.answers(), rows.columns["passage"], strict=True)
    ]


def window_targets(
    *, encoded: EncodedRows, spans: Sequence[tuple[int, int] | None], missing: int
) -> npt.NDArray[np.int64]:
    """Return where each window has the start and the end of its row's span, (W, 2), among its places.

    It is 0, the place for no answer, where a window has not all of the span, and `missing` where a row has none.
    """
    assert encoded.windows is not None
    targets_W2 = np.full((len(encoded), 2), missing, dtype=np.int64)
    for row, span in enumerate(spans):
        if span is not None:
            for window in range(*encoded.windows.bounds[row : row + 2]):
                targets_W2[window] = _places_of(*places_in(encoded, window), span)
    return targets_W2


def num_places(encoded: EncodedRows) -> Tensor:
    """Return how many places can be marked in each window, no answer included, (W,)."""
    units = encoded.units
    window_U = torch.repeat_interleave(torch.arange(len(encoded)), units.count_N)
    return torch.bincount(window_U[units.seen_U], minlength=len(encoded))


def places_in(encoded: EncodedRows, window: int) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """Return the first and the last character, plus one, of what can be marked in a window; NO_ANSWER is first."""
    assert encoded.windows is not None
    starts = encoded.inputs[PLACES]
    of_window = slice(starts.bounds[window], starts.bounds[window + 1])
    seen = starts.values[of_window] != NO_TOKEN
    return starts.values[of_window][seen].astype(np.int64), encoded.windows.ends_U[of_window][seen].astype(np.int64)


def covering(
    characters_K: npt.NDArray[np.int64], starts_P: npt.NDArray[np.int64], ends_P: npt.NDArray[np.int64]
) -> npt.NDArray[np.int64]:
    """Return the place that covers each character of a passage, of white space the one behind it; 0 for none."""
    place_K = 1 + np.searchsorted(ends_P[1:], characters_K, side="right")
    is_behind_K = place_K == len(starts_P)
    is_before_K = (place_K == 1) & (characters_K < starts_P[1:2].sum())
    return np.where(is_behind_K | is_before_K, 0, place_K)


def _places_of(
    starts_P: npt.NDArray[np.int64], ends_P: npt.NDArray[np.int64], span: tuple[int, int]
) -> tuple[int, int]:
    start, end = span
    first, last = covering(np.array([start, end - 1]), starts_P, ends_P).tolist()
    return (first, last) if first and last else (0, 0)


_ROW, _ENDS = "row", "ends"


def _block(rows: Rows, tokenizer: Any, max_length: int, numbers: range) -> dict[str, RaggedInts]:
    """Encode some rows: as Python lists, all of them together would fill the memory."""
    questions, passages = (rows.columns[name][numbers.start : numbers.stop] for name in ("question", "passage"))
    room = max_length - tokenizer.num_special_tokens_to_add(pair=True)
    longest = max(1, room // 2)
    found = tokenise_windows(
        tokenizer,
        _cut(questions, tokenizer, longest),
        passages,
        max_length=max_length,
        overlap=max(0, (room - longest) // 2),
    )
    of_windows = found.pop("overflow_to_sample_mapping")
    marked = [_marked(*one) for one in zip(found.pop("sides"), found.pop("offset_mapping"), strict=True)]
    parts = {name: RaggedInts.of(values) for name, values in found.items()}
    parts[PLACES] = RaggedInts.of([starts for starts, _ in marked])
    parts[_ENDS] = RaggedInts.of([ends for _, ends in marked])
    parts[_ROW] = RaggedInts.of([[numbers.start + row] for row in of_windows])
    return parts


def _cut(questions: Sequence[str], tokenizer: Any, longest: int) -> list[str]:
    """Cut questions that leave no room for a passage."""
    texts = shortened(questions, tokenizer, longest)
    offsets = tokenise(
        tokenizer, texts, truncation=True, max_length=longest, add_special_tokens=False, return_offsets_mapping=True
    )["offset_mapping"]
    return [text[: places[-1][1]] if places else "" for text, places in zip(texts, offsets, strict=True)]


def _marked(sides: Sequence[int | None], offsets: Sequence[tuple[int, int]]) -> tuple[list[int], list[int]]:
    """Return the characters of each token that can be marked, NO_ANSWER of the first one, NO_TOKEN of all others."""
    spans = [
        (start, end) if side == 1 and end > start else (NO_TOKEN, NO_TOKEN)
        for side, (start, end) in zip(sides, offsets, strict=True)
    ]
    spans[0] = (NO_ANSWER, NO_ANSWER)
    return [start for start, _ in spans], [end for _, end in spans]
