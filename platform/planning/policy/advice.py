"""What to buy next, in words; what would change it; and the cheapest way to a score."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

from planning.policy.forecasts import Forecast, forecasts_of, state_of
from planning.policy.look_ahead import LEAST_GAIN
from planning.policy.planner import TIE
from planning.policy.state import State
from planning.policy.words import cheapest, doubts, too_dear, why
from planning.posterior import Prior, Worlds, fit_points
from planning.surfaces import TEACHER, Cell, Owned, Point, PriceList, merge_points

FLIP_FACTORS = np.geomspace(1 / 16, 16, 49)
"""By which a price is tried; their ratio is a ninth more each."""


@dataclass(frozen=True, kw_only=True)
class Question:
    """What an advice is asked for.

    `points`: all students measured; `offers`: what can be bought and what it costs; `money`: dollars left; `prior`:
    see `prior_from`; `dollars_per_point`: what a point of the score is worth, so that money left over has a value too
    (0: nothing else to spend it on).
    """

    points: Sequence[Point]
    offers: PriceList
    money: float
    prior: Prior
    owned: Owned | None = None
    dollars_per_point: float = 0.0

    def state(self) -> State:
        """What is owned, measured and affordable."""
        owned = self.owned or self.offers.nothing()
        return state_of(points=merge_points(self.points), offers=self.offers, owned=owned, money=self.money)

    def with_price(self, which: Literal["labels", "compute"], factor: float) -> "Question":
        """The same question where labels, or all compute, cost this many times as much."""
        offers, owned = self.offers, self.owned or self.offers.nothing()
        if which == "labels":
            scaled = replace(offers, label_dollars=factor * offers.label_dollars)
            return replace(self, offers=scaled, owned=replace(owned, label_dollars=factor * owned.label_dollars))
        compute, teacher = factor * offers.compute_dollars, factor * offers.teacher_dollars
        return replace(self, offers=replace(offers, compute_dollars=compute, teacher_dollars=teacher))


@dataclass(frozen=True, kw_only=True)
class Advice:
    """`best` is what to buy, None for nothing; `words` say why; forecasts are of the affordable offers, best first."""

    words: str
    best: Forecast | None = None
    runner_up: Forecast | None = None
    forecasts: tuple[Forecast, ...] = ()


def advise(question: Question) -> Advice:
    """Advise on the next purchase; the same question gets the same words."""
    points, state = merge_points(question.points), question.state()
    if not state.affordable.any():
        return Advice(words=too_dear(state))
    if not points:
        return Advice(words=f"Cannot tell yet: nothing is measured. {cheapest(state)} would tell more.")
    forecasts = forecasts_of(state=state, worlds=_worlds(question), points=points)
    return _advice(question, forecasts, doubts(points))


def flips(question: Question, *, which: Literal["labels", "compute"]) -> dict[float, Cell | None]:
    """The nearest factors below and above 1 of a price at which something else would be bought, and what that is.

    Empty where nothing within a sixteenth and sixteen times changes the advice, or where nothing is measured.
    """
    points = merge_points(question.points)
    if not points:
        return {}
    worlds = _worlds(question)

    def bought(factor: float) -> Cell | None:
        asked = question.with_price(which, factor)
        state = asked.state()
        if not state.affordable.any():
            return None
        best = _advice(asked, forecasts_of(state=state, worlds=worlds, points=points), "").best
        return best.cell if best else None

    now, found = bought(1.0), {}
    for factors in (FLIP_FACTORS[FLIP_FACTORS > 1.001], FLIP_FACTORS[FLIP_FACTORS < 0.999][::-1]):
        for factor in map(float, factors):
            other = bought(factor)
            if other != now:
                found[factor] = other
                break
    return dict(sorted(found.items()))


def cheapest_to_reach(question: Question, *, score: float, chance: float = 0.8) -> Forecast | None:
    """The cheapest single purchase whose student reaches a score with this chance; None where none does."""
    points, state = merge_points(question.points), question.state()
    if not points or not state.affordable.any():
        return None
    worlds = _worlds(question)
    reaches = dict(
        zip(map(state.cell, range(len(state.scores))), (worlds.scores >= score).mean(axis=0) >= chance, strict=True)
    )
    offers = forecasts_of(state=state, worlds=worlds, points=points)
    able = [offer for offer in offers if reaches[offer.cell] and offer.cell.pseudo_labels != TEACHER]
    return min(able, key=lambda offer: offer.dollars, default=None)


def _worlds(question: Question) -> Worlds:
    return fit_points(points=question.points, prior=question.prior).worlds(question.state().prices.cells)


def _advice(question: Question, forecasts: Sequence[Forecast], warnings: str) -> Advice:
    worth = question.dollars_per_point

    def net(forecast: Forecast) -> float:
        return forecast.gain * worth - forecast.plan_dollars if worth > 0 else forecast.gain

    gaining = [forecast for forecast in forecasts if forecast.gain >= LEAST_GAIN]
    if not gaining:
        words = f"Stop: no purchase is expected to gain {LEAST_GAIN:g} points.{warnings}"
        return Advice(words=words, forecasts=tuple(forecasts))
    least = max(map(net, gaining)) - TIE * (worth if worth > 0 else 1)
    best = min((offer for offer in gaining if net(offer) >= least), key=lambda offer: offer.plan_dollars)
    if net(best) <= 0:
        gains = f"{best.cell} would gain {best.gain:.1f} points for ${best.plan_dollars:,.2f}"
        return Advice(words=f"Stop: {gains}, more than they are worth.{warnings}", forecasts=tuple(forecasts))
    runner_up = max((offer for offer in forecasts if offer is not best), key=net, default=None)
    return Advice(words=why(best, runner_up) + warnings, best=best, runner_up=runner_up, forecasts=tuple(forecasts))
