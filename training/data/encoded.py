"""Rows as token ids."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from training.data.hidden import HiddenStates
from training.data.units import Units

# The inputs of one row by name, unpadded.
Encoded = dict[str, list[int]]


@dataclass(frozen=True, kw_only=True)
class EncodedRows:
    """Token ids of N rows, with their lengths and units; `pad_values` fills each input up to a batch's longest.

    Generated answers are read against the texts in `columns`; `frozen` are states behind frozen layers, where kept.
    """

    inputs: list[Encoded]
    lengths: npt.NDArray[np.int64]
    units: Units
    pad_values: dict[str, int]
    columns: dict[str, list[str]]
    frozen: HiddenStates | None = None

    def __len__(self) -> int:
        return len(self.inputs)
