"""Publishing examples in Label Studio: the money is held first, then they are sent, once."""

import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from itertools import count

from django.db.models import QuerySet

from accounts.models import User
from accounts.permissions import Action, require
from budgets.ledger import BudgetStopped
from budgets.models import Budget
from budgets.money import ZERO
from config.refusals import Refusal
from labeling.annotations import forget_if_gone
from labeling.label_studio import LabelStudioClient, LabelStudioRefused, LabelStudioUnreachable, connect, ensure_project
from labeling.models import Batch, LabelingProject, Publication
from labeling.publishing.batches import (
    ChosenExamples,
    HeldBatch,
    NoneFits,
    PublishRequest,
    audited,
    hold_batch,
    publishable,
)
from labeling.publishing.sending import resume_batches, send
from studies.models import Example, Split, Study


@dataclass(frozen=True, kw_only=True)
class PublishResult:
    """What a publishing did; `num_short` more exceed the budget, which lacks the money `missing` for them.

    `num_before`: where it did nothing, because this request was carried out before, what that published.
    """

    num_published: int
    num_already: int
    num_short: int
    missing: Decimal
    num_before: int = 0


@dataclass(frozen=True, kw_only=True)
class ModelLabelled:
    """Examples that people are to label though a language model did; with `is_shown`, they see what it said.

    With `is_least_sure_first` they are in that order, and marked so; else they are published by rank.
    """

    example_ids: Sequence[int]
    is_shown: bool = False
    is_least_sure_first: bool = False


@dataclass(frozen=True, kw_only=True)
class _Source:
    """The examples that may be published: in rank order, or those that a model chose, in its order."""

    ordered: QuerySet[Example]
    num_left: int
    chosen: ChosenExamples | None = None
    with_prelabels: bool = False
    is_verification: bool = False

    def examples(self, *, study: Study, left: int) -> QuerySet[Example]:
        """Those that come next where so many are left."""
        if self.chosen is None:
            return self.ordered
        return self.chosen.examples(study=study, start=self.num_left - left)


def _source(
    *, study: Study, split: str, num_examples: int | None, which: ChosenExamples | ModelLabelled | None
) -> _Source:
    if isinstance(which, ModelLabelled):
        is_ordered = which.is_least_sure_first
        ordered = audited(study=study, example_ids=which.example_ids, in_this_order=is_ordered)
        return _Source(
            ordered=ordered, num_left=ordered.count(), with_prelabels=which.is_shown, is_verification=is_ordered
        )
    ordered = publishable(study=study, split=split)
    num_left = ordered.count()
    if which is None:
        return _Source(ordered=ordered, num_left=num_left)
    chosen = which.next_of(study=study, num_examples=num_examples or num_left)
    return _Source(ordered=ordered, num_left=len(chosen.ids), chosen=chosen)


def publish(
    *,
    actor: User,
    study: Study,
    num_examples: int | None = None,
    split: str = Split.POOL,
    request_key: str = "",
    which: ChosenExamples | ModelLabelled | None = None,
) -> PublishResult:
    """Publish more of a study's examples for labelling, in rank order or as chosen, as many as the budget takes.

    Each requested annotation gets a hold at the highest current rate before anything is sent. Safe to repeat: what is
    published is not published again, and a batch that a crash left half-sent is completed.

    Parameters: `num_examples` how many more, >= 1, or None for all; `request_key` names the request, so that the same
    form sent twice publishes once; `which` are published instead of the next that have no label: those that a model was
    least sure of, in their order and marked so, or those that a language model labelled.
    Raises: Forbidden; Refusal (number, split); BudgetStopped; NoneFits (nothing is held); PriceMissing;
    LabelStudioRefused; LabelStudioUnreachable (before anything was held, or later: then what is held is sent when it
    answers again).
    """
    require(actor=actor, action=Action.PUBLISH_EXAMPLES)
    _check_request(num_examples, split, which)
    budget = Budget.objects.get(pk=study.budget_id)
    if budget.is_stopped:
        raise BudgetStopped(budget)
    client = connect()
    project = open_project(study=study, client=client)
    earlier = Publication.objects.filter(batch__project=project, example__split=split, withdrawn_at__isnull=True)
    num_already = earlier.count()
    source = _source(study=study, split=split, num_examples=num_examples, which=which)

    def want(place: int, left: int) -> PublishRequest:
        uid = _uid(project, request_key, place) if request_key else uuid.uuid4()
        return PublishRequest(
            by=actor,
            study=study,
            examples=source.examples(study=study, left=left),
            num_examples=left,
            uid=uid,
            split=split,
            chosen=source.chosen,
            with_prelabels=source.with_prelabels,
            is_verification=source.is_verification,
        )

    done = _hold_and_send(want, min(num_examples or source.num_left, source.num_left), client)
    return PublishResult(
        num_published=sum(held.num_examples for held in done),
        num_already=num_already,
        num_short=sum(held.num_short for held in done),
        missing=sum((held.missing for held in done), ZERO),
        num_before=0 if done or not request_key else _num_before(project, request_key),
    )


def _uid(project: LabelingProject, request_key: str, place: int) -> uuid.UUID:
    """Of the batch at this place of a request."""
    return uuid.uuid5(project.uid, f"{request_key}:{place}")


def _num_before(project: LabelingProject, request_key: str) -> int:
    """How many examples a request published that was carried out before."""
    num_before = 0
    for place in count():
        batch = project.batches.filter(uid=_uid(project, request_key, place)).first()
        if batch is None:
            break
        num_before += batch.publications.count()
    return num_before


def _check_request(num_examples: int | None, split: str, which: ChosenExamples | ModelLabelled | None) -> None:
    if num_examples is not None and num_examples < 1:
        raise Refusal(f"{num_examples} must be 1 or more.", field="examples")
    if split not in Split.values:
        raise Refusal(f"{split!r} is not one of {', '.join(Split.values)}.", field="split")
    if isinstance(which, ChosenExamples) and split != Split.POOL:
        raise Refusal("only examples of the pool are chosen: dev and test stay random samples.", field="split")


def open_project(*, study: Study, client: LabelStudioClient) -> LabelingProject:
    """Find or make a study's project, and complete what a crash left half-sent: what publishing begins with.

    Raises: LabelStudioRefused; LabelStudioUnreachable.
    """
    project = _prepare(study, client)
    resume_batches(project=project, client=client)
    return project


def _prepare(study: Study, client: LabelStudioClient) -> LabelingProject:
    """Find or make the project; one that was deleted in Label Studio is made again, and gives back what it held."""
    try:
        return ensure_project(study=study, client=client)
    except LabelStudioRefused:
        project = LabelingProject.objects.get(study=study)
        if not forget_if_gone(project=project, client=client, is_new_wanted=True):
            raise
    return ensure_project(study=study, client=client)


def _hold_and_send(
    want: Callable[[int, int], PublishRequest], num_examples: int, client: LabelStudioClient
) -> list[HeldBatch]:
    """Hold and send examples, a batch at a time, as many as the budget takes.

    Parameters: `want` makes what the batch at a place asks for, given how many examples are left.
    """
    done: list[HeldBatch] = []
    left = num_examples
    while left > 0:
        try:
            held = hold_batch(want(len(done), left))
        except NoneFits as refusal:
            if not done:
                raise
            done[-1] = replace(done[-1], num_short=left, missing=refusal.missing_for_all)
            break
        if held is None:
            break
        done.append(held)
        _send(held.batch, done, client)
        left = 0 if held.num_short else left - held.num_examples
    return done


def _send(batch: Batch, done: list[HeldBatch], client: LabelStudioClient) -> None:
    try:
        send(batch, client)
    except LabelStudioUnreachable as error:
        num_held = sum(one.num_examples for one in done)
        raise LabelStudioUnreachable(
            f"{error} {num_held:,} examples have their money held; those not there yet are sent when it answers."
        ) from error
