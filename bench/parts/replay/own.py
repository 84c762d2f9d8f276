"""The planner on recorded surfaces of our own engine: regrets, dollars to a score, and how often its bands hold."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from bench.parts.replay.coverage import FARTHEST, LEVELS, BandCheck
from planning.policy import FIXED_POLICIES
from planning.posterior import Bank, Prior, fit_points, prior_from
from planning.replay import Game, PlannerPlayer, ReplayResult, replay
from planning.surfaces import TEACHER, BadSurface, Cells, Point, Surface, measured_surfaces, published_surfaces

NUM_BUDGETS = 60
SHOWN_IN_EACH = 2
"""Of the points up to some number of labels one in so many is shown, the others are forecast."""


@dataclass(frozen=True, kw_only=True)
class OwnResult:
    """What the planner did on one surface.

    `share_of_dollars`: what it needs for the score on which the best fixed policy ends, over what that policy spends;
    infinite where it never reaches it. `least_share`: the same of one who knows all scores and buys a single student.
    `checks`: whether its bands held what was measured.
    """

    replayed: ReplayResult
    best_fixed: str
    share_of_dollars: float
    least_share: float
    checks: list[BandCheck]


def own_results() -> tuple[list[OwnResult], list[str]]:
    """Each recorded surface, with the prior of the published tasks, as any study has.

    Returns: the results, and of each surface that cannot be played why it is left out.
    """
    prior = prior_from(published_surfaces())
    results, left_out = list[OwnResult](), list[str]()
    for number, surface in enumerate(measured_surfaces()):
        try:
            results.append(_result(number, surface, prior))
        except BadSurface as problem:
            left_out.append(str(problem))
    return results, left_out


def _result(number: int, surface: Surface, prior: Prior) -> OwnResult:
    replayed = replay(surface=surface, prior=prior)
    best, share, least = _shares_of_dollars(surface, prior)
    checks = list(_checks(number, surface, prior))
    return OwnResult(replayed=replayed, best_fixed=best, share_of_dollars=share, least_share=least, checks=checks)


def _shares_of_dollars(surface: Surface, prior: Prior) -> tuple[str, float, float]:
    """From nothing owned, against the fixed policy that ends best with money for the dearest student."""
    game = Game.of(surface)
    cheapest, *_, dearest = game.starts()[0].budgets
    budgets = np.geomspace(cheapest, dearest, NUM_BUDGETS)
    ends = {name: game.play(policy, labels=0, budget=dearest) for name, policy in FIXED_POLICIES.items()}
    ends = {name: end for name, end in ends.items() if np.isfinite(end.score)}
    if not ends:
        raise BadSurface(f"{surface.name}: no fixed policy buys a student. Record students of labels alone.")
    best = max(ends, key=lambda name: (ends[name].score, -ends[name].dollars))
    planner = PlannerPlayer(bank=Bank(prior=prior, cells=surface.cells))
    played = (game.play(planner, labels=0, budget=float(budget)) for budget in budgets)
    dollars = min((one.dollars for one in played if one.score >= ends[best].score), default=np.inf)
    students = (point for point in surface.points if point.cell.pseudo_labels != TEACHER)
    least = min(point.dollars for point in students if point.score >= ends[best].score)
    return best, dollars / ends[best].dollars, least / ends[best].dollars


def _checks(number: int, surface: Surface, prior: Prior) -> Iterator[BandCheck]:
    """Show points up to some number of labels; forecast the others there, and those of up to four times the labels."""
    rungs = sorted({point.cell.labels for point in surface.points if point.cell.labels})
    for most in rungs[1:-1]:
        within = [point for point in surface.points if point.cell.labels <= most]
        shown = within[::SHOWN_IN_EACH]
        beyond = [point for point in surface.points if most < point.cell.labels <= FARTHEST * most]
        for region, targets in (("inside", within[1::SHOWN_IN_EACH]), ("beyond", beyond)):
            for labels, level, is_inside in _held(shown, targets, prior):
                times = max(labels / most, 1.0)
                yield BandCheck(task=number, region=region, level=level, times=times, is_inside=is_inside)


def _held(shown: Sequence[Point], targets: Sequence[Point], prior: Prior) -> Iterator[tuple[int, float, bool]]:
    """Of each band its point's labels, its level, and whether it holds the point's score."""
    random = np.random.default_rng(0)
    worlds = fit_points(points=shown, prior=prior).worlds(Cells.of([point.cell for point in targets]))
    for place, point in enumerate(targets):
        for level in LEVELS:
            low, high = worlds.band(place, level, random)
            yield point.cell.labels, level, bool(low <= point.score <= high)
