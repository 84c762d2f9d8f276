"""Second opinions: a further annotation of examples that are labelled already, and a third where the two differ."""

import uuid
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal

from django.db import models, transaction
from django.db.models import Count, Exists, F, OuterRef, Q, QuerySet
from django.utils import timezone

from accounts.models import Role, User
from accounts.permissions import Action, require
from budgets.ledger import BudgetStopped, headroom, place_holds
from budgets.models import Budget, Path
from budgets.money import ZERO
from config.refusals import Refusal
from labeling.label_studio import LabelStudioClient, LabelStudioUnreachable, connect, set_overlap_of
from labeling.models import Annotation, Assignment, Batch, LabelingProject, OpinionPurchase, Publication
from labeling.payment import Terms, terms_of
from labeling.publishing.batches import NoneFits, assignment_key, count_fitting
from labeling.publishing.publish_examples import open_project
from labeling.records import SECOND_OPINIONS, record_labelling
from studies.models import Example, Label, Split, Study
from tables.table import counted

MOST_OPINIONS = 3
"""Of one example: two, and a third that decides where they differ."""
MOST_AT_ONCE = 1000


class OpinionOrdering(models.TextChoices):
    """Which labelled examples come first."""

    RANDOM = "random", "Random"
    DIFFERING = "differing", "Those first whose annotations differ"


class NoOpinionsPossible(Refusal):
    """No labelled example can get a second opinion; the message says why, and what to do."""


@dataclass(frozen=True, kw_only=True)
class OpinionRequest:
    """Second opinions on so many labelled examples of a split; a repeated `uid` buys nothing more.

    `agent` names what acts for the person, if anything does.
    """

    by: User
    study: Study
    num_examples: int
    split: str = Split.POOL
    ordering: str = OpinionOrdering.RANDOM
    uid: uuid.UUID = field(default_factory=uuid.uuid4)
    agent: str = ""


@dataclass(frozen=True, kw_only=True)
class HeldOpinions:
    """What was bought, its money held; for `num_short` examples more that were wanted the budget is `missing` money."""

    purchase: OpinionPurchase
    num_examples: int
    num_short: int
    missing: Decimal

    @property
    def publications(self) -> QuerySet[Publication]:
        return Publication.objects.filter(assignments__opinion_purchase=self.purchase).distinct()


def ask_second_opinions(
    *,
    actor: User,
    study: Study,
    num_examples: int,
    split: str = Split.POOL,
    ordering: str = OpinionOrdering.RANDOM,
    request_key: str = "",
) -> HeldOpinions:
    """Have labelled examples annotated once more by other people, and a third time where the two differ.

    The worst case is held before anybody is asked: two annotations an example, of which the second is released where
    the first agrees. Safe to repeat; where Label Studio does not answer, the next sync asks for what is held.

    Parameters: `num_examples` 1 to `MOST_AT_ONCE`; `request_key` names the request.
    Returns: none held where this request was carried out before.
    Raises: Forbidden; NoOpinionsPossible; Refusal (number, split, order); BudgetStopped; NoneFits (nothing is held);
    PriceMissing; LabelStudioRefused; LabelStudioUnreachable.
    """
    require(actor=actor, action=Action.PUBLISH_EXAMPLES)
    _check_request(num_examples, split, ordering)
    project = LabelingProject.objects.filter(study=study).first()
    uid = uuid.uuid5(project.uid, f"opinions:{request_key}") if project and request_key else uuid.uuid4()
    earlier = OpinionPurchase.objects.filter(uid=uid).first()
    if earlier is not None:
        return HeldOpinions(purchase=earlier, num_examples=0, num_short=0, missing=ZERO)
    check_possible(study=study, split=split)
    budget = Budget.objects.get(pk=study.budget_id)
    if budget.is_stopped:
        raise BudgetStopped(budget)
    client = connect()
    project = open_project(study=study, client=client)
    held = hold_opinions(
        OpinionRequest(by=actor, study=study, num_examples=num_examples, split=split, ordering=ordering, uid=uid)
    )
    if held is None:
        raise NoOpinionsPossible("Others asked for these second opinions at the same moment.")
    _ask(held, project, client)
    return held


def _check_request(num_examples: int, split: str, ordering: str) -> None:
    if not 1 <= num_examples <= MOST_AT_ONCE:
        raise Refusal(f"{num_examples:,} must be 1 to {MOST_AT_ONCE:,}.", field="num_examples")
    if split not in Split.values:
        raise Refusal(f"{split!r} is not one of {', '.join(Split.values)}.", field="split")
    if ordering not in OpinionOrdering.values:
        raise Refusal(f"{ordering!r} is not one of {', '.join(OpinionOrdering.values)}.", field="order")


def _ask(held: HeldOpinions, project: LabelingProject, client: LabelStudioClient) -> None:
    try:
        set_overlap_of(project=project, client=client, publications=held.publications)
    except LabelStudioUnreachable as error:
        raise LabelStudioUnreachable(
            f"{error} The money of {counted(held.num_examples, 'second opinion')} is held; people are asked when it "
            "answers."
        ) from error


def askable(*, study: Study, split: str = Split.POOL, ordering: str = OpinionOrdering.RANDOM) -> QuerySet[Example]:
    """List labelled examples of a split that other people can be asked about, in the order in which to ask.

    One annotation, or two that differ: a third cannot change what two agree on. Of each there are enough people who
    have not seen it. `num_there` counts its annotations.
    """
    people = annotators(study)
    accepted = Q(annotations__state=Annotation.State.ACCEPTED)
    waiting = Assignment.objects.waiting().filter(publication=OuterRef("publication"))
    labelled = study.examples.filter(
        ~Exists(waiting),
        split=split,
        label__source=Label.Source.ANNOTATION,
        publication__label_studio_id__isnull=False,
        publication__withdrawn_at__isnull=True,
        publication__batch__state=Batch.State.PUBLISHED,
    )
    found = labelled.annotate(
        num_there=Count("annotations", filter=accepted, distinct=True),
        num_answers=Count("annotations__value", filter=accepted, distinct=True),
        num_seen_by=Count("annotations__annotator", filter=Q(annotations__annotator__in=people), distinct=True),
    ).filter(
        num_there__lt=MOST_OPINIONS,
        num_answers=F("num_there"),
        num_seen_by__lte=len(people) - MOST_OPINIONS + F("num_there"),
    )
    differing_first = ["-num_answers"] if ordering == OpinionOrdering.DIFFERING else []
    return found.order_by(*differing_first, "rank")


def annotators(study: Study) -> list[int]:
    """Who may be asked: active annotators, and whoever else annotated for this study."""
    theirs = Annotation.objects.filter(example__study=study, annotator__isnull=False).values("annotator")
    people = User.objects.filter(Q(role=Role.ANNOTATOR) | Q(pk__in=theirs), is_active=True)
    return list(people.values_list("pk", flat=True))


def num_to_ask(examples: Sequence[Example]) -> list[int]:
    """Count the annotations that each example may need, its third included."""
    return [MOST_OPINIONS - _num_there(one) for one in examples]


def _num_there(example: Example) -> int:
    found: int = example.num_there  # type: ignore[attr-defined]  # annotated by `askable`
    return found


def check_possible(*, study: Study, split: str) -> None:
    """Raises: NoOpinionsPossible."""
    reason = why_none(study=study, split=split)
    if reason:
        raise NoOpinionsPossible(reason, field="num_examples")


def why_none(*, study: Study, split: str = Split.POOL) -> str:
    """Why no labelled example of a split can get a second opinion; empty where some can."""
    if not study.labels:
        return (
            "Answers of this task type are written: two that differ may both be right, so that a further one corrects "
            "none. Publish examples with several annotations each instead."
        )
    if len(study.labels) == 1 and not study.definition.is_list:
        return "The study has one label: no two annotations can differ."
    if askable(study=study, split=split).exists():
        return ""
    labelled = study.examples.filter(split=split, label__source=Label.Source.ANNOTATION)
    if not labelled.exists():
        return "No example of that split is labelled by people here: publish examples first."
    num_people = len(annotators(study))
    if num_people < MOST_OPINIONS:
        return (
            f"A second opinion needs {MOST_OPINIONS} annotators, as a third decides where two differ; there "
            f"{'is' if num_people == 1 else 'are'} {num_people}. An admin can add people."
        )
    waiting = Assignment.objects.waiting().filter(publication__example__in=labelled)
    if waiting.exists():
        return "The labelled examples of that split have their second opinions, or wait for them."
    if not labelled.filter(publication__label_studio_id__isnull=False).exists():
        return "The labelled examples of that split are no longer in Label Studio."
    return (
        "Every labelled example of that split has two annotations that agree, or three, or was seen by too many of the "
        "annotators."
    )


@transaction.atomic
def hold_opinions(wanted: OpinionRequest) -> HeldOpinions | None:
    """Choose labelled examples and hold the worst case of their second opinions, under the project's lock.

    Returns: None when none can be asked about, or this request was carried out before.
    Raises: NoneFits; BudgetStopped; PriceMissing.
    """
    project = LabelingProject.objects.select_for_update().get(study=wanted.study)
    if OpinionPurchase.objects.filter(uid=wanted.uid).exists():
        return None
    examples, publications = _lock_next(wanted)
    if not examples:
        return None
    budget = Budget.objects.select_for_update(no_key=True).get(pk=wanted.study.budget_id)
    if budget.is_stopped:
        raise BudgetStopped(budget)
    terms = terms_of(study=wanted.study, at=timezone.now())
    left = headroom(budget=budget, path=Path.ANNOTATE, kind=terms.price.kind)
    asked = num_to_ask(examples)
    total, num_fitting = terms.total * sum(asked), count_fitting(asked, each=terms.total, left=left)
    if not num_fitting:
        first = terms.total * asked[0]
        raise NoneFits(budget=budget, num_examples=len(examples), first=first, total=total, left=left)
    purchase = OpinionPurchase.objects.create(project=project, uid=wanted.uid, created_by=wanted.by)
    _hold(purchase, examples[:num_fitting], publications, terms)
    after = {"purchase": str(purchase.uid), "split": wanted.split, "examples": num_fitting, "first": wanted.ordering}
    record_labelling(
        project=project,
        actor=wanted.by,
        action=SECOND_OPINIONS,
        after={**after, **({"by": wanted.agent} if wanted.agent else {})},
    )
    is_short = num_fitting < len(examples)
    return HeldOpinions(
        purchase=purchase,
        num_examples=num_fitting,
        num_short=len(examples) - num_fitting,
        missing=total - left if is_short else ZERO,
    )


def _lock_next(wanted: OpinionRequest) -> tuple[list[Example], dict[int, Publication]]:
    """The next examples that can be asked about, with their locked publications, by example."""
    found = askable(study=wanted.study, split=wanted.split, ordering=wanted.ordering)
    ids = list(found.values_list("pk", flat=True)[: min(wanted.num_examples, MOST_AT_ONCE)])
    locked = Publication.objects.select_for_update(of=("self",)).filter(example__in=ids).order_by("pk")
    publications = {one.example_id: one for one in locked.select_related("example")}
    # An annotation may have come before they were locked.
    return list(found.filter(pk__in=ids)), publications


def _hold(
    purchase: OpinionPurchase, examples: Sequence[Example], publications: Mapping[int, Publication], terms: Terms
) -> None:
    chosen = [publications[one.pk] for one in examples]
    for publication in chosen:
        # Keys of holds name the round, as a number may have been released before.
        publication.round += 1
    Publication.objects.bulk_update(chosen, ["round"])
    taken = Counter(Assignment.objects.filter(publication__in=chosen).values_list("publication", flat=True))
    assignments = [
        Assignment(
            publication=publications[example.pk],
            number=taken[publications[example.pk].pk] + place,
            opinion_purchase=purchase,
            only_if_they_differ=_num_there(example) + place == MOST_OPINIONS and place > 1,
        )
        for example in examples
        for place in range(1, MOST_OPINIONS - _num_there(example) + 1)
    ]
    requests = [terms.hold_request(assignment_key(one.publication, one.number)) for one in assignments]
    holds = place_holds(budget=purchase.project.study.budget, requests=requests)
    for assignment, hold in zip(assignments, holds, strict=True):
        assignment.hold = hold
    Assignment.objects.bulk_create(assignments)
