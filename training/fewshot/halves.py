"""How much a head hangs on which rows were labelled: its recipe fitted to halves of them."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from training.fewshot.fitting import FrozenFit
from training.fewshot.frozen_head import FrozenHead
from training.fewshot.recipes import recipes_for

NUM_HALVES = 40
# Of fewer rows, halves are too small to say anything.
FEWEST_ROWS = 10
# Labelled units times outputs: beyond it so many fits take longer than the spread is worth.
MOST_TARGETS = 200_000
# So many of the halves must be enough for the recipe, or those that are would be a choice of the good ones.
FEWEST_USABLE = NUM_HALVES * 9 // 10


def heads_of_halves(fit: FrozenFit, *, seed: int) -> list[FrozenHead]:
    """Fit the chosen recipe, at its strength, to halves of the labelled rows, drawn at random.

    A statistic varies between halves of a sample as between whole samples: the delete-d jackknife's factor (N - d) / d
    is 1 for d = N / 2 (Shao and Wu, "A General Theory for Jackknife Variance Estimation", 1989).

    Returns: none where rows are too few, fits too many or halves too poor to tell.
    """
    evidence, num_rows = fit.evidence, len(fit.bounds) - 1
    if num_rows < FEWEST_ROWS or evidence.targets_NC.size > MOST_TARGETS:
        return []
    chosen = fit.choice.chosen
    recipe = next((one for one in recipes_for(evidence) if one.name == chosen.recipe), None)
    if recipe is None:
        return []
    rng = np.random.default_rng(seed)
    row_U = np.repeat(np.arange(num_rows), np.diff(fit.bounds))
    heads = []
    for _ in range(NUM_HALVES):
        # Of an odd number, now the smaller half and now the larger.
        half = rng.permutation(num_rows)[: (num_rows + rng.integers(2)) // 2]
        part = evidence.of(np.flatnonzero(np.isin(row_U, half)))
        if not recipe.lacks(part):
            heads.append(replace(fit.head, linear=recipe.fit(part, chosen.strength)))
    return heads if len(heads) >= FEWEST_USABLE else []
