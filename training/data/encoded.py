"""Rows as token ids."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Self, TypeVar

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from training.data.ragged import RaggedInts, places_of
from training.data.units import Units

Value = TypeVar("Value")
# The inputs of one row by name, unpadded, as a tokenizer gives them.
Encoded = dict[str, list[int]]
FROZEN_STATES = "frozen_states"
# Before the names of the inputs of a pair's second text, where the two are encoded apart.
SECOND = "second_"
# Of each token of a question with its passage, the first character of the passage that it covers; NO_ANSWER of the
# token that stands for an answer that is not there, NO_TOKEN of all that cannot be marked.
PLACES = "places"
NO_ANSWER = -2


@dataclass(frozen=True, kw_only=True)
class HiddenStates:
    """The output of an encoder's frozen layers for N rows: `states_MH` of their M tokens, fp32, cut by `bounds`."""

    states_MH: Tensor
    bounds: npt.NDArray[np.int64]

    def padded(self, indices: npt.NDArray[np.int64]) -> Tensor:
        """Return the states of some rows, zero-padded to the longest of them, (B, T, H)."""
        places_M, is_real_BT = places_of(self.bounds, indices)
        padded_BTH = torch.zeros((*is_real_BT.shape, self.states_MH.shape[1]))
        padded_BTH[torch.from_numpy(is_real_BT)] = self.states_MH[torch.from_numpy(places_M)]
        return padded_BTH


@dataclass(frozen=True, kw_only=True)
class Windows:
    """Which rows are windows of one example: `bounds` (number of examples + 1,); `ends_U` go with their PLACES.

    An end is the last character that a token covers, plus one.
    """

    bounds: npt.NDArray[np.int64]
    ends_U: npt.NDArray[np.integer[Any]]


@dataclass(frozen=True, kw_only=True)
class EncodedRows:
    """Token ids of N rows, with their lengths and units; `pad_values` fills each input up to a batch's longest.

    Answers that a text-to-text model generates are read against the texts in `columns`, which others do not keep;
    `frozen` are states behind frozen layers, where kept. Of rows that are one example with several right answers, which
    `choices` (number of examples + 1,) bounds, each epoch has one; of those that `windows` bounds it has all.
    """

    inputs: dict[str, RaggedInts]
    lengths: npt.NDArray[np.int64]
    units: Units
    pad_values: dict[str, int]
    columns: dict[str, list[str]]
    frozen: HiddenStates | None = None
    choices: npt.NDArray[np.int64] | None = None
    windows: Windows | None = None

    def __len__(self) -> int:
        return len(self.lengths)

    @property
    def num_drawn(self) -> int:
        """How many rows an epoch has."""
        return len(self) if self.choices is None else len(self.choices) - 1

    def drawn(self, *, seed: int, epoch: int) -> npt.NDArray[np.int64]:
        """Return the numbers of an epoch's rows, in their order: of several for one example one, drawn by the seed."""
        if self.choices is None:
            return np.arange(len(self))
        rng = np.random.default_rng([seed, epoch, 1])
        numbers: npt.NDArray[np.int64] = self.choices[:-1] + rng.integers(np.diff(self.choices))
        return numbers

    def repeated(self, counts: Sequence[int]) -> Self:
        """Return each row as often as `counts` (N,) says, as rows of which each epoch has one; units are the rows."""
        place_M = np.repeat(np.arange(len(self)), counts)
        return replace(
            self,
            inputs={name: values.taken(place_M) for name, values in self.inputs.items()},
            lengths=self.lengths[place_M],
            units=Units.one_per_row(len(place_M)),
            columns={},
            choices=None if len(place_M) == len(self) else np.concatenate([[0], np.cumsum(counts, dtype=np.int64)]),
        )


def join_pair(first: Mapping[str, Value], second: Mapping[str, Value]) -> dict[str, Value]:
    """Return the inputs of both texts in one mapping, those of the second with SECOND before their names."""
    return {**first, **{f"{SECOND}{name}": value for name, value in second.items()}}


def paired(rows: EncodedRows, *, first_P: npt.NDArray[np.int64], second_P: npt.NDArray[np.int64]) -> EncodedRows:
    """Return P pairs of single texts, each by the numbers of its two rows, encoded apart."""
    sides = [{name: values.taken(side_P) for name, values in rows.inputs.items()} for side_P in (first_P, second_P)]
    return EncodedRows(
        inputs=join_pair(*sides),
        lengths=rows.lengths[first_P] + rows.lengths[second_P],
        units=Units.one_per_row(len(first_P)),
        pad_values=rows.pad_values,
        columns={},
    )


def split_pair(inputs: Mapping[str, Value]) -> tuple[dict[str, Value], dict[str, Value]]:
    """Return the two mappings that `join_pair` was given."""
    first = {name: value for name, value in inputs.items() if not name.startswith(SECOND)}
    second = {name.removeprefix(SECOND): value for name, value in inputs.items() if name.startswith(SECOND)}
    return first, second
