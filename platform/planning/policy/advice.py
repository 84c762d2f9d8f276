"""What to buy next, in words, and what would change it."""

from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass, field, replace
from typing import Literal

import numpy as np

from planning.policy.forecasts import Forecast, forecasts_of, state_of
from planning.policy.look_ahead import LEAST_GAIN
from planning.policy.planner import TIE
from planning.policy.state import State
from planning.policy.words import (
    ALIKE,
    Wording,
    cannot_tell,
    doubts,
    is_close,
    not_worth_it,
    students_of,
    too_dear,
    too_small,
    why,
)
from planning.posterior import (
    ChoiceFactor,
    LabelAccuracy,
    LabelErrors,
    Prior,
    Worlds,
    counted_points,
    fit_points,
    worlds_with_model_labels,
    worlds_with_opinions,
    worlds_with_others,
)
from planning.surfaces import Cell, Cells, Owned, Point, PriceList, merge_points

FLIP_FACTORS = np.geomspace(1 / 16, 16, 25)
"""By which a price is tried; each is a quarter more than the one before."""
LEAST_LOOK = 0.5
"""Points that a purchase must be expected to gain by itself to be worth a look before a dearer favourite."""
SDS_IN_HALF = 1.96
"""Standard deviations in half of a 95 % interval."""
PriceKind = Literal["labels", "tokens", "compute"]
"""Of what people do, of what a language model gives, and of training and scoring."""


@dataclass(frozen=True, kw_only=True)
class Question:
    """What an advice is asked for.

    `points`: the students measured, those of other teachers and of fewer layers too; `apart`: those that no curve is
    for, as a language model taught them; they count as they were measured, and nothing is inferred from them.
    `offers`: what can be bought and what it costs; `money`: dollars left; `prior`: see `prior_from`; `factor`: what
    labels that a model chose are worth beside random ones; `errors`: of labels of one annotation, None where nothing is
    known of them, and second opinions count as nothing; `accuracy`: of labels that a language model gives, None where
    nothing can be said of them; `dollars_per_point`: what a point of the score is worth, so that money left over has a
    value too (0: nothing else to spend it on).
    """

    points: Sequence[Point]
    offers: PriceList
    money: float
    prior: Prior
    factor: ChoiceFactor = field(default_factory=ChoiceFactor)
    errors: LabelErrors | None = None
    accuracy: LabelAccuracy | None = None
    owned: Owned | None = None
    dollars_per_point: float = 0.0
    apart: Sequence[Point] = ()
    wording: Wording = field(default_factory=Wording)

    def state(self) -> State:
        """What is owned, measured and affordable."""
        owned, measured = self.owned or self.offers.nothing(), merge_points([*self.points, *self.apart])
        return state_of(points=measured, offers=self.offers, owned=owned, money=self.money)

    @property
    def usual(self) -> tuple[Point, ...]:
        """The points that curves are fitted to: of random labels, all layers and the usual teacher."""
        return merge_points(point for point in self.of_usual_students if not point.cell.chosen)

    @property
    def of_usual_students(self) -> tuple[Point, ...]:
        """The points of the curves, and those that differ from them by how their labels were chosen."""
        return merge_points(point for point in self._counted if point.cell.is_usual and not point.cell.by_model)

    @property
    def of_model_labels(self) -> tuple[Point, ...]:
        """The students of labels of which a language model gave some."""
        return merge_points(point for point in self.points if point.cell.by_model)

    @property
    def _counted(self) -> list[Point]:
        """The points, second opinions counted as further labels."""
        return counted_points(self.points, self.errors)

    def worlds(self) -> Worlds:
        """What is believed of the scores of all cells of the state."""
        state = self.state()
        of_people = [point for point in merge_points(self._counted) if not point.cell.by_model]
        others = [point for point in of_people if not point.cell.is_usual or point.cell.chosen]
        posterior = fit_points(points=self.usual, prior=self.prior)

        def draw(cells: Cells) -> Worlds:
            return worlds_with_others(posterior=posterior, cells=cells, points=others, factor=self.factor)

        def draw_of_people(cells: Cells) -> Worlds:
            return worlds_with_opinions(cells=cells, errors=self.errors, draw=draw)

        worlds = worlds_with_model_labels(
            cells=state.prices.cells, points=self.of_model_labels, accuracy=self.accuracy, draw=draw_of_people
        )
        places = {state.cell(place): place for place in range(len(state.scores))}
        for point in merge_points(self.apart):
            if point.cell in places:
                worlds = worlds.knowing(places[point.cell], score=point.score, sd=point.sd or 0.0)
        return worlds

    def with_price(self, which: PriceKind, factor: float) -> "Question":
        """The same question where people's labels, a language model's, or all compute cost so many times as much."""
        offers, owned = self.offers, self.owned or self.offers.nothing()
        if which == "tokens":
            by_model = None if offers.model_dollars is None else factor * offers.model_dollars
            held = replace(owned, model_dollars=factor * owned.model_dollars)
            return replace(self, offers=replace(offers, model_dollars=by_model), owned=held)
        if which == "labels":
            chosen, opinions, verified = (
                None if dollars is None else factor * dollars
                for dollars in (offers.chosen_dollars, offers.opinion_dollars, offers.verified_dollars)
            )
            scaled = replace(
                offers,
                label_dollars=factor * offers.label_dollars,
                chosen_dollars=chosen,
                opinion_dollars=opinions,
                verified_dollars=verified,
            )
            held = replace(
                owned,
                label_dollars=factor * owned.label_dollars,
                chosen_dollars=factor * owned.chosen_dollars,
                opinion_dollars=factor * owned.opinion_dollars,
                verified_dollars=factor * owned.verified_dollars,
            )
            return replace(self, offers=scaled, owned=held)
        compute, teacher = factor * offers.compute_dollars, factor * offers.teacher_dollars
        return replace(self, offers=replace(offers, compute_dollars=compute, teacher_dollars=teacher))


@dataclass(frozen=True, kw_only=True)
class Advice:
    """`best` is what to buy, None for nothing; `words` say why; forecasts are of the affordable offers, best first.

    `first` is the purchase to begin with where nothing is measured, and so nothing can be forecast. `is_too_small`: the
    gain of the best is less than any student's interval can show.
    """

    words: str
    best: Forecast | None = None
    is_too_small: bool = False
    first: Cell | None = None
    runner_up: Forecast | None = None
    forecasts: tuple[Forecast, ...] = ()


def advise(question: Question) -> Advice:
    """Advise on the next purchase; the same question gets the same words."""
    points, state, wording = question.of_usual_students, question.state(), question.wording
    if not state.affordable.any():
        return Advice(words=too_dear(state, wording))
    if not question.usual:
        return _first(question, state)
    forecasts = forecasts_of(state=state, worlds=question.worlds(), points=points, worth=question.dollars_per_point)
    return _advice(question, forecasts, doubts(points))


def flips(
    question: Question, *, which: PriceKind, arm: Callable[[Cell], Hashable] = lambda cell: cell
) -> dict[float, Cell | None]:
    """The nearest factors below and above 1 of a price at which another arm would be bought, and the cell that is.

    Parameters: `arm` names the arm of a cell; by default each cell is its own.
    Returns: empty where nothing within a sixteenth and sixteen times changes the advice, or where nothing is measured.
    """
    points = question.of_usual_students
    if not question.usual:
        return {}
    worlds = question.worlds()

    def bought(factor: float) -> Cell | None:
        asked = question.with_price(which, factor)
        state = asked.state()
        if not state.affordable.any():
            return None
        forecasts = forecasts_of(state=state, worlds=worlds, points=points, worth=question.dollars_per_point)
        best = _advice(asked, forecasts, "").best
        return best.cell if best else None

    def arm_of(cell: Cell | None) -> Hashable:
        return None if cell is None else arm(cell)

    now, found = arm_of(bought(1.0)), {}
    for factors in (FLIP_FACTORS[FLIP_FACTORS > 1.001], FLIP_FACTORS[FLIP_FACTORS < 0.999][::-1]):
        for factor in map(float, factors):
            other = bought(factor)
            if arm_of(other) != now:
                found[factor] = other
                break
    return dict(sorted(found.items()))


def least_visible(points: Sequence[Point]) -> float:
    """Half of the narrowest 95 % interval: a smaller gain is one that no student's interval can show."""
    return SDS_IN_HALF * min((point.sd for point in students_of(points) if point.sd is not None), default=0.0)


def _first(question: Question, state: State) -> Advice:
    cells = state.prices.cells
    students = state.affordable & ~cells.is_teacher & (cells.by_model == 0)
    place = int(np.argmin(np.where(students if students.any() else state.affordable, state.cost, np.inf)))
    cell, price = state.cell(place), question.wording.money(float(state.cost[place]))
    what = question.wording.purchase(cell)
    return Advice(words=f"Cannot tell yet: {_lacks(question)}. {price} for {what} would tell more.", first=cell)


def _lacks(question: Question) -> str:
    """What must be measured before a curve can be fitted."""
    if question.of_usual_students:
        return "no student of random labels alone is measured"
    if question.of_model_labels:
        return "no student of people's labels alone is measured"
    if any(point.cell.layers for point in question.points):
        return "no student of all layers is measured"
    return "no student of labels is measured" if question.apart or question.points else "nothing is measured"


def _advice(question: Question, forecasts: Sequence[Forecast], warnings: str) -> Advice:
    worth, wording = question.dollars_per_point, question.wording

    def net(forecast: Forecast) -> float:
        return forecast.gain * worth - forecast.plan_dollars if worth > 0 else forecast.gain

    gaining = [forecast for forecast in forecasts if forecast.gain >= LEAST_GAIN]
    if not gaining:
        words = f"Stop: no purchase is expected to gain {LEAST_GAIN:g} points.{warnings}"
        return Advice(words=words, forecasts=tuple(forecasts))
    worthwhile = [offer for offer in gaining if net(offer) > 0]
    if not worthwhile:
        words = f"{not_worth_it(max(gaining, key=net), wording)}{warnings}"
        return Advice(words=words, forecasts=tuple(forecasts))
    least = max(map(net, worthwhile)) - TIE * (worth if worth > 0 else 1)
    close = [offer for offer in worthwhile if net(offer) >= least]
    adding = [offer for offer in close if offer.adds >= LEAST_GAIN]
    half_width, looks = least_visible(question.points), list[Forecast]()
    best = min(adding or close, key=lambda offer: offer.plan_dollars)
    if not worth:
        enough = [offer for offer in worthwhile if offer.gain >= half_width]
        best = min((offer for offer in enough if _is_cheaper(offer, best)), key=_dollars, default=best)
    if not best.can_tell or best.gain < half_width:
        # Where nothing can be said of the favourite, what may gain by itself comes first, the most for its price.
        looks = [offer for offer in worthwhile if offer.own_gain >= LEAST_LOOK]
        best = max(looks, key=lambda offer: (_per_dollar(offer), offer.own_gain), default=best)
    runner_up = max((offer for offer in forecasts if offer is not best), key=net, default=None)
    is_too_small = best.can_tell and best.gain < half_width
    if is_too_small:
        words = too_small(best, half_width, wording, is_look=bool(looks))
    else:
        words = why(best, runner_up, wording) if best.can_tell else cannot_tell(best, wording, is_look=bool(looks))
    return Advice(
        words=words + warnings,
        best=best,
        is_too_small=is_too_small,
        runner_up=runner_up,
        forecasts=tuple(forecasts),
    )


def _is_cheaper(offer: Forecast, best: Forecast) -> bool:
    """Whether it ends about as well by itself as the best plan, for clearly less than that plan's first purchase."""
    is_told = offer.can_tell and best.can_tell
    return is_told and ALIKE * offer.dollars < best.dollars and is_close(best, offer, lead=best.gain - offer.own_gain)


def _dollars(forecast: Forecast) -> float:
    return forecast.dollars


def _per_dollar(forecast: Forecast) -> float:
    return forecast.own_gain / forecast.dollars if forecast.dollars > 0 else float("inf")
