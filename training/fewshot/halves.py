"""How much a head hangs on which rows were labelled: its recipe fitted to the two halves of them, split at random."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from training.fewshot.fitting import FrozenFit
from training.fewshot.frozen_head import FrozenHead
from training.fewshot.recipes import recipes_for

NUM_SPLITS = 20
# Halves of fewer rows say nothing of the whole.
FEWEST_ROWS = 20
# Labelled units times outputs: beyond it so many fits take longer than the spread is worth.
MOST_TARGETS = 200_000
# Of so many splits both halves must be enough for the recipe: those that are would otherwise be a choice of good ones.
FEWEST_USABLE = 18


def heads_of_halves(fit: FrozenFit, *, seed: int) -> list[FrozenHead]:
    """Fit the chosen recipe, at its strength, to both halves of the labelled rows, split at random several times.

    Returns: the two heads of each split, one after the other; none where rows are too few, fits too many or halves too
    poor to tell.
    """
    evidence, num_rows = fit.evidence, len(fit.bounds) - 1
    recipe = next((one for one in recipes_for(evidence) if one.name == fit.choice.chosen.recipe), None)
    if recipe is None or num_rows < FEWEST_ROWS or evidence.targets_NC.size > MOST_TARGETS:
        return []
    rng = np.random.default_rng(seed)
    row_U = np.repeat(np.arange(num_rows), np.diff(fit.bounds))
    heads = []
    for _ in range(NUM_SPLITS):
        in_first_R = rng.permutation(num_rows) < num_rows // 2
        parts = [evidence.of(np.flatnonzero(in_first_R[row_U] == is_first)) for is_first in (True, False)]
        if not any(recipe.lacks(part) for part in parts):
            heads += [replace(fit.head, linear=recipe.fit(part, fit.choice.chosen.strength)) for part in parts]
    return heads if len(heads) >= 2 * FEWEST_USABLE else []
