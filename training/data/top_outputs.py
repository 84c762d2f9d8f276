"""Distributions over many outcomes, tokens or classes: the likeliest of them, and what all others weigh together.

Shapes: U distributions, V outcomes, K of them kept, G temperatures at which the weight of the others is known.
"""

import numpy as np
import numpy.typing as npt
import torch
import torch.nn.functional as F
from torch import Tensor

Floats = npt.NDArray[np.float32]

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
