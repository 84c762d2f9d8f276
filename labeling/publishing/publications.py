"""Offering examples in Label Studio: the money is held first, then they are sent, once."""

import uuid
from collections.abc import Callable
from dataclasses import dataclass, replace
from decimal import Decimal

from accounts.models import User
from accounts.permissions import Action, require
from budgets.ledger import BudgetStopped
from budgets.models import Budget
from budgets.money import ZERO
from config.refusals import Refusal
from labeling.annotations import forget_if_gone
from labeling.label_studio import LabelStudioClient, LabelStudioRefused, LabelStudioUnreachable, connect, ensure_project
from labeling.models import Batch, LabelingProject, Publication
from labeling.publishing.batches import Held, NoneFits, Wanted, hold_batch, offerable
from labeling.publishing.sending import resume_batches, send
from studies.models import Split, Study

__all__ = ["PublishResult", "offer", "offerable", "publish"]


@dataclass(frozen=True, kw_only=True)
class PublishResult:
    """What a publishing did. `num_already` were published before; `num_short` exceed the budget.

    `missing` is the money that these would need on top of what is there.
    """

    batches: tuple[Batch, ...]
    num_offered: int
    num_already: int
    num_short: int
    missing: Decimal = ZERO


def publish(
    *,
    actor: User,
    study: Study,
    num_examples: int | None = None,
    split: str = Split.POOL,
    request_key: str = "",
) -> PublishResult:
    """Offer more of a study's examples for labelling, in rank order, as many as the budget takes.

    Each requested annotation gets a hold at the highest current rate before anything is sent. Safe to repeat: what is
    published is not published again, and a batch that a crash left half-sent is completed.

    Parameters: `num_examples` how many more, >= 1, or None for all; `request_key` names the request, so that the same
    form sent twice offers once.
    Returns: what was offered, and how many the budget could not take.
    Raises: Forbidden; ValueError (number, split); BudgetStopped; BudgetExceeded (not one fits; nothing is held);
    PriceMissing; LabelStudioRefused; LabelStudioUnreachable (before anything was held, or later: then what is held is
    sent when it answers again).
    """
    require(actor=actor, action=Action.PUBLISH_EXAMPLES)
    if num_examples is not None and num_examples < 1:
        raise Refusal(f"{num_examples} must be 1 or more.", field="examples")
    if split not in Split.values:
        raise Refusal(f"{split!r} is not one of {', '.join(Split.values)}.", field="split")
    budget = Budget.objects.get(pk=study.budget_id)
    if budget.is_stopped:
        raise BudgetStopped(budget)
    client = connect()
    project = _prepare(study, client)
    resume_batches(project=project, client=client)
    on_offer = Publication.objects.filter(batch__project=project, example__split=split, withdrawn_at__isnull=True)
    num_already = on_offer.count()
    examples = offerable(study=study, split=split)
    num_wanted = min(num_examples or examples.count(), examples.count())

    def want(place: int, left: int) -> Wanted:
        uid = uuid.uuid5(project.uid, f"{request_key}:{place}") if request_key else uuid.uuid4()
        return Wanted(by=actor, study=study, examples=examples, num_examples=left, uid=uid, split=split)

    offered = offer(want, num_wanted, client)
    return PublishResult(
        batches=tuple(held.batch for held in offered),
        num_offered=sum(held.num_examples for held in offered),
        num_already=num_already,
        num_short=sum(held.num_short for held in offered),
        missing=sum((held.missing for held in offered), ZERO),
    )


def _prepare(study: Study, client: LabelStudioClient) -> LabelingProject:
    """Find or make the project; one that was deleted in Label Studio is made anew, and gives back what it held."""
    try:
        return ensure_project(study=study, client=client)
    except LabelStudioRefused:
        project = LabelingProject.objects.get(study=study)
        if not forget_if_gone(project=project, client=client, is_new_wanted=True):
            raise
    return ensure_project(study=study, client=client)


def offer(want: Callable[[int, int], Wanted], num_examples: int, client: LabelStudioClient) -> list[Held]:
    """Hold and send examples, a batch at a time, as many as the budget takes.

    Parameters: `want` makes what the batch at a place asks for, given how many examples are left.
    Raises: NoneFits (of the first batch); BudgetStopped; PriceMissing; LabelStudioUnreachable; LabelStudioRefused.
    """
    offered: list[Held] = []
    left = num_examples
    while left > 0:
        held = _hold_next(want(len(offered), left), offered)
        if held is None:
            break
        offered.append(held)
        _send(held.batch, offered, client)
        left = 0 if held.num_short else left - held.num_examples
    return offered


def _hold_next(wanted: Wanted, offered: list[Held]) -> Held | None:
    """Hold the next batch. Where nothing of it fits, the one before is the one that the budget ended."""
    try:
        return hold_batch(wanted)
    except NoneFits as refusal:
        if not offered:
            raise
        offered[-1] = replace(offered[-1], num_short=wanted.num_examples, missing=refusal.missing_for_all)
        return None


def _send(batch: Batch, offered: list[Held], client: LabelStudioClient) -> None:
    try:
        send(batch, client)
    except LabelStudioUnreachable as error:
        num_held = sum(one.num_examples for one in offered)
        raise LabelStudioUnreachable(
            f"{error} {num_held:,} examples have their money held; those not there yet are sent when it answers."
        ) from error
