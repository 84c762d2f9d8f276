"""Whether bands hold what they say: points of synthetic tasks are shown, new measurements are forecast."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from bench.parts.replay.worlds import World
from planning.posterior import Prior, fit_points
from planning.surfaces import Cell, Cells, Point

LEVELS = (0.8, 0.9)
FARTHEST = 4.0
CELLS_PER_REGION = 12


@dataclass(frozen=True, kw_only=True)
class BandCheck:
    """Whether a new measurement of a task came inside a band.

    `times`: its labels or pseudo-labels over the most that were shown, the larger of the two; 1 within what was shown.
    """

    task: int
    region: str
    level: float
    times: float
    is_inside: bool


def band_checks(*, prior: Prior, numbers: Sequence[int], seed: int) -> list[BandCheck]:
    """Forecast new measurements of each task, within what was shown of it and up to four times beyond."""
    return [check for number in numbers for check in _of_task(number, prior, np.random.default_rng((seed, number)))]


def coverage(checks: Sequence[BandCheck]) -> dict[str, float]:
    """The share of new measurements inside bands, by region and level."""
    regions = {(check.region, check.level): None for check in checks}
    return {
        f"coverage_{region}_{level:.0%}".replace("%", ""): float(
            np.mean([check.is_inside for check in checks if (check.region, check.level) == (region, level)])
        )
        for region, level in regions
    }


def _of_task(number: int, prior: Prior, random: np.random.Generator) -> Iterator[BandCheck]:
    world = World.draw(random)
    shown = _shown(random)
    scores = world.measured(Cells.of(shown), random)
    points = [Point(cell=cell, dollars=1.0, score=float(score)) for cell, score in zip(shown, scores, strict=True)]
    posterior = fit_points(points=points, prior=prior)
    for region, targets in _targets(shown, random).items():
        cells = Cells.of(targets)
        worlds, measured = posterior.worlds(cells), world.measured(cells, random)
        for level in LEVELS:
            for place, score in enumerate(measured):
                low, high = worlds.band(place, level, random)
                times = _times_beyond(targets[place], shown)
                inside = bool(low <= score <= high)
                yield BandCheck(task=number, region=region, level=level, times=times, is_inside=inside)


def _times_beyond(cell: Cell, shown: Sequence[Cell]) -> float:
    labels, pseudo = (max(one) for one in zip(*((each.labels, each.pseudo_labels) for each in shown), strict=True))
    return float(max(cell.labels / labels, cell.pseudo_labels / pseudo, 1.0))


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
