"""Reads that only pages need, each for a whole page of rows at once."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django.db.models import Count, F, Max, QuerySet, Sum
from django.urls import reverse
from django.utils import timezone

from accounts.models import User
from budgets.cost_kinds import CostKind
from budgets.models import Hold, Path, Price, Tally
from budgets.prices import PriceMissing, Scope, price_at
from labeling.models import Annotation, Assignment
from labeling.publishing import publishable
from runs.models import ArtifactKind, Evaluation, Run, RunState
from studies.models import Example, PayBasis, Split, Study
from web.presenters.next_step import Facts, Step, next_step

_UNDER_WAY = (RunState.WAITING, RunState.QUEUED, RunState.RUNNING)


@dataclass(frozen=True, kw_only=True)
class StudyRow:
    """A study on the home page. Utilities are on the test split, in the study's metric; None where no run ended."""

    study: Study
    facts: Facts
    step: Step
    best_annotate: float | None
    best_distil: float | None


def study_rows(studies: Iterable[Study]) -> list[StudyRow]:
    found = list(studies)
    facts, best = facts_of(found), best_utilities(found)
    return [
        StudyRow(
            study=study,
            facts=facts[study.pk],
            step=next_step(facts[study.pk]),
            best_annotate=best[study.pk].get(Path.ANNOTATE),
            best_distil=best[study.pk].get(Path.DISTIL),
        )
        for study in found
    ]


def best_utilities(studies: Sequence[Study]) -> dict[int, dict[str, float]]:
    """By study and path, the best test utility of a trained student."""
    rows = _points(studies).values_list("artifact__run__study", "artifact__run__path").annotate(Max("value"))
    best: dict[int, dict[str, float]] = defaultdict(dict)
    for study, path, value in rows:
        best[study][path] = value
    return best


def facts_of(studies: Sequence[Study]) -> dict[int, Facts]:
    examples = _examples(studies)
    num_open = _counts(open_assignments(studies), "publication__example__study")
    runs = Run.objects.filter(study__in=studies)
    going_on = _counts(runs.exclude(state__in=RunState.ended()), "study", "state")
    points = _counts(_points(studies), "artifact__run__study", "artifact__run__path")
    last = runs.filter(state__in=RunState.ended()).order_by("study", "-ended_at", "-pk").distinct("study")
    last_states = dict(last.values_list("study", "state"))
    return {
        study.pk: Facts(
            num_examples=sum(examples[study.pk, split][0] for split in Split),
            num_test_examples=examples[study.pk, Split.TEST][0],
            num_test_labels=examples[study.pk, Split.TEST][1],
            num_labels=examples[study.pk, Split.POOL][1],
            num_open=num_open[(study.pk,)],
            num_active_runs=sum(going_on[study.pk, state] for state in _UNDER_WAY),
            num_annotate_points=points[study.pk, Path.ANNOTATE],
            num_distil_points=points[study.pk, Path.DISTIL],
            last_run_failed=last_states.get(study.pk) == RunState.FAILED,
            num_paused_runs=going_on[study.pk, RunState.PAUSED],
        )
        for study in studies
    }


def open_assignments(studies: Sequence[Study]) -> QuerySet[Assignment]:
    """Annotations that were requested, are held for, and have not been submitted yet."""
    return Assignment.objects.waiting().filter(publication__example__study__in=studies)


def _points(studies: Sequence[Study]) -> QuerySet[Evaluation]:
    """Test evaluations of trained students in their studies' metrics."""
    return Evaluation.objects.comparable().filter(
        artifact__run__study__in=studies,
        artifact__kind=ArtifactKind.STUDENT,
        split=Split.TEST,
        metric=F("artifact__run__study__metric"),
    )


def _examples(studies: Sequence[Study]) -> dict[tuple[int, str], tuple[int, int]]:
    """By study and split, how many examples there are and how many have a label."""
    rows = Example.objects.filter(study__in=studies).values_list("study", "split").annotate(Count("pk"), Count("label"))
    found: dict[tuple[int, str], tuple[int, int]] = defaultdict(lambda: (0, 0))
    found.update({(study, split): (total, labelled) for study, split, total, labelled in rows})
    return found


def _counts(rows: QuerySet[Any], *keys: str) -> Counter[tuple[Any, ...]]:
    return Counter({row[:-1]: row[-1] for row in rows.order_by().values_list(*keys).annotate(Count("pk"))})


def num_publishable(study: Study) -> list[tuple[Split, int]]:
    return [(split, publishable(study=study, split=split).count()) for split in Split]


@dataclass(frozen=True, kw_only=True)
class Earned:
    """What a person's work came to in one currency, corrections included."""

    currency: str
    amount: Decimal
    num_accepted: int


def earned(user: User) -> list[Earned]:
    """Sum what the ledger says was paid to a person: reversals taken off, corrections put in their place."""
    paid = Tally.objects.filter(payee=user).values("budget__currency").annotate(amount=Sum("amount"))
    accepted = Annotation.objects.filter(annotator=user, state=Annotation.State.ACCEPTED)
    counts = dict(accepted.values_list("entry__budget__currency").annotate(Count("pk")))
    return [
        Earned(
            currency=row["budget__currency"], amount=row["amount"], num_accepted=counts.get(row["budget__currency"], 0)
        )
        for row in paid.order_by("budget__currency")
    ]


@dataclass(frozen=True, kw_only=True)
class HeldFor:
    text: str
    url: str


def held_for(holds: Sequence[Hold]) -> dict[int, HeldFor]:
    """By hold: the run or the example that it was placed for; holds of neither are left out."""
    keys = [hold.pk for hold in holds]
    runs = Run.objects.filter(hold__in=keys)
    asked = Assignment.objects.filter(hold__in=keys).select_related("publication__example")
    found = {run.hold_id: HeldFor(text=str(run), url=reverse("run", args=[run.pk])) for run in runs}
    for one in asked:
        example = one.publication.example
        text = " / ".join(str(part) for part in example.fields.values())
        found[one.hold_id] = HeldFor(text=f"Annotation of “{text}”", url=reverse("labelling", args=[example.study_id]))
    return {pk: what for pk, what in found.items() if pk is not None}


def label_price(study: Study) -> Price | None:
    """What an answer is paid by where its annotator has no price of their own; None where no price is set yet."""
    cost_kind = CostKind.LABELLING_HOUR if study.pay_basis == PayBasis.PER_HOUR else CostKind.LABEL
    scope = Scope(budget=study.budget)
    try:
        return price_at(book=study.budget.price_book, kind=cost_kind, at=timezone.now(), scope=scope)
    except PriceMissing:
        return None
