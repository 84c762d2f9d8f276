"""How much a head hangs on which rows were labelled: its recipe fitted to halves and quarters of them."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from training.fewshot.fitting import FrozenFit
from training.fewshot.frozen_head import FrozenHead
from training.fewshot.recipes import recipes_for

NUM_SPLITS = 20
# Parts of fewer rows say nothing of the whole.
FEWEST_ROWS = 20
# Labelled rows times outputs: beyond it so many fits take longer than the spread is worth.
MOST_TARGETS = 100_000
# Of so many splits every part must be enough for the recipe: those that are would otherwise be a choice of good ones.
FEWEST_USABLE = 18


@dataclass(frozen=True, kw_only=True)
class PartHeads:
    """Heads fitted to parts of the labelled rows that have none in common: two, or four, of each split in turn."""

    halves: list[FrozenHead]
    quarters: list[FrozenHead]


def heads_of_parts(fit: FrozenFit, *, seed: int) -> PartHeads | None:
    """Fit the chosen recipe, at its strength, to halves and quarters of the labelled rows, split at random.

    Returns: no quarters where these are too poor for the recipe; None where halves are, where rows are too few or fits
    too many, and of words, each row having many of them.
    """
    evidence = fit.evidence
    is_known = fit.choice.chosen.recipe in {one.name for one in recipes_for(evidence)}
    is_cheap = evidence.outside is None and evidence.targets_NC.size <= MOST_TARGETS
    if not is_known or not is_cheap or len(evidence.features_NF) < FEWEST_ROWS:
        return None
    halves, quarters = (_heads(fit, num_parts, seed) for num_parts in (2, 4))
    return PartHeads(halves=halves, quarters=quarters) if halves else None


def _heads(fit: FrozenFit, num_parts: int, seed: int) -> list[FrozenHead]:
    evidence, chosen = fit.evidence, fit.choice.chosen
    recipe = next(one for one in recipes_for(evidence) if one.name == chosen.recipe)
    num_rows = len(evidence.features_NF)
    rng = np.random.default_rng(seed)
    heads = []
    for _ in range(NUM_SPLITS):
        part_N = rng.permutation(num_rows) % num_parts
        parts = [evidence.of(np.flatnonzero(part_N == part)) for part in range(num_parts)]
        if not any(recipe.lacks(part) for part in parts):
            heads += [replace(fit.head, linear=recipe.fit(part, chosen.strength)) for part in parts]
    return heads if len(heads) >= num_parts * FEWEST_USABLE else []
