"""Distributions over many outcomes, tokens or classes: the likeliest of them, and what all others weigh together.

Shapes: U distributions, V outcomes, K of them kept, G temperatures at which the weight of the others is known.
"""

from dataclasses import dataclass, replace
from typing import Self

import numpy as np
import numpy.typing as npt
import torch
import torch.nn.functional as F
from torch import Tensor

Floats = npt.NDArray[np.float32]

# Of more classes than this, only the likeliest are kept for each row.
MOST_WHOLE_OUTPUTS = 256
NUM_TOP_OUTPUTS = 64
ROWS_PER_BLOCK = 64
# A distillation's temperature is chosen after its teacher has scored: between these, what is kept is interpolated.
TAIL_TEMPERATURES = (0.1, 0.5, 1.0, 2.0, 4.0, 100.0)


def tail_log_sums(log_probs_UV: Tensor, top_ids_UK: Tensor) -> Tensor:
    """Return (..., G) at each of TAIL_TEMPERATURES T: log of the sum of exp(log-probability / T) over all not kept."""
    tail_UV = log_probs_UV.float().scatter(-1, top_ids_UK, -torch.inf)
    return torch.stack([(tail_UV / temperature).logsumexp(dim=-1) for temperature in TAIL_TEMPERATURES], dim=-1)


def tail_at(*, tails_UG: Floats, temperature: float) -> Floats:
    """Return the log of a tail's sum (U,) at any temperature from what `tail_log_sums` gave: exact at its temperatures.

    Between them it is interpolated as a function of 1 / T, in which it is smooth, convex and falling.
    """
    if temperature in TAIL_TEMPERATURES:
        return tails_UG[:, TAIL_TEMPERATURES.index(temperature)]
    # Imported here: few distillations need scipy, whose import takes half a second.
    from scipy.interpolate import PchipInterpolator

    curve = PchipInterpolator([1 / known for known in TAIL_TEMPERATURES[::-1]], tails_UG[:, ::-1], axis=1)
    found: Floats = curve(1 / temperature).astype(np.float32)
    return found


def log_probs_at(*, top_log_probs_UK: Floats, tails_UG: Floats, temperature: float) -> Tensor:
    """Return the distribution at a temperature, as `log_probs_with_rest` gives that of scores divided by it."""
    kept_UK = torch.from_numpy(top_log_probs_UK) / temperature
    tail_U1 = torch.from_numpy(tail_at(tails_UG=tails_UG, temperature=temperature)).unsqueeze(1)
    return F.log_softmax(torch.cat([kept_UK, tail_U1], dim=-1), dim=-1)


@dataclass(frozen=True, kw_only=True)
class TopOutputs:
    """A model's distributions for N rows, one each, over many classes: the K likeliest, and what the others sum to.

    `top_log_probs_NK` and `tails_NG`, as `tail_log_sums` gives it, are NaN where the model gave no answer.
    """

    top_ids_NK: npt.NDArray[np.int32]
    top_log_probs_NK: Floats
    tails_NG: Floats

    @classmethod
    def of(cls, values_NC: Floats, *, num_top: int) -> Self:
        """Keep the likeliest classes of N rows of logits; a block at a time, so that memory hardly grows."""
        blocks = [
            _top_of(torch.from_numpy(values_NC[start : start + ROWS_PER_BLOCK]), num_top)
            for start in range(0, len(values_NC), ROWS_PER_BLOCK)
        ]
        ids, log_probs, tails = (torch.cat(parts).numpy() for parts in zip(*blocks, strict=True))
        return cls(top_ids_NK=ids.astype(np.int32), top_log_probs_NK=log_probs, tails_NG=tails)

    def __len__(self) -> int:
        return len(self.top_ids_NK)

    @property
    def answered_N(self) -> npt.NDArray[np.bool_]:
        return np.isfinite(self.top_log_probs_NK[:, 0])

    def of_rows(self, kept_N: npt.NDArray[np.bool_]) -> Self:
        return replace(
            self,
            top_ids_NK=self.top_ids_NK[kept_N],
            top_log_probs_NK=self.top_log_probs_NK[kept_N],
            tails_NG=self.tails_NG[kept_N],
        )

    def log_probs_at(self, temperature: float) -> Tensor:
        """Return the distributions at a temperature, (N, K + 1), the last of all other classes together."""
        return log_probs_at(top_log_probs_UK=self.top_log_probs_NK, tails_UG=self.tails_NG, temperature=temperature)


def _top_of(values_NC: Tensor, num_top: int) -> tuple[Tensor, Tensor, Tensor]:
    log_probs_NC = F.log_softmax(values_NC, dim=-1)
    top = log_probs_NC.topk(num_top, dim=-1)
    tails_NG = tail_log_sums(log_probs_NC, top.indices)
    has_none_N1 = ~torch.isfinite(values_NC).all(dim=-1, keepdim=True)
    return top.indices, top.values.masked_fill(has_none_N1, torch.nan), tails_NG.masked_fill(has_none_N1, torch.nan)
