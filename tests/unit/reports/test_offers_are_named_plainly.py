from decimal import Decimal

import pytest

from planning.surfaces import TEACHER, Cell
from reports.advice.compute import Compute, published_hours
from reports.advice.offers import Offer
from reports.advice.records import offer_from_json, record_of
from reports.advice.words import name_flip, name_purchase, too_dear

COMPUTE = Compute(expected=Decimal("0.50"), teacher=Decimal("0.10"), basis="3 runs of this study")


def offer(
    labels: int, pseudo_labels: float = 0, *, num_new: int = 0, waiting: int = 0, is_hybrid: bool = False
) -> Offer:
    return Offer(
        cell=Cell(labels, float(pseudo_labels)),
        num_new=num_new,
        num_waiting=waiting,
        labels=Decimal("0.10") * num_new,
        compute=COMPUTE,
        minutes=60,
        is_hybrid=is_hybrid,
    )


@pytest.mark.parametrize(
    ("offered", "name"),
    [
        (offer(0), "a student of no labels"),
        (offer(1_200), "a student of 1,200 labels"),
        (offer(120, 500, num_new=20), "20 more labels and a student of 120 labels and 500 pseudo-labels"),
        (offer(100, 5_000, is_hybrid=True), "a hybrid of 100 labels and 5,000 pseudo-labels"),
        (offer(60, TEACHER), "the teacher of 60 labels"),
        (offer(60, waiting=10), "a student of 60 labels, 10 of them on their way"),
    ],
)
def test_an_offer_is_named_by_what_is_bought(offered: Offer, name: str) -> None:
    assert name_purchase(offered) == name


def test_a_flip_names_both_prices_and_their_ratio() -> None:
    words = name_flip(what="A label", price=Decimal("0.10"), factor=2.5, currency="EUR", offer=offer(100, 500))
    assert words == (
        "A label at €0.25 instead of €0.10 (2.5 times): a student of 100 labels and 500 pseudo-labels would be bought."
    )
    assert "nothing would be bought" in name_flip(
        what="A label", price=Decimal(1), factor=2, currency="USD", offer=None
    )


def test_what_is_too_dear_names_its_price_and_what_is_left() -> None:
    words = too_dear(offer=offer(100), available=Decimal("0.05"), currency="CHF")
    assert "a student of 100 labels, is expected to cost 0.50 CHF" in words
    assert words.endswith("0.05 CHF is left.")


def test_an_offer_comes_back_as_it_was_kept() -> None:
    kept = record_of(offer(120, 500, num_new=20), None)
    look = record_of(offer(120, TEACHER), None)
    assert [offer_from_json(one.as_json) for one in (kept, look)] == [kept, look]
    assert (look.arm, look.pseudo_labels) == ("Teacher alone", None)
    assert (kept.price, kept.arm) == (Decimal("2.50"), "Further labels, distil")


def test_published_tasks_tell_device_hours() -> None:
    hours = published_hours()
    assert 1.9 < hours.shortest < 2.1
    assert 0.002 < hours.per_label < 0.008
    assert 0.0003 < hours.per_pseudo_label < 0.003
