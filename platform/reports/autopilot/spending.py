"""What an autopilot's purchases have cost: what is charged for them, and what is still held."""

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Literal

from django.db.models import Q
from django.utils import timezone

from budgets.models import LedgerEntry
from budgets.money import ZERO, quantize
from labeling.models import Annotation, Assignment
from reports.models import Autopilot
from runs.models import LabelingJob, Run


@dataclass(frozen=True, kw_only=True)
class StepCost:
    """What is charged so far for what a step bought, skips and corrections included, and what is still held for it."""

    charged: Decimal = ZERO
    held: Decimal = ZERO

    @property
    def total(self) -> Decimal:
        return self.charged + self.held


@dataclass(frozen=True, kw_only=True)
class Spending:
    """What an autopilot has taken of its two caps; what is held counts as taken until it is released."""

    a_day: Decimal
    today: Decimal
    cap: Decimal
    in_all: Decimal

    @property
    def left_today(self) -> Decimal:
        return self.a_day - self.today

    @property
    def left_in_all(self) -> Decimal:
        return self.cap - self.in_all


def spending_of(autopilot: Autopilot, *, today: date | None = None) -> Spending:
    """Add up an autopilot's purchases; a purchase counts on the day on which it was made, in Fulcrum's time zone."""
    today = today or timezone.localdate()
    # Before the costs: of a step that another worker makes meanwhile, the costs are known.
    made = list(autopilot.steps.values_list("pk", "made_at"))
    costs = costs_of(autopilot)
    todays = [pk for pk, made_at in made if timezone.localdate(made_at) == today]
    return Spending(
        a_day=quantize(autopilot.study.budget.limit * autopilot.share_a_day),
        today=sum((costs[pk].total for pk in todays), ZERO),
        cap=autopilot.cap,
        in_all=sum((cost.total for cost in costs.values()), ZERO),
    )


def costs_of(autopilot: Autopilot) -> Mapping[int, StepCost]:
    """The cost of each step. Examples that were bought twice, as they were withdrawn between, count with the later."""
    runs, examples = _steps_of(autopilot, "runs"), _steps_of(autopilot, "examples")
    charged: dict[int, Decimal] = defaultdict(lambda: ZERO)
    held: dict[int, Decimal] = defaultdict(lambda: ZERO)
    jobs = dict(autopilot.steps.filter(jobs__isnull=False).order_by("pk").values_list("jobs", "pk"))
    keys = {**_keys_of_runs(runs), **_keys_of_labels(examples), **_keys_of_jobs(jobs)}
    for step, amount in _charged(autopilot, keys):
        charged[step] += amount
    for step, most in _most_of_open_jobs(autopilot, jobs):
        held[step] += max(most - charged[step], ZERO)
    for step, amount in [*_held_for_runs(runs), *_held_for_labels(examples)]:
        held[step] += amount
    pks = autopilot.steps.values_list("pk", flat=True)
    return {pk: StepCost(charged=charged[pk], held=held[pk]) for pk in pks}


def _steps_of(autopilot: Autopilot, what: Literal["runs", "examples"]) -> dict[int, int]:
    """The latest step of each run, or example, that was bought."""
    bought = autopilot.steps.filter(**{f"{what}__isnull": False}).order_by("pk")
    return dict(bought.values_list(what, "pk"))


def _keys_of_runs(steps: Mapping[int, int]) -> dict[str, int]:
    """The step by the key that a run's entries share."""
    return {run.source_key: steps[run.pk] for run in Run.objects.filter(pk__in=steps).only("pk")}


def _keys_of_labels(steps: Mapping[int, int]) -> dict[str, int]:
    """The step by the key that an annotation's entries share, those of a skip included."""
    annotations = Annotation.objects.filter(example__in=steps).only("unique_id", "example_id")
    return {one.source_key: steps[one.example_id] for one in annotations}


def _keys_of_jobs(steps: Mapping[int, int]) -> dict[str, int]:
    """The step by the key that the entries of a labelling job share."""
    return {job.source_key: steps[job.pk] for job in LabelingJob.objects.filter(pk__in=steps).only("pk")}


def _most_of_open_jobs(autopilot: Autopilot, steps: Mapping[int, int]) -> Iterator[tuple[int, Decimal]]:
    """Of jobs that are not over, what each may come to: batch by batch it is held for, and all of it is taken."""
    open_ones = LabelingJob.objects.filter(pk__in=steps, ended_at__isnull=True).values_list("pk", flat=True)
    figures = dict(autopilot.steps.filter(pk__in=steps.values()).values_list("pk", "figures"))
    return ((steps[pk], Decimal(figures[steps[pk]]["held"])) for pk in open_ones)


def _charged(autopilot: Autopilot, steps: Mapping[str, int]) -> Iterator[tuple[int, Decimal]]:
    ours = Q(work_key__in=steps) | Q(subject_key__in=steps)
    entries = LedgerEntry.objects.filter(ours, budget=autopilot.study.budget_id)
    for work_key, subject_key, amount in entries.values_list("work_key", "subject_key", "amount"):
        yield steps[work_key if work_key in steps else subject_key], amount


def _held_for_runs(steps: Mapping[int, int]) -> Iterator[tuple[int, Decimal]]:
    holds = Run.objects.filter(pk__in=steps, hold__closed_at__isnull=True, hold__isnull=False)
    return ((steps[pk], amount) for pk, amount in holds.values_list("pk", "hold__remaining"))


def _held_for_labels(steps: Mapping[int, int]) -> Iterator[tuple[int, Decimal]]:
    waiting = Assignment.objects.filter(publication__example__in=steps, hold__closed_at__isnull=True)
    columns = waiting.values_list("publication__example", "hold__remaining")
    return ((steps[example], amount) for example, amount in columns)
