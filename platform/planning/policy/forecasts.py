"""What is expected of every offer: its score, what a plan that begins with it gains, and how sure that is."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from planning.policy.look_ahead import plan_values
from planning.policy.state import State
from planning.posterior import Worlds
from planning.surfaces import TEACHER, Cell, Cells, Floats, Owned, Point, PriceList

WIDEST_BAND = 20.0
"""Points: where a 90 % interval is wider, its middle is not worth saying."""
FARTHEST = 8.0
"""Times the most labels or pseudo-labels measured: beyond it, nothing is forecast."""
NUM_BEST = 8


@dataclass(frozen=True, kw_only=True)
class Forecast:
    """One offer. `gain`: the score expected at the end of the best plan that begins with it, less the best so far.

    `own_gain`: by how much it alone is expected to raise the best so far, nothing where it turns out worse; `adds`:
    what it adds to that plan, by its gain or by what it tells; `plan_dollars`: what that plan is expected to cost.
    Bands are of the score that would be measured, noise included, in percent. `can_tell`: whether the band is narrow
    enough, and the cell near enough, to say a score.
    """

    cell: Cell
    dollars: float
    plan_dollars: float
    score: float
    band_80: tuple[float, float]
    band_90: tuple[float, float]
    own_gain: float
    gain: float
    adds: float
    gain_per_dollar: float | None
    chance_of_being_best: float
    can_tell: bool


def state_of(*, points: Sequence[Point], offers: PriceList, owned: Owned, money: float) -> State:
    """A state of the offers and, after them, the points not on offer that look best: no other can be the best."""
    measured = {point.cell: point.score for point in points}
    on_offer = [offers.cells.cell(place) for place in range(len(offers.cells))]
    others = [point.cell for point in sorted(points, key=lambda point: -point.score) if point.cell not in on_offer]
    others = others[:NUM_BEST]
    nothing = np.zeros(len(others))

    def longer(dollars: Floats | None) -> Floats | None:
        return None if dollars is None else np.append(dollars, nothing)

    prices = PriceList(
        cells=Cells.of([*on_offer, *others]),
        label_dollars=np.append(offers.label_dollars, nothing),
        compute_dollars=np.append(offers.compute_dollars, nothing),
        teacher_dollars=np.append(offers.teacher_dollars, nothing),
        chosen_dollars=longer(offers.chosen_dollars),
        opinion_dollars=longer(offers.opinion_dollars),
        model_dollars=longer(offers.model_dollars),
        verified_dollars=longer(offers.verified_dollars),
        caps=offers.caps,
        new_labels=offers.new_labels.padded(len(others)) if offers.new_labels else None,
    )
    held = replace(owned, has_teacher=np.append(owned.has_teacher, nothing > 0))
    scores = np.array([measured.get(cell, np.nan) for cell in (*on_offer, *others)])
    return State(prices=prices, owned=held, budget=money, money=money, scores=scores)


def forecasts_of(*, state: State, worlds: Worlds, points: Sequence[Point], worth: float = 0.0) -> list[Forecast]:
    """Forecast the affordable offers, the most promising first.

    Parameters: `points`, all that was measured; `worth`, dollars that a point is worth, see `plan_values`.
    """
    values = plan_values(state=state, worlds=worlds, allowed=state.affordable, worth=worth)
    students = ~state.prices.cells.is_teacher
    at_end = np.where((state.affordable | state.seen) & students, worlds.scores, -np.inf)
    first = np.bincount(at_end.argmax(axis=1), minlength=len(students)) / len(worlds.noise)
    random = np.random.default_rng(0)
    rise = _rise(state, worlds)
    cost, found = state.cost, []
    for place in map(int, np.flatnonzero(state.affordable)):
        gain, dollars = max(float(values.plans[place]) - values.now, 0.0), float(cost[place])
        score = float(worlds.scores[:, place].mean())
        low, high = worlds.band(place, 0.9, random)
        found.append(
            Forecast(
                cell=state.cell(place),
                dollars=dollars,
                plan_dollars=float(values.dollars[place]),
                score=score,
                band_80=worlds.band(place, 0.8, random),
                band_90=(low, high),
                own_gain=float(rise[place]) if students[place] else 0.0,
                gain=gain,
                adds=float(values.adds[place]),
                gain_per_dollar=gain / dollars if dollars > 0 else None,
                chance_of_being_best=float(first[place]),
                can_tell=high - low <= WIDEST_BAND and _is_near(state.cell(place), points),
            )
        )
    return sorted(found, key=lambda forecast: (-forecast.gain, forecast.dollars))


def _rise(state: State, worlds: Worlds) -> Floats:
    """The expected rise of the best student so far to each cell's score; its whole score where there is none."""
    done = np.flatnonzero(state.seen & ~state.prices.cells.is_teacher)
    if not len(done):
        whole: Floats = worlds.scores.mean(axis=0)
        return whole
    best = done[int(worlds.scores[:, done].mean(axis=0).argmax())]
    rise: Floats = np.maximum(worlds.scores - worlds.scores[:, [best]], 0.0).mean(axis=0)
    return rise


def _is_near(cell: Cell, points: Sequence[Point]) -> bool:
    most = max(point.cell.labels for point in points)
    most_pseudo = max((point.cell.pseudo_labels for point in points if point.cell.pseudo_labels != TEACHER), default=0)
    is_teacher = cell.pseudo_labels == TEACHER
    return cell.labels <= FARTHEST * most and (is_teacher or cell.pseudo_labels <= FARTHEST * max(most_pseudo, 1))
