"""What the runs of an offer are expected to cost: from runs like them, else from the published tasks."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import lru_cache

import numpy as np

from budgets.money import ZERO, quantize
from planning.surfaces import PriceList, fit_compute_cost, published_surfaces
from reports.advice.situation import Situation
from runs.models import RunKind
from runs.money import SECONDS_PER_MINUTE, minutes_that_fit
from runs.requests import Chain, RunEstimate, estimate_runs

PUBLISHED_RATE = 1.875
"""Dollars of a device hour in the published tasks: Kang, Xu and Ritter, ACL 2023."""
MOST_MINUTES = 7 * 24 * 60
LIKE_PUBLISHED = "the device hours of the published tasks, at most the time limit, as no similar run has ended"


@dataclass(frozen=True, kw_only=True)
class Compute:
    """Expected cost of an offer's runs, and the part of it that is the teacher's training; `basis` says from what."""

    expected: Decimal
    teacher: Decimal
    basis: str


@dataclass(frozen=True, kw_only=True)
class PublishedHours:
    """Device hours of a teacher, at least and per label, and per pseudo-label: medians of the published tasks."""

    shortest: float
    per_label: float
    per_pseudo_label: float


@lru_cache(maxsize=1)
def published_hours() -> PublishedHours:
    """Fit the cost model to the published tasks."""
    prices = [PriceList.of(surface) for surface in published_surfaces()]
    models = [
        fit_compute_cost(cells=one.cells, dollars=one.compute_dollars, device_rate=PUBLISHED_RATE) for one in prices
    ]
    return PublishedHours(
        shortest=float(np.median([model.shortest for model in models])) / PUBLISHED_RATE,
        per_label=float(np.median([model.per_label for model in models])) / PUBLISHED_RATE,
        per_pseudo_label=float(np.median([model.per_pseudo_label for model in models])) / PUBLISHED_RATE,
    )


def compute_of(chain: Chain, situation: Situation, *, held: Decimal) -> tuple[Compute, int]:
    """Price the runs of a chain; the minutes that each may be given, 0 where their worst case cannot be held.

    Parameters: `held` is the money that the labels hold before.
    """
    assert situation.device is not None, "offers are priced where a device hour has a price"
    runs = estimate_runs(chain=chain, price=situation.device).runs
    costs = [_expected(run, chain, situation.device.rate) for run in runs]
    known = dict.fromkeys(run.estimate.basis for run in runs if run.estimate is not None)
    bases = [*known, *([LIKE_PUBLISHED] if any(run.estimate is None for run in runs) else [])]
    teacher = sum((cost for run, cost in zip(runs, costs, strict=True) if run.kind == RunKind.FINETUNE_TEACHER), ZERO)
    compute = Compute(expected=sum(costs, ZERO), teacher=teacher, basis="; ".join(bases))
    return compute, _minutes(runs, chain, situation, held)


def _expected(run: RunEstimate, chain: Chain, rate: Decimal) -> Decimal:
    """From runs like it; else as the published tasks took, or as no bill of theirs has such a run, its time limit."""
    if run.estimate is not None:
        return run.estimate.expected
    hours = _hours_like_published(run.kind, chain)
    return run.limit if hours is None else min(quantize(Decimal(hours) * rate), run.limit)


def _hours_like_published(kind: RunKind, chain: Chain) -> float | None:
    hours, inputs = published_hours(), chain.inputs
    if kind == RunKind.FINETUNE_TEACHER:
        return max(hours.shortest, hours.per_label * inputs.num_labels)
    if kind == RunKind.FINETUNE_STUDENT:
        return None
    # Scoring and the student share what a pseudo-label takes.
    return hours.per_pseudo_label * inputs.num_unlabelled / 2


def _minutes(runs: Sequence[RunEstimate], chain: Chain, situation: Situation, held: Decimal) -> int:
    """The time limit of each run: the plan's, longer where it takes longer, shorter where that surely is enough."""
    assert situation.device is not None
    seconds = max((run.estimate.high_seconds for run in runs if run.estimate is not None), default=0.0)
    known = int(seconds // SECONDS_PER_MINUTE) + 1
    wanted = min(max(chain.plan.max_minutes, known), MOST_MINUTES)
    least = wanted if any(run.estimate is None for run in runs) else known
    path, money = chain.request.path, situation.money
    left = min(money.compute(path), money.available - held)
    fitting = minutes_that_fit(money=max(left, ZERO), price=situation.device, num_runs=len(runs))
    if situation.money.is_stopped:
        return 0
    if fitting is None or fitting >= wanted:
        return wanted
    return fitting if fitting >= least else 0
