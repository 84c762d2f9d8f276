"""What to buy next, in words: forecasts of every offer, how sure they are, and when nothing can be told."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np

from planning.policy.look_ahead import LEAST_GAIN, plan_values
from planning.policy.planner import TIE
from planning.policy.state import State
from planning.posterior import Prior, Worlds, fit_points
from planning.surfaces import TEACHER, Cell, Cells, Floats, Owned, Point, PriceList, merge_points

WIDEST_BAND = 20.0
"""Points: where a 90 % interval is wider, its middle is not worth saying."""
FARTHEST = 8.0
"""Times the most labels or pseudo-labels measured: beyond it, nothing is forecast."""
DISAGREEMENT = 3.0
NUM_BEST = 8


@dataclass(frozen=True, kw_only=True)
class Forecast:
    """One offer. `gain` is the score expected at the end of the best plan that begins with it, less the best so far.

    Bands are of the score that would be measured, noise included, in percent.
    """

    cell: Cell
    dollars: float
    score: float
    band_80: tuple[float, float]
    band_90: tuple[float, float]
    gain: float
    gain_per_dollar: float | None
    chance_of_being_best: float
    can_tell: bool


@dataclass(frozen=True, kw_only=True)
class Advice:
    """`best` is what to buy, None for nothing; `words` say why; forecasts are of the affordable offers, best first."""

    words: str
    best: Forecast | None
    runner_up: Forecast | None
    forecasts: tuple[Forecast, ...]


def advise(
    *,
    points: Sequence[Point],
    offers: PriceList,
    money: float,
    prior: Prior,
    owned: Owned | None = None,
    dollars_per_point: float = 0.0,
) -> Advice:
    """Advise on the next purchase; the same arguments give the same words.

    Parameters: `points`, all students measured; `offers`, what can be bought and what it costs; `money`, dollars left;
        `dollars_per_point`, what a point of the score is worth, so that money left over has a value too.
    """
    merged = merge_points(points)
    state = _state(merged, offers, owned or offers.nothing(), money)
    if not state.affordable.any():
        return _nothing(_too_dear(state))
    if not merged:
        return _nothing(f"Cannot tell yet: nothing is measured. {_cheapest(state)} would tell more.")
    worlds = fit_points(points=merged, prior=prior).worlds(state.prices.cells)
    forecasts = _forecasts(state, worlds, merged)
    return _advice(state, merged, forecasts, dollars_per_point)


def _nothing(words: str, forecasts: Sequence[Forecast] = ()) -> Advice:
    return Advice(words=words, best=None, runner_up=None, forecasts=tuple(forecasts))


def _state(points: Sequence[Point], offers: PriceList, owned: Owned, money: float) -> State:
    """A state of the offers and, after them, the points not on offer that look best: no other can be the best."""
    measured = {point.cell: point.score for point in points}
    on_offer = [_cell_of(offers.cells, place) for place in range(len(offers.cells))]
    others = [point.cell for point in sorted(points, key=lambda point: -point.score) if point.cell not in on_offer]
    others = others[:NUM_BEST]
    nothing = np.zeros(len(others))
    cells = Cells.of([*on_offer, *others])
    prices = PriceList(
        cells=cells,
        label_dollars=np.append(offers.label_dollars, nothing),
        compute_dollars=np.append(offers.compute_dollars, nothing),
        teacher_dollars=np.append(offers.teacher_dollars, nothing),
    )
    held = Owned(
        label_dollars=owned.label_dollars, has_teacher=np.append(owned.has_teacher, np.zeros(len(others), dtype=bool))
    )
    scores = np.array([measured.get(cell, np.nan) for cell in (*on_offer, *others)])
    return State(prices=prices, owned=held, budget=money, money=money, scores=scores)


def _cell_of(cells: Cells, place: int) -> Cell:
    return Cell(int(cells.labels[place]), float(cells.pseudo_labels[place]))


def _cell(state: State, place: int) -> Cell:
    return _cell_of(state.prices.cells, place)


def _forecasts(state: State, worlds: Worlds, points: Sequence[Point]) -> list[Forecast]:
    values = plan_values(state=state, worlds=worlds, allowed=state.affordable)
    ours = state.affordable & ~state.prices.cells.is_teacher
    at_end = np.where(ours | state.seen, worlds.scores, -np.inf)
    first = np.bincount(at_end.argmax(axis=1), minlength=len(ours)) / len(worlds.noise)
    random = np.random.default_rng(0)
    cost, found = state.cost, []
    for cell in np.flatnonzero(state.affordable):
        gain, dollars = max(float(values.plans[cell]) - values.now, 0.0), float(cost[cell])
        band_90 = worlds.band(int(cell), 0.9, random)
        found.append(
            Forecast(
                cell=_cell(state, int(cell)),
                dollars=dollars,
                score=float(worlds.scores[:, cell].mean()),
                band_80=worlds.band(int(cell), 0.8, random),
                band_90=band_90,
                gain=gain,
                gain_per_dollar=gain / dollars if dollars > 0 else None,
                chance_of_being_best=float(first[cell]),
                can_tell=band_90[1] - band_90[0] <= WIDEST_BAND and _is_near(_cell(state, int(cell)), points),
            )
        )
    return sorted(found, key=lambda forecast: (-forecast.gain, forecast.dollars))


def _is_near(cell: Cell, points: Sequence[Point]) -> bool:
    most = max(point.cell.labels for point in points)
    most_pseudo = max((point.cell.pseudo_labels for point in points if point.cell.pseudo_labels != TEACHER), default=0)
    is_student = cell.pseudo_labels != TEACHER
    return cell.labels <= FARTHEST * most and (not is_student or cell.pseudo_labels <= FARTHEST * max(most_pseudo, 1))


def _advice(state: State, points: Sequence[Point], forecasts: Sequence[Forecast], dollars_per_point: float) -> Advice:
    doubts = _doubts(points)

    def net(forecast: Forecast) -> float:
        return forecast.gain * dollars_per_point - forecast.dollars if dollars_per_point > 0 else forecast.gain

    top = max(net(forecast) for forecast in forecasts)
    tie = TIE * dollars_per_point if dollars_per_point > 0 else TIE
    close = [forecast for forecast in forecasts if net(forecast) >= top - tie]
    best = min(close, key=lambda forecast: forecast.dollars)
    others = [forecast for forecast in forecasts if forecast is not best]
    runner_up = max(others, key=net) if others else None
    if best.gain < LEAST_GAIN:
        words = f"Stop: no purchase is expected to gain more than {LEAST_GAIN:g} points.{doubts}"
        return _nothing(words, forecasts)
    if net(best) <= 0:
        words = (
            f"Stop: {best.cell} would gain {best.gain:.1f} points for ${best.dollars:,.2f}, more than they are worth."
        )
        return _nothing(words + doubts, forecasts)
    words = _why(best, runner_up) + doubts
    return Advice(words=words, best=best, runner_up=runner_up, forecasts=tuple(forecasts))


def _why(best: Forecast, runner_up: Forecast | None) -> str:
    if not best.can_tell:
        return f"Cannot tell yet: ${best.dollars:,.2f} for {best.cell} would tell more than any other purchase."
    low, high = (f"{bound:.0f}" for bound in best.band_90)
    words = f"Buy {best.cell} for ${best.dollars:,.2f}: a score of {low} to {high} is expected (90 %)"
    if runner_up is None:
        return f"{words}. Nothing else can be bought."
    lead = best.gain - runner_up.gain
    if lead < TIE or (runner_up.band_80[0] < best.score < runner_up.band_80[1] and lead < 1):
        return f"{words}. It is too close to call against {runner_up.cell} for ${runner_up.dollars:,.2f}."
    return f"{words}. Next best: {runner_up.cell} for ${runner_up.dollars:,.2f}, {lead:.1f} points less at the end."


def _too_dear(state: State) -> str:
    cost = np.where(state.seen, np.inf, state.cost)
    if not np.isfinite(cost).any():
        return "Nothing is left to buy: everything on offer is measured."
    place = int(np.argmin(cost))
    return (
        f"Nothing can be bought with ${state.money:,.2f}: the cheapest purchase, {_cell(state, place)}, costs "
        f"${cost[place]:,.2f}."
    )


def _cheapest(state: State) -> str:
    cost: Floats = np.where(state.affordable, state.cost, np.inf)
    place = int(np.argmin(cost))
    return f"${cost[place]:,.2f} for {_cell(state, place)}"


def _doubts(points: Sequence[Point]) -> str:
    """What in the points themselves warns: falling curves, or a metric that never moves."""
    scores = [point.score for point in points]
    if len(points) > 2 and max(scores) - min(scores) < 1e-9:
        return f" All {len(points)} students score {scores[0]:.1f}: check that the metric can tell them apart."
    falls = [
        (fewer.score - more.score, fewer, more)
        for fewer, more in combinations(points, 2)
        if fewer.cell.pseudo_labels == more.cell.pseudo_labels and fewer.score - more.score > DISAGREEMENT
    ]
    if not falls:
        return ""
    drop, fewer, more = max(falls, key=lambda fall: fall[0])
    return f" Runs disagree by {drop:.0f} points: {more.cell} score lower than {fewer.cell}. Repeat one of them."
