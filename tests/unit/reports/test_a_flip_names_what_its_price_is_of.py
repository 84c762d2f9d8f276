"""What would change a recommendation is said by the price of what is on offer: a label, verifying one, or another."""

from dataclasses import replace
from decimal import Decimal

import numpy as np
import pytest

from planning.policy import Question, advise
from planning.posterior import AnsweredTwice, LabelErrors, vague_prior
from planning.surfaces import Cell, Cells, PriceList
from reports.advice.flips import name_flips
from reports.advice.offers import Offer
from tests.unit.planning.test_verified_labels_raise_what_is_right import GOOD, POINTS, belief
from tests.unit.reports.test_offers_are_named_plainly import by_model, offer

RATE = Decimal("1.875")


def question(offers: list[Offer]) -> Question:
    """Compute costs what it does in the offers, and what people do, too."""
    nothing = np.zeros(len(offers))
    prices = PriceList(
        cells=Cells.of([one.cell for one in offers]),
        label_dollars=np.array([float(one.labels) if one.is_of_random_labels else 0.0 for one in offers]),
        opinion_dollars=np.array([float(one.labels) if one.num_asked else 0.0 for one in offers]),
        model_dollars=nothing,
        verified_dollars=np.array([float(one.for_verifying) for one in offers]),
        compute_dollars=np.array([float(one.compute_expected) for one in offers]),
        teacher_dollars=nothing,
    )
    return Question(
        points=POINTS,
        offers=prices,
        money=20.0,
        prior=vague_prior(),
        accuracy=belief(GOOD, accuracy=0.7),
        errors=LabelErrors(num_classes=2, pairs=AnsweredTwice(num_pairs=60, num_equal=47)),
    )


def flips_of(*offers: Offer) -> list[str]:
    asked, by_cell = question(list(offers)), {one.cell: one for one in offers}
    best = advise(asked).best
    assert best is not None
    return name_flips(question=asked, by_cell=by_cell, best=by_cell[best.cell], device_rate=RATE, currency="USD")


def to_verify(number: int) -> Offer:
    """A student of 1,200 labels, 400 of people; they verify so many of the others."""
    spent = Decimal("0.01") * number
    made = replace(by_model(num_to_verify=number), labels=spent, for_verifying=spent)
    return replace(made, cell=Cell(1200, by_model=800 - number, verified=number))


AGREED = replace(offer(400, num_asked=400), cell=Cell(400, opinions=400), labels=Decimal(4))
FURTHER = replace(offer(1200, num_new=800), labels=Decimal(8))


@pytest.mark.parametrize(
    ("offers", "what"),
    [
        ([to_verify(0), to_verify(300)], "Verifying a label at $0.08 instead of $0.01 (8 times)"),
        ([offer(400), AGREED], "A second opinion at $"),
        ([offer(400), FURTHER], "A label at $"),
    ],
)
def test_what_people_do_is_named_by_what_is_on_offer(offers: list[Offer], what: str) -> None:
    of_people = [flip for flip in flips_of(*offers) if not flip.startswith("A device hour")]
    assert [flip.startswith(what) and flip.endswith(" would be bought.") for flip in of_people] == [True]
