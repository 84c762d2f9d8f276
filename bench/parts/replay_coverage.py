"""Whether bands hold what they say: points of synthetic tasks are shown, new measurements are forecast."""

from collections.abc import Sequence

import numpy as np

from bench.parts.replay_worlds import World
from planning.posterior import Prior, fit_points
from planning.surfaces import Cell, Cells, Point

LEVELS = (0.8, 0.9)
FARTHEST = 4.0
CELLS_PER_REGION = 12


def coverage(*, prior: Prior, numbers: Sequence[int], seed: int) -> dict[str, float]:
    """The share of new measurements inside bands, within what was shown and up to four times beyond it."""
    held: dict[str, list[bool]] = {f"{region}_{level:.0%}": [] for region in ("inside", "beyond") for level in LEVELS}
    for number in numbers:
        random = np.random.default_rng((seed, number))
        world = World.draw(random)
        shown = _shown(random)
        scores = world.measured(Cells.of(shown), random)
        points = [Point(cell=cell, dollars=1.0, score=float(score)) for cell, score in zip(shown, scores, strict=True)]
        posterior = fit_points(points=points, prior=prior)
        for region, targets in _targets(shown, random).items():
            cells = Cells.of(targets)
            worlds, measured = posterior.worlds(cells), world.measured(cells, random)
            for level in LEVELS:
                bands = [worlds.band(cell, level, random) for cell in range(len(cells))]
                held[f"{region}_{level:.0%}"] += [
                    low <= score <= high for (low, high), score in zip(bands, measured, strict=True)
                ]
    return {f"coverage_{name.replace('%', '')}": float(np.mean(inside)) for name, inside in held.items()}


def _shown(random: np.random.Generator) -> list[Cell]:
    """Three to six cells a path: rungs of labels up to some most, with pseudo-labels up to some most."""
    most, most_pseudo = 10 ** random.uniform(2.7, 4.0), 10 ** random.uniform(3.5, 5.0)
    cells = set()
    for is_distil in (False, True):
        num = int(random.integers(3, 7))
        rungs = np.geomspace(most / 10 ** random.uniform(0.8, 1.7), most, num)
        pseudo = random.choice([most_pseudo, most_pseudo / 3, most_pseudo / 10], num)
        cells |= {
            Cell(int(labels), float(round(count)) if is_distil else 0.0)
            for labels, count in zip(rungs, pseudo, strict=True)
        }
    return sorted(cells)


def _targets(shown: Sequence[Cell], random: np.random.Generator) -> dict[str, list[Cell]]:
    """Cells of both paths within the range of what was shown, and up to four times beyond in labels or both."""
    labels = [cell.labels for cell in shown]
    pseudo = [cell.pseudo_labels for cell in shown if cell.pseudo_labels]
    inside, beyond = [], []
    for number in range(CELLS_PER_REGION):
        is_distil = number % 2
        rung = np.exp(random.uniform(np.log(min(labels)), np.log(max(labels))))
        count = np.exp(random.uniform(np.log(min(pseudo)), np.log(max(pseudo))))
        inside.append(Cell(int(rung), float(round(count * is_distil))))
        further, more = np.exp(random.uniform(0.05, np.log(FARTHEST), 2))
        beyond.append(Cell(int(max(labels) * further), float(round(max(pseudo) * more * is_distil))))
    return {"inside": inside, "beyond": beyond}
