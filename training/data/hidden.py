"""Hidden states of rows, kept beside their token ids."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from torch import Tensor, nn

FROZEN_STATES = "frozen_states"


@dataclass(frozen=True, kw_only=True)
class HiddenStates:
    """The output of an encoder's frozen layers for N rows: each (its tokens, H), fp32, on the CPU."""

    of_row: list[Tensor]

    def padded(self, indices: npt.NDArray[np.int64]) -> Tensor:
        """Return the states of some rows, zero-padded to the longest of them, (B, T, H)."""
        return nn.utils.rnn.pad_sequence([self.of_row[index] for index in indices], batch_first=True)
