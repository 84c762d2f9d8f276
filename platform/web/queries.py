"""Reads that only pages need, each for a whole page of rows at once."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal

from django.db.models import Count, F, Max, Q, Sum
from django.db.models.functions import Coalesce

from accounts.models import User
from budgets.models import Path
from budgets.money import ZERO
from labeling.models import Annotation, Assignment
from runs.models import Artifact, Evaluation, Run, RunState
from studies.models import Label, Split, Study
from studies.queries import split_counts
from web.next_step import Facts


@dataclass(frozen=True, kw_only=True)
class StudyRow:
    """A study on the home page. Utilities are on the test split, in the study's metric; None where no run ended."""

    study: Study
    num_labels: int
    num_active_runs: int
    best: dict[str, float]

    @property
    def best_annotate(self) -> float | None:
        return self.best.get(Path.ANNOTATE)

    @property
    def best_distil(self) -> float | None:
        return self.best.get(Path.DISTIL)


def study_rows(studies: Iterable[Study]) -> list[StudyRow]:
    found = list(studies)
    labels = _counts(Label.objects.filter(example__study__in=found, example__split=Split.POOL), "example__study")
    active = _counts(Run.objects.filter(study__in=found).exclude(state__in=RunState.ended()), "study")
    best = best_utilities(found)
    return [
        StudyRow(
            study=study,
            num_labels=labels.get(study.pk, 0),
            num_active_runs=active.get(study.pk, 0),
            best=best[study.pk],
        )
        for study in found
    ]


def _counts(rows: "object", key: str) -> dict[int, int]:
    grouped = rows.values(key).annotate(total=Count("pk"))  # type: ignore[attr-defined]
    return {row[key]: row["total"] for row in grouped}


def best_utilities(studies: Iterable[Study]) -> dict[int, dict[str, float]]:
    """By study and path, the best test utility of a trained student."""
    rows = (
        Evaluation.objects.filter(
            artifact__run__study__in=studies,
            artifact__kind=Artifact.Kind.STUDENT,
            split=Split.TEST,
            metric=F("artifact__run__study__metric"),
        )
        .values("artifact__run__study", "artifact__run__path")
        .annotate(best=Max("value"))
    )
    best: dict[int, dict[str, float]] = defaultdict(dict)
    for row in rows:
        best[row["artifact__run__study"]][row["artifact__run__path"]] = row["best"]
    return best


def facts_of(study: Study) -> Facts:
    counts = {count.split: count for count in split_counts(study)}
    runs = Run.objects.filter(study=study)
    last = runs.filter(state__in=RunState.ended()).order_by("-ended_at", "-pk").first()
    points = Evaluation.objects.filter(
        artifact__run__study=study, artifact__kind=Artifact.Kind.STUDENT, split=Split.TEST, metric=study.metric
    ).aggregate(
        annotate=Count("pk", filter=Q(artifact__run__path=Path.ANNOTATE)),
        distil=Count("pk", filter=Q(artifact__run__path=Path.DISTIL)),
    )
    return Facts(
        num_examples=sum(count.num_examples for count in counts.values()),
        num_test_labels=counts[Split.TEST].num_labelled,
        num_test_examples=counts[Split.TEST].num_examples,
        num_labels=counts[Split.POOL].num_labelled,
        num_open=num_open_assignments(study),
        num_active_runs=runs.exclude(state__in=RunState.ended()).count(),
        num_annotate_points=points["annotate"],
        num_distil_points=points["distil"],
        last_run_failed=last is not None and last.state == RunState.FAILED,
    )


def num_open_assignments(study: Study) -> int:
    """Annotations that were asked for, are held for, and have not come yet."""
    waiting = Assignment.objects.filter(publication__example__study=study, annotation__isnull=True)
    return waiting.filter(hold__closed_at__isnull=True).count()


def label_counts(study: Study) -> list[tuple[str, int]]:
    """How many examples have each label, in the study's order."""
    rows = Label.objects.filter(example__study=study).values("value").annotate(total=Count("pk"))
    found = {row["value"]: row["total"] for row in rows}
    return [(label, found.get(label, 0)) for label in study.labels]


@dataclass(frozen=True, kw_only=True)
class Earned:
    """What a person's accepted annotations came to in one currency, reversals taken off."""

    currency: str
    amount: Decimal
    num_accepted: int


def earned(user: User) -> list[Earned]:
    accepted = Annotation.objects.filter(annotator=user, entry__isnull=False)
    rows = accepted.values("entry__budget__currency").annotate(
        paid=Coalesce(Sum("entry__amount"), ZERO),
        reversed=Coalesce(Sum("entry__reversal__amount"), ZERO),
        total=Count("pk"),
    )
    return [
        Earned(
            currency=row["entry__budget__currency"],
            amount=row["paid"] + row["reversed"],
            num_accepted=row["total"],
        )
        for row in rows.order_by("entry__budget__currency")
    ]
