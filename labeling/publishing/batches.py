"""Holding the money of examples that are about to be published, a batch at a time, under one lock."""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass, field
from decimal import Decimal

from django.contrib.postgres.fields import ArrayField
from django.db import transaction
from django.db.models import BigIntegerField, Count, Exists, F, Func, OuterRef, Q, QuerySet, Subquery, Value
from django.utils import timezone

from accounts.models import User
from budgets.ledger import BudgetExceeded, BudgetStopped, headroom, place_holds
from budgets.models import Budget, Path
from budgets.money import ZERO, amount_text
from labeling.models import Assignment, Batch, LabelingProject, Publication
from labeling.payment import Terms, terms_of
from labeling.records import PUBLISHED, record_labelling
from studies.labels import lock_examples
from studies.models import ChosenBy, Example, Label, Split, Study

EXAMPLES_PER_BATCH = 1000


class NoneFits(BudgetExceeded):
    """The budget cannot pay for even one example; nothing is held."""

    def __init__(self, *, budget: Budget, num_examples: int, first: Decimal, total: Decimal, left: Decimal) -> None:
        super().__init__(budget=budget, wanted=first, left=left)
        self.missing_for_all = total - left
        self.args = (
            f"{self.args[0]} 0 of {num_examples:,} examples fit; all of them need "
            f"{amount_text(total)} {budget.currency}.",
        )


@dataclass(frozen=True, kw_only=True)
class HeldBatch:
    """A batch whose money is held; `num_short` more were wanted, for which the budget is `missing` money."""

    batch: Batch
    num_examples: int
    num_short: int
    missing: Decimal


@dataclass(frozen=True, kw_only=True)
class PublishRequest:
    """Which examples are to be published, and the maximum number; a repeated `uid` publishes nothing more.

    `agent` names what acts for the person, if anything does; `chosen` what the examples were chosen by, if they were.
    With `with_prelabels`, people are shown what a language model said of an example, as a first answer; with
    `is_verification`, the examples are marked as those that it was least sure of.
    """

    by: User
    study: Study
    examples: QuerySet[Example]
    num_examples: int
    uid: uuid.UUID = field(default_factory=uuid.uuid4)
    action: str = PUBLISHED
    split: str = ""
    agent: str = ""
    chosen: "ChosenExamples | None" = None
    with_prelabels: bool = False
    is_verification: bool = False


@dataclass(frozen=True, kw_only=True)
class ChosenExamples:
    """Examples of the pool in the order in which to publish them, the least sure first, and who scored: a run's key."""

    ids: Sequence[int]
    scores_key: str

    def next_of(self, *, study: Study, num_examples: int) -> "ChosenExamples":
        """The first of them that are neither published nor labelled."""
        is_new = set(never_published(study=study).values_list("pk", flat=True))
        return ChosenExamples(ids=[pk for pk in self.ids if pk in is_new][:num_examples], scores_key=self.scores_key)

    def examples(self, *, study: Study, start: int) -> QuerySet[Example]:
        """A batch of those that can be published, from this place of the order on."""
        ids = list(self.ids[start : start + EXAMPLES_PER_BATCH])
        return never_published(study=study).filter(pk__in=ids).order_by(_place_in(ids))


def _place_in(ids: list[int]) -> Func:
    return Func(Value(ids, output_field=ArrayField(BigIntegerField())), F("pk"), function="array_position")


def never_published(*, study: Study) -> QuerySet[Example]:
    """Examples of the pool that are neither published nor labelled, and never were, nor kept for a labelling job."""
    return study.examples.filter(split=Split.POOL, publication__isnull=True, label__isnull=True, labeling_job="")


def publishable(*, study: Study, split: str) -> QuerySet[Example]:
    """List, in rank order, the examples of a split that are neither published nor labelled, withdrawn ones included.

    Without those that a language model is about to label: the answers of both would be paid.
    """
    asks = Exists(Assignment.objects.given_back().filter(publication=OuterRef("publication")))
    is_new = Q(publication__isnull=True, label__isnull=True, labeling_job="")
    is_withdrawn = Q(asks, publication__withdrawn_at__isnull=False) & ~Q(label__source=Label.Source.IMPORT)
    return study.examples.filter(is_new | is_withdrawn, split=split).order_by("rank")


def audited(*, study: Study, example_ids: Sequence[int], in_this_order: bool = False) -> QuerySet[Example]:
    """List which of these examples are still to be published though a language model labelled them: in rank order."""
    examples = study.examples.filter(pk__in=example_ids, publication__isnull=True)
    order = _place_in(list(example_ids)) if in_this_order else "rank"
    return examples.filter(label__source=Label.Source.LANGUAGE_MODEL).select_related("label").order_by(order)


@transaction.atomic
def hold_batch(wanted: PublishRequest) -> HeldBatch | None:
    """Choose the next examples and hold their worst case, under the project's lock: no two callers choose the same.

    Returns: None when nothing is left to publish, or this request was carried out before.
    Raises: NoneFits; BudgetStopped; PriceMissing.
    """
    project = LabelingProject.objects.select_for_update().get(study=wanted.study)
    examples = _lock_next(wanted)
    if not examples or Batch.objects.filter(uid=wanted.uid).exists():
        return None
    withdrawn = _lock_withdrawn(examples)
    # The money is counted and held under one lock, so that what was counted is what is held.
    budget = Budget.objects.select_for_update(no_key=True).get(pk=wanted.study.budget_id)
    if budget.is_stopped:
        raise BudgetStopped(budget)
    terms = terms_of(study=wanted.study, at=timezone.now())
    left = headroom(budget=budget, path=Path.ANNOTATE, kind=terms.price.kind)
    asked = _num_annotations(wanted, examples, withdrawn)
    num_fitting = count_fitting(asked[: len(examples)], each=terms.total, left=left)
    first, total = terms.total * asked[0], terms.total * sum(asked)
    if not num_fitting:
        raise NoneFits(budget=budget, num_examples=wanted.num_examples, first=first, total=total, left=left)
    batch = Batch.objects.create(project=project, uid=wanted.uid, created_by=wanted.by)
    _hold(batch, examples[:num_fitting], withdrawn, terms, with_prelabels=wanted.with_prelabels)
    after = {"batch": str(batch.uid), "split": wanted.split, "examples": num_fitting}
    if wanted.agent:
        after["by"] = wanted.agent
    if wanted.chosen:
        _mark_chosen(examples[:num_fitting], ChosenBy.UNCERTAINTY, scores_key=wanted.chosen.scores_key)
        after |= {"chosen_by": ChosenBy.UNCERTAINTY, "scores": wanted.chosen.scores_key}
    if wanted.is_verification:
        _mark_chosen(examples[:num_fitting], ChosenBy.VERIFICATION)
        after |= {"chosen_by": ChosenBy.VERIFICATION}
    record_labelling(
        project=project,
        actor=wanted.by if wanted.action == PUBLISHED else None,
        action=wanted.action,
        after={**after, "annotations_per_example": wanted.study.annotations_per_example},
    )
    is_short = num_fitting < len(examples)
    return HeldBatch(
        batch=batch,
        num_examples=num_fitting,
        num_short=wanted.num_examples - num_fitting if is_short else 0,
        missing=total - left if is_short else ZERO,
    )


def _lock_next(wanted: PublishRequest) -> list[Example]:
    """The next examples, locked; where a labelling job took some before they were, those after them."""
    while True:
        next_ids = list(wanted.examples.values_list("pk", flat=True)[: min(wanted.num_examples, EXAMPLES_PER_BATCH)])
        lock_examples(next_ids)
        found = list(wanted.examples.filter(pk__in=next_ids))
        if len(found) == len(next_ids):
            return found


def _mark_chosen(examples: Sequence[Example], chosen_by: ChosenBy, *, scores_key: str = "") -> None:
    """Note that they are no random sample, for as long as they are there, and what they were chosen by."""
    chosen = Example.objects.filter(pk__in=[one.pk for one in examples])
    chosen.update(chosen_by=chosen_by, scores_key=scores_key)


def _num_annotations(
    wanted: PublishRequest, examples: Sequence[Example], withdrawn: dict[int, list[Assignment]]
) -> list[int]:
    """Count the annotations that each wanted example asks for; those beyond this batch are taken for new ones."""
    each = wanted.study.annotations_per_example
    asked = [len(withdrawn[one.pk]) if one.pk in withdrawn else each for one in examples]
    num_beyond = wanted.num_examples - len(examples) if len(examples) == EXAMPLES_PER_BATCH else 0
    return [*asked, *([each] * num_beyond)]


def _lock_withdrawn(examples: Sequence[Example]) -> dict[int, list[Assignment]]:
    """Map examples to the assignments that a withdrawal left unfilled; their publications' rows are locked."""
    locked = Publication.objects.select_for_update(of=("self",)).filter(example__in=examples).order_by("pk")
    by_publication = {one.pk: one.example_id for one in locked}
    found: dict[int, list[Assignment]] = {pk: [] for pk in by_publication.values()}
    given_back = Assignment.objects.given_back().filter(publication__in=by_publication)
    for assignment in given_back.order_by("publication", "number"):
        found[by_publication[assignment.publication_id]].append(assignment)
    return found


def num_asked(*, study: Study, split: str, num_examples: int) -> list[int]:
    """Count the annotations that each of the next examples of a split would ask for; withdrawn ones ask for some."""
    given_back = Assignment.objects.given_back().filter(publication=OuterRef("publication")).order_by()
    examples = publishable(study=study, split=split).annotate(
        num_unfilled=Subquery(given_back.values("publication").annotate(num=Count("pk")).values("num"))
    )
    counts = examples.values_list("num_unfilled", flat=True)[:num_examples]
    return [count or study.annotations_per_example for count in counts]


def count_fitting(asked: Sequence[int], *, each: Decimal, left: Decimal) -> int:
    """Count the examples, from the first on, whose annotations can all be held for."""
    for place, num_annotations in enumerate(asked):
        left -= num_annotations * each
        if left < 0:
            return place
    return len(asked)


def _hold(
    batch: Batch,
    examples: Sequence[Example],
    withdrawn: dict[int, list[Assignment]],
    terms: Terms,
    *,
    with_prelabels: bool,
) -> None:
    again = [one for one in examples if one.pk in withdrawn]
    new = [one for one in examples if one.pk not in withdrawn]
    at = batch.created_at
    publications = _republish(batch, again) + Publication.objects.bulk_create(
        Publication(batch=batch, example=one, offered_at=at, prelabel=one.label.value if with_prelabels else "")
        for one in new
    )
    assignments = [one for example in again for one in withdrawn[example.pk]] + [
        Assignment(publication=publication, number=number)
        for publication in publications[len(again) :]
        for number in range(1, batch.project.study.annotations_per_example + 1)
    ]
    by_pk = {one.pk: one for one in publications}
    keys = [assignment_key(by_pk[one.publication_id], one.number) for one in assignments]
    holds = place_holds(budget=batch.project.study.budget, requests=[terms.hold_request(key) for key in keys])
    for assignment, hold in zip(assignments, holds, strict=True):
        assignment.hold, assignment.kept_for = hold, None
    Assignment.objects.bulk_create([one for one in assignments if one.pk is None])
    Assignment.objects.bulk_update([one for one in assignments if one.pk is not None], ["hold", "kept_for"])


def _republish(batch: Batch, examples: Sequence[Example]) -> list[Publication]:
    found = {one.example_id: one for one in Publication.objects.filter(example__in=examples).select_related("example")}
    publications = [found[one.pk] for one in examples]
    for one in publications:
        one.batch, one.round = batch, one.round + 1
        one.withdrawn_at, one.withdrawn_because = None, ""
    Publication.objects.bulk_update(publications, ["batch", "round", "withdrawn_at", "withdrawn_because"])
    return publications


def assignment_key(publication: Publication, number: int) -> str:
    """The source key of the hold of an assignment."""
    key = f"assignment:{publication.example.uid}:{number}"
    return key if publication.round == 1 else f"{key}:{publication.round}"
