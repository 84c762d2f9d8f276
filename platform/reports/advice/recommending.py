"""Recommending the next tranche: once for each state of a study, and kept."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from budgets.money import ZERO
from planning.policy import Advice, Forecast, Question, advise, has_choice, labels_needed
from planning.surfaces import TEACHER, Cell
from reports.advice.flips import name_flips
from reports.advice.offers import Offer, Offers, offers_of, price_of_labels_alone
from reports.advice.outcomes import record_outcomes
from reports.advice.pilot import PilotPart, price_pilot
from reports.advice.question import question_of
from reports.advice.records import pseudo_labels_of, record_of
from reports.advice.situation import OWN_CHECKPOINT, Situation, situation_of
from reports.advice.words import (
    IN_PROGRESS,
    audit_first,
    name_errors,
    name_factor,
    name_labels_alone,
    no_choice,
    pilot_first,
    rest_of_pilot,
    too_dear,
)
from reports.formatting import money
from reports.models import Recommendation
from studies.models import Study

NOTHING_TO_MEASURE = (
    "Cannot tell yet: no example of the test split is labelled, so that no score can be measured. Label the test split "
    "first."
)
STOPPED = "The study is stopped: nothing is bought until it is resumed."


@dataclass(frozen=True, kw_only=True)
class Decision:
    """What is recommended in a situation, before it is kept."""

    words: str
    best: Offer | None = None
    runner_up: Offer | None = None
    forecasts: Sequence[Forecast] = ()
    flips: Sequence[str] = ()
    labels_alone: str = ""
    pilot: Sequence[PilotPart] = ()


def recommend(*, study: Study) -> Recommendation:
    """Recommend the next tranche and keep it; a state that was recommended for before gets the same row.

    What earlier recommendations said of students that are measured by now is recorded first.
    """
    situation = situation_of(study)
    record_outcomes(situation)
    found = Recommendation.objects.filter(study=study, state=situation.key).first()
    if found is not None:
        return found
    offers = offers_of(situation)
    return _kept(situation, offers, decide(situation, offers))


def decide(situation: Situation, offers: Offers) -> Decision:
    """Say what to buy next, why, and what would change it."""
    reason = _nothing_to_ask(situation, offers)
    if reason:
        return Decision(words=reason)
    question = question_of(situation=situation, offers=offers.found)
    if any(offer.selection for offer in offers.found):
        offers.note(name_factor(question.factor))
    if question.errors and any(offer.num_asked for offer in offers.found):
        offers.note(name_errors(question.errors, num_labels=situation.pool.num_labels))
    advice = advise(question)
    by_cell = {offer.cell: offer for offer in offers.found}
    best = _offer_to_take(advice, by_cell)
    is_unaudited = best is not None and best.is_unaudited
    can_tell = advice.best is not None and advice.best.can_tell and not is_unaudited
    decision = Decision(
        words=audit_first(best, currency=situation.study.budget.currency) if best and is_unaudited else advice.words,
        best=best,
        runner_up=by_cell.get(advice.runner_up.cell) if advice.runner_up else None,
        forecasts=advice.forecasts,
        flips=_flips(situation, question, by_cell, best) if best and can_tell else [],
        labels_alone=_labels_alone(situation, question, advice.best) if advice.best and can_tell else "",
    )
    if best and not can_tell:
        return _before_it_can_be_told(decision, situation, offers)
    return _with_pilot(decision, situation, offers) if advice.is_too_small else decision


def _before_it_can_be_told(decision: Decision, situation: Situation, offers: Offers) -> Decision:
    """The pilot first; unless it is in progress, or no measurement could change what to buy."""
    num_labels, currency = situation.pool.num_labels, situation.study.budget.currency
    on_offer = {offer.cell for offer in (*offers.found, *offers.too_dear)}
    if not has_choice(cells=on_offer | situation.measured | situation.under_way, num_labels=num_labels):
        pool = situation.pool
        all_there = Cell(num_labels, chosen=pool.num_chosen(num_labels), opinions=pool.num_opinions(num_labels))
        every = next((offer for offer in offers.found if offer.cell == all_there), None)
        return Decision(words=no_choice(offer=every, notes=offers.notes, currency=currency), best=every)
    with_pilot = _with_pilot(decision, situation, offers)
    if with_pilot.pilot:
        return with_pilot
    if situation.under_way:
        return Decision(words=IN_PROGRESS, forecasts=decision.forecasts)
    return decision


def _with_pilot(decision: Decision, situation: Situation, offers: Offers) -> Decision:
    """The decision with what is left of the pilot, if anything is."""
    pilot = price_pilot(situation, offers)
    if not pilot:
        return decision
    name = rest_of_pilot if situation.measured else pilot_first
    price = sum((part.adds for part in pilot), ZERO)
    words = name(num_parts=len(pilot), price=price, currency=situation.study.budget.currency)
    return replace(decision, words=f"{decision.words} {words}" if situation.measured else words, pilot=pilot)


def _offer_to_take(advice: Advice, by_cell: Mapping[Cell, Offer]) -> Offer | None:
    cell = advice.best.cell if advice.best else advice.first
    return by_cell[cell] if cell else None


def _nothing_to_ask(situation: Situation, offers: Offers) -> str:
    """Why the planner need not be asked; empty where it is."""
    if not situation.has_test:
        return NOTHING_TO_MEASURE
    if situation.money.is_stopped:
        return STOPPED
    if offers.found:
        return ""
    if offers.too_dear:
        cheapest = min(offers.too_dear, key=lambda offer: offer.price)
        currency, left = situation.study.budget.currency, situation.money.available
        return too_dear(offer=cheapest, available=left, currency=currency)
    return " ".join(["Nothing is on offer.", *offers.notes])


def _flips(situation: Situation, question: Question, by_cell: Mapping[Cell, Offer], best: Offer) -> list[str]:
    assert situation.device is not None, "nothing is on offer without a price of a device hour"
    currency = situation.study.budget.currency
    return name_flips(
        question=question, by_cell=by_cell, best=best, device_rate=situation.device.rate, currency=currency
    )


def _labels_alone(situation: Situation, question: Question, best: Forecast) -> str:
    """What labels alone would need for the score expected of a student that a teacher teaches; empty of any other."""
    pool, currency = situation.pool, situation.study.budget.currency
    most = pool.num_there + pool.num_new
    is_taught = best.cell.pseudo_labels not in (0, TEACHER)
    if not is_taught or not most or situation.terms is None:
        return ""
    needed = labels_needed(points=question.usual, prior=question.prior, score=best.score, most=most)
    if needed is None:
        return ""

    def price(num_labels: int) -> str:
        return money(price_of_labels_alone(situation, num_labels), currency=currency)

    return name_labels_alone(needed, num_there=pool.num_labels, price=price)


def _kept(situation: Situation, offers: Offers, decision: Decision) -> Recommendation:
    """Write it down, unless another worker did so meanwhile."""
    forecasts = {forecast.cell: forecast for forecast in decision.forecasts}
    order = {cell: place for place, cell in enumerate(forecasts)}
    ranked = sorted(offers.found, key=lambda offer: order.get(offer.cell, len(order)))
    parts = {part.offer.cell: part for part in decision.pilot}
    best, foreseen = decision.best, forecasts.get(decision.best.cell) if decision.best else None
    found, _ = Recommendation.objects.get_or_create(
        study=situation.study,
        state=situation.key,
        defaults={
            "words": decision.words,
            **_cell_columns(best, foreseen),
            "runner_up": _json_of(decision.runner_up, forecasts),
            "offers": [record_of(offer, forecasts.get(offer.cell), parts.get(offer.cell)).as_json for offer in ranked],
            "flips": list(decision.flips),
            "labels_alone": decision.labels_alone,
            "notes": offers.notes,
        },
    )
    return found


def _json_of(offer: Offer | None, forecasts: dict[Cell, Forecast]) -> dict[str, Any] | None:
    return record_of(offer, forecasts.get(offer.cell)).as_json if offer else None


def _cell_columns(best: Offer | None, foreseen: Forecast | None) -> dict[str, Any]:
    if best is None:
        return {}
    columns = {
        "labels": best.cell.labels,
        "pseudo_labels": pseudo_labels_of(best.cell),
        "is_self_taught": best.cell.teacher == OWN_CHECKPOINT,
        "num_chosen": best.cell.chosen,
        "kept_layers": best.cell.layers,
        "num_opinions": best.cell.opinions,
        "num_by_model": best.cell.by_model,
        "num_verified": best.cell.verified,
        "price": best.price,
    }
    if foreseen is None:
        return columns
    (low_80, high_80), (low_90, high_90) = foreseen.band_80, foreseen.band_90
    return {
        **columns,
        "score": foreseen.score,
        "low_80": low_80,
        "high_80": high_80,
        "low_90": low_90,
        "high_90": high_90,
    }
