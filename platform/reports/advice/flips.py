"""What would change a recommendation: the nearest prices at which another arm is bought."""

from collections.abc import Mapping, Sequence
from decimal import Decimal

from budgets.models import Path
from budgets.money import ZERO
from planning.policy import PriceKind, Question, flips
from planning.surfaces import Cell
from reports.advice.offers import Offer
from reports.advice.words import name_flip


def name_flips(
    *, question: Question, by_cell: Mapping[Cell, Offer], best: Offer, device_rate: Decimal, currency: str
) -> list[str]:
    """Label, token and device prices at which another arm is bought: other labels or another path, not another size."""
    found = []
    for which, what, price in _prices(list(by_cell.values()), device_rate):
        for factor, cell in flips(question, which=which, arm=lambda cell: _arm(by_cell[cell])).items() if price else ():
            offer = by_cell[cell] if cell else None
            if _is_sensible(which, factor, best, offer):
                found.append(name_flip(what=what, price=price, factor=factor, currency=currency, offer=offer))
    return found


def _prices(offers: Sequence[Offer], device_rate: Decimal) -> list[tuple[PriceKind, str, Decimal]]:
    """Today's prices, each with what it is of; what people do is called by further labels, where any are on offer."""
    prices: list[tuple[PriceKind, str, Decimal]] = [("compute", "A device hour", device_rate)]
    further = next((offer for offer in offers if offer.num_new and not offer.cell.by_model), None)
    if further:
        prices.insert(0, ("labels", "A label", further.labels / further.num_new))
    elif checked := next((offer for offer in offers if offer.num_to_verify), None):
        prices.insert(0, ("labels", "Verifying a label", checked.for_verifying / checked.num_to_verify))
    elif asked := next((offer for offer in offers if offer.num_asked), None):
        prices.insert(0, ("labels", "A second opinion", asked.labels / asked.num_asked))
    given = next((offer for offer in offers if offer.num_new and offer.labeller), None)
    if given and given.labeller:
        by_model = (given.labels - given.for_verifying) / given.num_new
        prices.insert(-1, ("tokens", f"A label by {given.labeller.name}", by_model))
    return prices


def _is_sensible(which: PriceKind, factor: float, best: Offer, other: Offer | None) -> bool:
    """Whether a dearer price leads to less of it, or a cheaper one to more; else two plans are merely as good."""
    now, then = (_spent_on(which, offer) for offer in (best, other))
    return then <= now if factor > 1 else then >= now


def _spent_on(which: PriceKind, offer: Offer | None) -> Decimal:
    if offer is None:
        return ZERO
    by_model = offer.labels - offer.for_verifying if offer.cell.by_model else ZERO
    if which == "tokens":
        return by_model
    if which == "labels":
        return offer.labels - by_model
    return offer.compute_expected


def _arm(offer: Offer) -> tuple[Path, int, int, tuple[bool, ...]]:
    cell = offer.cell
    is_of_people = offer.num_new > 0, offer.selection is not None, offer.num_asked > 0
    return offer.path, cell.teacher, cell.layers, (*is_of_people, cell.by_model > 0, offer.num_to_verify > 0)
