"""What the runs of an offer are expected to cost: from runs like them, else from the published tasks."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from budgets.money import ZERO, quantize
from planning.likely import Likely, RatioBelief, at_once
from reports.advice.history import PriceHistory, published_seconds
from reports.advice.situation import Situation
from runs.models import RunKind
from runs.money import SECONDS_PER_HOUR, SECONDS_PER_MINUTE, minutes_that_fit
from runs.requests import Chain, PlannedRun, RunEstimate, estimate_by_kin, estimate_runs, work_of
from tables.table import counted

MOST_MINUTES = 7 * 24 * 60


@dataclass(frozen=True, kw_only=True)
class Compute:
    """Expected cost of an offer's runs, and the part of it that is the teacher's training; `basis` says from what."""

    expected: Decimal
    teacher: Decimal
    likely: Likely
    basis: str


@dataclass(frozen=True, kw_only=True)
class _RunPrice:
    kind: RunKind
    expected: Decimal
    likely: Likely
    basis: str


def compute_of(chain: Chain, situation: Situation, history: PriceHistory, *, held: Decimal) -> tuple[Compute, int]:
    """Price the runs of a chain; the minutes that each may be given, 0 where their worst case cannot be held.

    Parameters: `held` is the money that the labels hold before.
    """
    assert situation.device is not None, "offers are priced where a device hour has a price"
    estimates = estimate_runs(chain=chain, price=situation.device).runs
    prices = [
        _price(run, estimate, chain, situation, history) for run, estimate in zip(chain.runs, estimates, strict=True)
    ]
    compute = Compute(
        expected=sum((one.expected for one in prices), ZERO),
        teacher=sum((one.expected for one in prices if one.kind == RunKind.FINETUNE_TEACHER), ZERO),
        likely=at_once(one.likely for one in prices),
        basis="; ".join(dict.fromkeys(one.basis for one in prices)),
    )
    return compute, _minutes(estimates, chain, situation, held)


def _price(
    run: PlannedRun, estimate: RunEstimate, chain: Chain, situation: Situation, history: PriceHistory
) -> _RunPrice:
    """From runs like it; else from others of its checkpoint; else as the published tasks took. At most its limit."""
    assert situation.device is not None
    if estimate.estimate is not None:
        return _priced(run.kind, estimate.estimate.expected, estimate, history.of_estimates, estimate.estimate.basis)
    kin = estimate_by_kin(chain=chain, run=run, price=situation.device)
    if kin is not None:
        return _priced(run.kind, min(kin.expected, estimate.limit), estimate, history.of_kin, kin.basis)
    inputs, belief = chain.inputs, history.of_published
    seconds = belief.factor * published_seconds(
        kind=run.kind, work=work_of(run, inputs), num_labels=inputs.num_labels, num_unlabelled=inputs.num_unlabelled
    )
    cost = min(quantize(Decimal(seconds) * situation.device.rate / SECONDS_PER_HOUR), estimate.limit)
    return _priced(run.kind, cost, estimate, belief.centred, _as_published(history.num_published))


def _priced(kind: RunKind, expected: Decimal, estimate: RunEstimate, belief: RatioBelief, basis: str) -> _RunPrice:
    likely = belief.likely(float(expected), most=float(max(estimate.limit, expected)))
    return _RunPrice(kind=kind, expected=expected, likely=likely, basis=basis)


def _as_published(num_runs: int) -> str:
    said = "the published tasks, at most the time limit, as no run like it has ended"
    return f"{said}; corrected by {counted(num_runs, 'run')} of this device" if num_runs else said


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
