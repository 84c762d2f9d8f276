import json
from dataclasses import replace
from decimal import Decimal

import pytest

from planning.likely import Likely
from planning.posterior import AnsweredTwice, LabelAccuracy, LabelErrors, LabelOrder
from planning.surfaces import TEACHER, Cell
from reports.advice.compute import Compute
from reports.advice.offers import Offer
from reports.advice.records import offer_from_json, record_of
from reports.advice.situation import OWN_CHECKPOINT, STUDYS_TEACHER
from reports.advice.words import name_errors, name_flip, name_purchase, too_dear
from reports.model_labels import Labeller, name_order

COMPUTE = Compute(
    expected=Decimal("0.50"),
    teacher=Decimal("0.10"),
    likely=Likely(expected=0.5, low=0.4, high=0.8),
    basis="3 runs of this study",
)


def offer(
    labels: int,
    pseudo_labels: float = 0,
    *,
    num_new: int = 0,
    waiting: int = 0,
    num_asked: int = 0,
    is_hybrid: bool = False,
    teacher: int = STUDYS_TEACHER,
    layers: tuple[int, ...] = (),
    of_layers: int = 0,
) -> Offer:
    return Offer(
        cell=Cell(labels, float(pseudo_labels), teacher, layers=len(layers)),
        num_new=num_new,
        num_waiting=waiting,
        num_asked=num_asked,
        labels=Decimal("0.10") * num_new,
        labels_likely=Likely(expected=0.1 * num_new, low=0.07 * num_new, high=0.12 * num_new),
        compute=COMPUTE,
        minutes=60,
        is_hybrid=is_hybrid,
        layers=layers,
        of_layers=of_layers,
    )


@pytest.mark.parametrize(
    ("offered", "name"),
    [
        (offer(0), "a student of no labels"),
        (offer(1_200), "a student of 1,200 labels"),
        (offer(120, 500, num_new=20), "20 more labels and a student of 120 labels and 500 pseudo-labels"),
        (offer(100, 5_000, is_hybrid=True), "a hybrid of 100 labels and 5,000 pseudo-labels"),
        (offer(60, TEACHER), "the teacher of 60 labels"),
        (offer(60, 500, teacher=OWN_CHECKPOINT), "a student of 60 labels and 500 pseudo-labels of its own checkpoint"),
        (offer(60, layers=(0, 1), of_layers=3), "a student of 2 of 3 layers from 60 labels"),
        (offer(60, 500, layers=(0,)), "a student of 1 layer from 60 labels and 500 pseudo-labels"),
        (offer(300, num_asked=40), "second opinions on 40 of the 300 labels and a student of 300 labels"),
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
    small = record_of(offer(120, 500, layers=(0, 1), of_layers=3), None)
    written = [json.loads(json.dumps(one.as_json)) for one in (kept, look, small)]
    assert [offer_from_json(one) for one in written] == [kept, look, small]
    assert (small.arm, small.student) == (
        "Distil, fewer layers",
        name_purchase(offer(120, 500, layers=(0, 1), of_layers=3)),
    )
    assert (look.arm, look.pseudo_labels) == ("Teacher alone", None)
    assert (kept.price, kept.arm) == (Decimal("2.50"), "Further labels, distil")


def test_labels_and_compute_are_off_by_themselves() -> None:
    kept = record_of(offer(120, 500, num_new=10), None)
    # 1.50, less the root of 0.3² + 0.1², and the root of 0.2² + 0.3² more.
    assert (kept.price_low, kept.price_high) == (Decimal("1.183772"), Decimal("1.860555"))


def test_a_record_from_before_intervals_and_other_teachers_is_read() -> None:
    kept = record_of(offer(120, 500), None).as_json
    new = ("price_low", "price_high", "is_self_taught", "layers", "of_layers")
    old = {name: value for name, value in kept.items() if name not in new}
    found = offer_from_json(old)
    assert (found.price_low, found.price_high, found.is_self_taught) == (None, None, False)


def test_what_is_believed_of_errors_is_said_with_its_ground() -> None:
    errors = LabelErrors(num_classes=2, pairs=AnsweredTwice(num_pairs=60, num_equal=47))
    said = name_errors(errors, num_labels=300)
    assert "wrong in about 12 % (80 %: 8 % to 16 %): of 60 examples with two annotations 47 agree" in said
    assert "about 4 % are wrong, so that 300 labels count as 440" in said


def by_model(*, num_new: int = 0, num_to_verify: int = 0, order: LabelOrder | None = None) -> Offer:
    """Of 200 labels, 100 of people, 10 verified before, and the others by a language model."""
    labeller = Labeller(
        connection_id=1,
        name="small",
        prices=(),
        accuracy=LabelAccuracy(num_classes=2, mean=0.8, num_audited=30, order=order or LabelOrder()),
        is_labelling=False,
        num_auditable=60,
        num_awaited=0,
    )
    cell = Cell(200, by_model=90 - num_to_verify, verified=10 + num_to_verify)
    return replace(
        offer(200, num_new=num_new),
        cell=cell,
        labeller=labeller,
        num_to_verify=num_to_verify,
        for_verifying=Decimal("0.10") * num_to_verify,
    )


@pytest.mark.parametrize(
    ("offered", "name", "arm"),
    [
        (
            by_model(num_to_verify=20),
            "people verifying the 20 labels that small is least sure of and a student of 200 labels, 70 of them by a "
            "language model and 30 that people verified",
            "Labels by a language model, some verified, annotate",
        ),
        (
            by_model(num_new=50, num_to_verify=20),
            "50 more labels by small, the 20 least sure of all verified by people, and a student of 200 labels, 70 of "
            "them by a language model and 30 that people verified",
            "Further labels by a language model, some verified, annotate",
        ),
        (
            by_model(num_new=50),
            "50 more labels by small and a student of 200 labels, 90 of them by a language model and 10 that people "
            "verified",
            "Further labels by a language model, annotate",
        ),
    ],
)
def test_verified_labels_are_named_and_kept(offered: Offer, name: str, arm: str) -> None:
    kept = record_of(offered, None)
    assert (kept.name, kept.arm) == (name, arm) and not kept.is_startable
    assert offer_from_json(json.loads(json.dumps(kept.as_json))) == kept


def test_what_people_find_is_said_with_its_ground() -> None:
    before = by_model().labeller
    after = by_model(order=LabelOrder.of(wrong=[0.2] * 5, right=[0.1, 0.6, 0.9] * 8)).labeller
    assert before is not None and after is not None
    assert name_order(before) == (
        "People who verify the 20 % of labels by small that it is least sure of are taken to find 38 % of its errors "
        "(80 %: 26 % to 56 %), as is published; in random order they would find 20 %."
    )
    assert "by 5 errors of an audit" in name_order(after)
