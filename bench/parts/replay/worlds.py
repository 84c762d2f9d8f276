"""Synthetic tasks of known truth, of other families than the planner's, for `bench replay` and its tests."""

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from scipy.special import ndtr

from planning.surfaces import Cell, Cells, Floats, Point, Surface

Curve = Callable[[Floats, float], Floats]


# Each curve is 0 at 0 and 1/2 near 1. `shape` sets its slope there: that of a Hill curve with this exponent, where the
# curve has a slope to set.


def _log_normal(x: Floats, shape: float) -> Floats:
    curve: Floats = ndtr(shape / 1.6 * np.log(np.maximum(x, 1e-12)))
    return curve


def _gompertz(x: Floats, shape: float) -> Floats:
    curve: Floats = np.exp(-math.log(2) * np.maximum(x, 1e-6) ** (-shape / 1.4))
    return curve


def _dead_zone(x: Floats, shape: float) -> Floats:
    curve: Floats = -np.expm1(-np.maximum(x - 0.15 * shape, 0.0) * 0.9)
    return curve


def _ramp(x: Floats, shape: float) -> Floats:
    curve: Floats = np.clip(0.5 + 0.57 * shape * np.log10(np.maximum(x, 1e-12)), 0.0, 1.0)
    return curve


def _arctan(x: Floats, shape: float) -> Floats:
    return 2 / math.pi * np.arctan(np.maximum(x, 0.0) ** (shape / 1.27))


def _slow_power(x: Floats, shape: float) -> Floats:
    return 1 - (1 + 2 * np.maximum(x, 0.0)) ** (-0.63 * min(shape, 1.5))


CURVES: tuple[Curve, ...] = (_log_normal, _gompertz, _dead_zone, _ramp, _arctan, _slow_power)


@dataclass(frozen=True, kw_only=True)
class World:
    """The truth of a synthetic task; `noise` is the sd in points of one training's score."""

    curves: tuple[Curve, ...]
    shapes: tuple[float, ...]
    halves: tuple[float, float, float]
    floor: float
    tops: tuple[float, float]
    noise: float
    prices: tuple[float, float, float, float]

    @classmethod
    def draw(cls, random: np.random.Generator) -> "World":
        floor = float(random.choice([0.0, random.uniform(2, 30), 50.0]))
        top = float(random.uniform(floor + 20, min(floor + 80, 98)))
        half = 10 ** random.uniform(2.5, 4.0)
        return cls(
            curves=tuple(CURVES[number] for number in random.integers(0, len(CURVES), 3)),
            shapes=tuple(random.uniform(0.8, 3.0, 3)),
            halves=(half, half / 10 ** random.uniform(-0.7, 1.5), 10 ** random.uniform(2.8, 5.0)),
            floor=floor,
            tops=(float(np.clip(top + random.normal(0, 15), floor + 5, 99)), top),
            noise=float(random.uniform(0.3, 1.5)),
            prices=(
                10 ** random.uniform(-1.5, 0.0),
                10 ** random.uniform(0.3, 0.8),
                10 ** random.uniform(-2.7, -1.8),
                10 ** random.uniform(-3.5, -2.0),
            ),
        )

    def truth(self, cells: Cells) -> Floats:
        distilled = self._share(1, cells.labels) * self._share(2, np.minimum(cells.pseudo_labels, 1e9))
        share = np.where(cells.is_annotate, self._share(0, cells.labels), distilled)
        scores: Floats = self.floor + (np.where(cells.is_annotate, self.tops[0], self.tops[1]) - self.floor) * share
        return scores

    def _share(self, number: int, amounts: Floats) -> Floats:
        return self.curves[number](amounts / self.halves[number], self.shapes[number])

    def measured(self, cells: Cells, random: np.random.Generator) -> Floats:
        noise = self.noise * random.standard_t(5, len(cells)) / math.sqrt(5 / 3)
        scores: Floats = np.clip(self.truth(cells) + noise, 0.0, 100.0)
        return scores

    def dollars(self, cells: Cells) -> Floats:
        per_label, shortest, teacher, pseudo = self.prices
        compute = np.maximum(shortest, teacher * cells.labels) + pseudo * cells.pseudo_labels
        total: Floats = per_label * cells.labels + np.where(cells.is_annotate, 0.0, compute)
        return total


def surface_of(world: World, *, size: tuple[int, int], random: np.random.Generator, name: str) -> Surface:
    """A grid of `size` label rungs by pseudo-label counts, 0 among them, each measured once."""
    labels = np.round(np.geomspace(100, 10_000, size[0]), -1)
    pseudo = [0.0, *np.round(np.geomspace(1_000, 100_000, size[1] - 1), -2)]
    cells = [Cell(int(rung), count) for rung in labels for count in pseudo]
    at = Cells.of(cells)
    scores, dollars = world.measured(at, random), world.dollars(at)
    points = [
        Point(cell=cell, dollars=float(cost), score=float(score))
        for cell, cost, score in zip(cells, dollars, scores, strict=True)
    ]
    return Surface(name=name, points=tuple(points))
