"""The planner's question, from what a study has and what is on offer."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

import numpy as np

from budgets.ledger import CapLeft
from budgets.models import Path
from budgets.money import ZERO
from planning.policy import Question, Wording
from planning.posterior import LabelAccuracy, prior_from
from planning.surfaces import SDS_IN_INTERVAL, Cap, Cell, Cells, NewLabels, Point, PriceList
from reports.advice.offers import Offer
from reports.advice.situation import Money, Situation
from reports.advice.words import name_purchase
from reports.formatting import money
from reports.selection import LEAST_RATIO, choice_factor
from reports.surfaces import known_surfaces


@dataclass(frozen=True, kw_only=True)
class Measured:
    """Points by what the planner makes of them: `curve` it is fitted to, `apart` counts as it is."""

    curve: tuple[Point, ...] = ()
    apart: tuple[Point, ...] = ()


def measured_points(situation: Situation) -> Measured:
    """Students and teachers as the planner sees them: scores in percent, errors from their 95 % intervals.

    One that a language model taught is apart: that model knows what no label of the study told it. One of labels that a
    language model gave is on a curve of these.
    """
    curve: list[Point] = []
    apart: list[Point] = []
    for one in situation.points:
        cell = situation.cell_of(one)
        point = _point(cell, (one.utility, one.low, one.high), float(one.dollars))
        (apart if one.is_from_language_model else curve).append(point)
    for teacher in situation.teachers:
        cell = situation.cell_of_teacher(teacher)
        curve.append(_point(cell, (teacher.utility, teacher.low, teacher.high), 0.0))
    return Measured(curve=tuple(curve), apart=tuple(apart))


def _point(cell: Cell, score: tuple[float, float, float], dollars: float) -> Point:
    utility, low, high = score
    return Point(cell=cell, dollars=dollars, score=100 * utility, sd=100 * (high - low) / SDS_IN_INTERVAL or None)


def question_of(*, situation: Situation, offers: Sequence[Offer]) -> Question:
    """Ask what to buy next. Labels and teachers that are there cost nothing further."""
    measured, currency = measured_points(situation), situation.study.budget.currency
    by_cell = {offer.cell: offer for offer in offers}
    prior = prior_from(known_surfaces(exclude_study=situation.study))
    return Question(
        points=measured.curve,
        apart=measured.apart,
        offers=_price_list(situation, offers),
        money=float(situation.money.available),
        prior=prior,
        factor=choice_factor(prior=prior, exclude_study=situation.study),
        errors=situation.opinions.errors,
        accuracy=_accuracy(situation),
        dollars_per_point=float(situation.study.worth_per_point or 0),
        wording=Wording(
            money=lambda amount: money(Decimal(f"{amount:.6f}"), currency=currency),
            purchase=lambda cell: name_purchase(by_cell[cell]),
        ),
    )


def _accuracy(situation: Situation) -> LabelAccuracy | None:
    """Of labels of the language model that can be asked; where none can, as of any; None where it can label nothing."""
    if situation.labeller is not None:
        return situation.labeller.accuracy
    num_classes = len(situation.study.labels)
    return LabelAccuracy(num_classes=num_classes) if num_classes > 1 else None


def _price_list(situation: Situation, offers: Sequence[Offer]) -> PriceList:
    return PriceList(
        cells=Cells.of([offer.cell for offer in offers]),
        label_dollars=np.array([float(offer.labels) if offer.is_of_random_labels else 0.0 for offer in offers]),
        chosen_dollars=np.array(
            [float(offer.labels + offer.selection.expected) if offer.selection else 0.0 for offer in offers]
        ),
        opinion_dollars=np.array([float(offer.labels) if offer.num_asked else 0.0 for offer in offers]),
        model_dollars=np.array(
            [float(offer.labels - offer.for_verifying) if offer.cell.by_model else 0.0 for offer in offers]
        ),
        verified_dollars=np.array([float(offer.for_verifying) for offer in offers]),
        compute_dollars=np.array([float(offer.compute.expected) for offer in offers]),
        teacher_dollars=np.array([float(offer.compute.teacher) for offer in offers]),
        caps=tuple(_cap(situation.money, cap) for cap in situation.money.room.caps),
        new_labels=_new_labels(situation, offers),
    )


def _cap(money: Money, cap: CapLeft) -> Cap:
    return Cap(
        left=float(cap.left),
        people=cap.covers(money.of_people(ZERO)),
        tokens=cap.covers(money.of_tokens(ZERO)),
        annotate=cap.covers(money.of_runs(ZERO, Path.ANNOTATE)),
        distil=cap.covers(money.of_runs(ZERO, Path.DISTIL)),
    )


def _new_labels(situation: Situation, offers: Sequence[Offer]) -> NewLabels:
    return NewLabels(
        num_left=situation.pool.num_new,
        counts=np.array([float(offer.num_new) for offer in offers]),
        kinds=np.array([2.0 if offer.labeller else float(offer.selection is not None) for offer in offers]),
        times=np.array([float(LEAST_RATIO) if offer.selection else 1.0 for offer in offers]),
    )
