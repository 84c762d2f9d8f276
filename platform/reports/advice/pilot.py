"""The pilot of a study, priced: what each measurement adds to those before it, and holds while its runs go on."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from budgets.models import Path
from budgets.money import ZERO
from planning.policy import pilot_of
from reports.advice.offers import Offer, Offers
from reports.advice.situation import Situation
from reports.advice.words import name_purchase
from runs.money import SECONDS_PER_MINUTE, cost_of


@dataclass(frozen=True, kw_only=True)
class PilotPart:
    """One measurement of a pilot: what its labels and its runs add to those before.

    `holds` is nothing where its labels are yet to come, and so its runs.
    """

    offer: Offer
    labels: Decimal
    compute: Decimal
    holds: Decimal

    @property
    def adds(self) -> Decimal:
        return self.labels + self.compute


def price_pilot(situation: Situation, offers: Offers) -> Sequence[PilotPart]:
    """Choose and price the pilot; what the money left is too little for beside the rest is left out, and noted."""
    by_cell = {offer.cell: offer for offer in offers.found}
    known, num_labels = situation.measured | situation.under_way, situation.pool.num_labels
    parts: list[PilotPart] = []
    for cell in pilot_of(offers=by_cell, known=known, num_labels=num_labels):
        part = _part(by_cell[cell], parts, situation)
        if _fits(part, parts, situation):
            parts.append(part)
        else:
            name = name_purchase(part.offer)
            offers.note(f"Left out of the pilot, as the money left is too little for it beside the rest: {name}.")
    return parts


def _part(offer: Offer, before: Sequence[PilotPart], situation: Situation) -> PilotPart:
    """Labels, and a teacher of the same labels, are paid for once."""
    assert situation.device is not None, "offers are priced where a device hour has a price"
    path = offer.path
    labels = max((part.offer.labels for part in before), default=ZERO)
    shares_teacher = path == Path.DISTIL and any(
        (part.offer.path, part.offer.cell.labels) == (path, offer.cell.labels) for part in before
    )
    compute = offer.compute.expected - (offer.compute.teacher if shares_teacher else ZERO)
    num_runs = offer.num_runs - shares_teacher if offer.is_startable else 0
    seconds = Decimal(offer.minutes * SECONDS_PER_MINUTE)
    return PilotPart(
        offer=offer,
        labels=max(offer.labels - labels, ZERO),
        compute=compute,
        holds=num_runs * cost_of(seconds=seconds, price=situation.device),
    )


def _fits(part: PilotPart, before: Sequence[PilotPart], situation: Situation) -> bool:
    together, money = [*before, part], situation.money
    holds = [money.of_runs(one.holds, one.offer.path) for one in together]
    # What labels that are yet to come add is in no hold.
    labels = [money.of_people(one.labels) for one in together]
    compute = [money.of_runs(one.compute, one.offer.path) for one in together]
    return money.room.takes(holds) and money.room.takes([*labels, *compute])
