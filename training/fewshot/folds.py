"""Folds over labelled rows in which every label is spread as evenly as it can be."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from training.fewshot.features import Floats

Folds = npt.NDArray[np.int64]


def num_folds(*, num_rows: int, num_units: int, num_outputs: int = 2) -> int:
    """Say into how many folds N rows are cut: few rows into many, so that most of them teach; 1 for too few to cut."""
    if num_rows < FEWEST_ROWS:
        return 1
    if num_units * num_outputs > MOST_TARGETS:
        return 2
    if num_units > MANY_UNITS or num_units * num_outputs > MANY_TARGETS:
        return 3
    return min(num_rows, 10 if num_rows <= FEW_ROWS else 5)


FEWEST_ROWS = 4
FEW_ROWS = 100
# Above it a fit takes longer than more folds are worth.
MANY_UNITS, MANY_TARGETS, MOST_TARGETS = 3_000, 50_000, 200_000


def stratified_folds(targets_NC: Floats, *, count: int, seed: int) -> Folds:
    """Return the fold of each row (N,), 0 to count - 1; a row of several labels goes by the rarest of them.

    Parameters
    ----------
    targets_NC
        above 0 where a label applies to a row; a row may have none.
    """
    present_NC = targets_NC > 0
    frequency_C = present_NC.sum(axis=0)
    rarest_N = np.where(present_NC, frequency_C, np.iinfo(np.int64).max).argmin(axis=1)
    rarest_N[~present_NC.any(axis=1)] = -1
    order = np.random.default_rng(seed).permutation(len(targets_NC))
    order = order[np.argsort(rarest_N[order], kind="stable")]
    fold_N = np.empty(len(targets_NC), dtype=np.int64)
    # Dealt out one after the other, label by label, so that folds differ by one row at most.
    fold_N[order] = np.arange(len(targets_NC)) % count
    return fold_N
