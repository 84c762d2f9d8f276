"""Buying for an autopilot: through the functions of the buttons, its row written in the transaction of the holds."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any
from uuid import UUID, uuid5

from django.db.models import QuerySet

from accounts.audit import record
from accounts.permissions import require
from budgets.models import Budget, Hold
from budgets.money import ZERO
from config.refusals import Refusal
from labeling.models import LabelingProject
from labeling.publishing import (
    ChosenExamples,
    OpinionRequest,
    PublishRequest,
    audited,
    hold_batch,
    hold_opinions,
    publishable,
)
from reports.autopilot.deciding import BUYS, LABELS, PeopleWork, Purchase, View
from reports.autopilot.spending import spending_of
from reports.model_labels import ReviewOrder, reviewable
from reports.models import AutopilotStep
from reports.selection import select_examples
from runs.control import start_all
from runs.models import LabelingJob, Run
from runs.prompting import start_labeling_job
from studies.models import Example, Split

AGENT = "autopilot"
CHANGED = "Points, prices, money or labels changed while it was about to buy; it bought nothing and looks again."


class NotBought(Refusal):
    """A purchase is undone as a whole: between its quote and its holds something changed, or a cap would be passed."""


@dataclass(frozen=True, kw_only=True)
class Bought:
    """What a purchase got, and what is held for it."""

    holds: Sequence[Hold]
    runs: Sequence[Run] = ()
    examples: Sequence[Example] = ()
    jobs: Sequence[LabelingJob] = ()

    @property
    def held(self) -> Decimal:
        return sum((hold.amount for hold in self.holds), ZERO)


def buy(view: View, purchase: Purchase, *, project: LabelingProject | None) -> AutopilotStep:
    """Hold the money of a purchase and write its step, in the caller's transaction with the autopilot's row locked.

    The holds take the budget's lock, which is kept until the transaction ends: what is compared after them stays so.
    Parameters: `project` the open one of Label Studio; what people are to do is bought with it only.
    Raises: NotBought; Forbidden; as `hold_batch`, `hold_opinions` and `start_all`.
    """
    for action in BUYS:
        require(actor=view.autopilot.acts_for, action=action)
    bought = _bought(view, purchase, project)
    _check_unchanged(view, bought)
    step = AutopilotStep.objects.create(
        autopilot=view.autopilot,
        recommendation=purchase.recommendation,
        acted_for=view.autopilot.acts_for,
        purchase=purchase.name,
        figures=_figures(view, purchase, bought),
    )
    step.runs.set(bought.runs)
    step.examples.set(bought.examples)
    step.jobs.set(bought.jobs)
    _check_caps(view)
    record(
        actor=view.autopilot.acts_for,
        action="autopilot.buy",
        subject=f"{view.autopilot}: {purchase.name}",
        subject_id=view.autopilot.pk,
        budget_id=view.study.budget_id,
        before={},
        after={**step.figures, "by": AGENT},
    )
    return step


def _bought(view: View, purchase: Purchase, project: LabelingProject | None) -> Bought:
    if purchase.job is not None:
        # Its money is held batch by batch, when a worker asks.
        job = start_labeling_job(actor=view.autopilot.acts_for, request=purchase.job, purpose=LABELS)
        return Bought(holds=[], jobs=[job])
    return _of_people(view, purchase, project) if purchase.work else _start(view, purchase)


def _of_people(view: View, purchase: Purchase, project: LabelingProject | None) -> Bought:
    """Hold examples or second opinions; the uid names the recommendation, so that none is ever bought twice."""
    if project is None:
        raise NotBought(CHANGED)
    uid = uuid5(project.uid, f"{AGENT}:{purchase.recommendation.pk}")
    if purchase.work == PeopleWork.OPINIONS:
        return _ask(view, purchase, uid)
    is_verifying = purchase.work == PeopleWork.VERIFYING
    return _publish(_verification(view, purchase, uid) if is_verifying else _further(view, purchase, uid))


def _ask(view: View, purchase: Purchase, uid: UUID) -> Bought:
    held = hold_opinions(
        OpinionRequest(
            by=view.autopilot.acts_for, study=view.study, num_examples=purchase.num_examples, uid=uid, agent=AGENT
        )
    )
    if held is None or held.num_examples != purchase.num_examples:
        raise NotBought(CHANGED)
    return Bought(
        holds=list(Hold.objects.filter(assignment__opinion_purchase=held.purchase)),
        examples=list(Example.objects.filter(publication__in=held.publications)),
    )


def _further(view: View, purchase: Purchase, uid: UUID) -> PublishRequest:
    chosen = select_examples(view.study) if purchase.offer.is_chosen else None
    if chosen:
        chosen = chosen.next_of(study=view.study, num_examples=purchase.num_examples)
    return PublishRequest(
        by=view.autopilot.acts_for,
        study=view.study,
        examples=_examples(view, chosen),
        num_examples=purchase.num_examples,
        chosen=chosen,
        uid=uid,
        split=Split.POOL,
        agent=AGENT,
    )


def _verification(view: View, purchase: Purchase, uid: UUID) -> PublishRequest:
    found = reviewable(view.study, order=ReviewOrder.LEAST_SURE)
    if not found.is_by_confidence:
        raise NotBought(CHANGED)
    ids = found.ids[: purchase.num_examples]
    return PublishRequest(
        by=view.autopilot.acts_for,
        study=view.study,
        examples=audited(study=view.study, example_ids=ids, in_this_order=True),
        num_examples=purchase.num_examples,
        uid=uid,
        split=Split.POOL,
        agent=AGENT,
        with_prelabels=True,
        is_verification=True,
    )


def _publish(wanted: PublishRequest) -> Bought:
    held = hold_batch(wanted)
    if held is None or held.num_examples != wanted.num_examples:
        raise NotBought(CHANGED)
    return Bought(
        holds=list(Hold.objects.filter(assignment__publication__batch=held.batch)),
        examples=list(Example.objects.filter(publication__batch=held.batch)),
    )


def _examples(view: View, chosen: ChosenExamples | None) -> QuerySet[Example]:
    if chosen is None:
        return publishable(study=view.study, split=Split.POOL)
    return chosen.examples(study=view.study, start=0)


def _start(view: View, purchase: Purchase) -> Bought:
    """Start the runs; licences that nobody has confirmed are a person's to confirm."""
    started = start_all(actor=view.autopilot.acts_for, requests=purchase.requests, agent=AGENT)
    runs = [run for one in started for run in one.new]
    if not runs:
        raise NotBought("Equal runs are there already; it started none.")
    return Bought(runs=runs, holds=[run.hold for run in runs if run.hold])


def _check_unchanged(view: View, bought: Bought) -> None:
    """Refuse where prices are not those of the recommendation, or money has moved since it was read."""
    situation = view.situation
    quoted: set[tuple[int, int | None]] = set()
    if situation.device:
        quoted.add((situation.device.pk, None))
    if situation.terms:
        quoted.add((situation.terms.price.pk, situation.terms.fee.pk if situation.terms.fee else None))
    budget = Budget.objects.get(pk=view.study.budget_id)
    is_priced_alike = quoted.issuperset((hold.price_id, hold.fee_id) for hold in bought.holds)
    if not is_priced_alike or budget.available + bought.held != situation.money.available:
        raise NotBought(CHANGED)


def _check_caps(view: View) -> None:
    """Refuse where a cap is passed, the new step counted: a second look, under the budget's lock."""
    spending = spending_of(view.autopilot, today=view.today)
    if spending.left_today < 0 or spending.left_in_all < 0:
        raise NotBought("What it would hold is more than its caps leave; it bought nothing.")


def _figures(view: View, purchase: Purchase, bought: Bought) -> dict[str, Any]:
    """What it saw, amounts in the budget's currency and gains in percentage points."""
    offer, spending = purchase.offer, view.spending
    best = max((100 * point.utility for point in view.situation.points), default=None)
    band = [bound - best for bound in offer.band_90] if offer.band_90 and best is not None else None
    return {
        "recommendation": purchase.recommendation.pk,
        "price": purchase.price,
        "held": purchase.holds if purchase.job else bought.held,
        "gain": _rounded(offer.gain),
        "gain_of_it_alone": _rounded(offer.own_gain),
        "gain_90": [_rounded(bound) for bound in band] if band else None,
        "chance_of_being_best": _rounded(offer.chance_of_being_best),
        "money_left": view.situation.money.available,
        "spent_today": spending.today,
        "cap_a_day": spending.a_day,
        "spent_in_all": spending.in_all,
        "cap_in_all": spending.cap,
    }


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 3)
