"""What the runs of an offer are expected to cost: from runs like them, else from the published tasks."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from budgets.ledger import Part
from budgets.models import Path, Price
from budgets.money import ZERO
from planning.estimates import Estimate
from planning.likely import NOTHING, Likely, RatioBelief, at_once
from reports.advice.history import PriceHistory, published_seconds
from reports.advice.situation import Situation
from runs.models import RunKind
from runs.money import SECONDS_PER_MINUTE, cost_of, minutes_that_fit
from runs.preflight import CheckLevel, preflight
from runs.requests import (
    Chain,
    PlannedRun,
    RunEstimate,
    RunPlan,
    RunRequest,
    chain_of,
    count_inputs,
    estimate_by_kin,
    estimate_runs,
    work_of,
)
from studies.models import Study
from tables.table import counted

MOST_MINUTES = 7 * 24 * 60
USUAL_MINUTES = RunPlan().max_minutes


@dataclass(frozen=True, kw_only=True)
class Compute:
    """Expected cost of an offer's runs, and the part of it that is the teacher's training; `basis` says from what."""

    expected: Decimal
    teacher: Decimal
    likely: Likely
    basis: str


@dataclass(frozen=True, kw_only=True)
class Scoring:
    """The scores by which a model chooses labels: there at no further cost, or to be made by a student of `scorer`.

    `minutes` is the time limit of the run that scores `num_to_score` examples.
    """

    scorer: int | None = None
    num_to_score: int = 0
    minutes: int = 0
    expected: Decimal = ZERO
    likely: Likely = NOTHING


@dataclass(frozen=True, kw_only=True)
class _RunPrice:
    kind: RunKind
    expected: Decimal
    likely: Likely
    basis: str


def compute_of(
    chain: Chain, situation: Situation, history: PriceHistory, *, besides: Sequence[Part] = ()
) -> tuple[Compute, int]:
    """Price the runs of a chain; the minutes that each may be given, 0 where their worst case cannot be held.

    Parameters: `besides` is what the labels hold before.
    """
    assert situation.device is not None, "offers are priced where a device hour has a price"
    estimates = estimate_runs(chain=chain, price=situation.device, history=history.runs).runs
    minutes = _minutes(estimates, chain, situation, besides)
    seconds = Decimal((minutes or chain.plan.max_minutes) * SECONDS_PER_MINUTE)
    pricing = _Pricing(
        chain=chain, device=situation.device, history=history, most=cost_of(seconds=seconds, price=situation.device)
    )
    prices = [pricing.price(run, one.estimate) for run, one in zip(chain.runs, estimates, strict=True)]
    compute = Compute(
        expected=sum((one.expected for one in prices), ZERO),
        teacher=sum((one.expected for one in prices if one.kind == RunKind.FINETUNE_TEACHER), ZERO),
        likely=at_once(one.likely for one in prices),
        basis="; ".join(dict.fromkeys(one.basis for one in prices)),
    )
    return compute, minutes


def price_scoring(situation: Situation, history: PriceHistory) -> Scoring | str:
    """Price the scores by which a model would choose labels; a sentence where it cannot choose any."""
    basis = situation.selection
    if basis.is_scoring:
        return "Runs are in progress that score examples; labels that a model chooses come after them."
    if basis.scored_run is not None:
        return Scoring()
    if basis.scorer is None:
        return "No labels can be chosen by uncertainty: no student is there that could say of what it is unsure."
    request = scoring_request(
        study=situation.study,
        scorer=basis.scorer,
        num_labels=situation.pool.num_labels,
        num_to_score=basis.num_to_score,
    )
    chain = chain_of(request=request, inputs=count_inputs(request))
    refused = [result.text for result in preflight(chain) if result.level == CheckLevel.REFUSED]
    if refused:
        return f"Scoring examples for a choice of labels is not on offer: {' '.join(refused)}"
    compute, minutes = compute_of(chain, situation, history)
    if not minutes:
        return "The money left cannot be held for scoring examples, so that no labels are chosen by uncertainty."
    return Scoring(
        scorer=basis.scorer,
        num_to_score=basis.num_to_score,
        minutes=minutes,
        expected=compute.expected,
        likely=compute.likely,
    )


def scoring_request(
    *, study: Study, scorer: int, num_labels: int, num_to_score: int, minutes: int = USUAL_MINUTES
) -> RunRequest:
    """What asks for the scores of a student, of all examples beside the labels there."""
    plan = RunPlan(score_only=True, teacher_run=scorer, max_minutes=minutes)
    return RunRequest(study=study, path=Path.DISTIL, plan=plan, num_labels=num_labels, num_unlabelled=num_to_score)


@dataclass(frozen=True, kw_only=True)
class _Pricing:
    """How the runs of a chain are priced; `most` is what each holds."""

    chain: Chain
    device: Price
    history: PriceHistory
    most: Decimal

    def price(self, run: PlannedRun, estimate: Estimate | None) -> _RunPrice:
        """From runs like it; else from others of its checkpoint; else as the published tasks took. At most its hold."""
        if estimate is not None:
            return self._priced(run, estimate.expected, self.history.of_estimates, estimate.basis)
        kin = estimate_by_kin(chain=self.chain, run=run, price=self.device, history=self.history.runs)
        if kin is not None:
            return self._priced(run, kin.expected, self.history.of_kin, kin.basis)
        belief, inputs = self.history.of_published, self.chain.inputs
        seconds = belief.factor * published_seconds(
            kind=run.kind, work=work_of(run, inputs), num_labels=inputs.num_labels, num_unlabelled=inputs.num_unlabelled
        )
        cost = cost_of(seconds=Decimal(seconds), price=self.device)
        return self._priced(run, cost, belief.centred, _as_published(self.history.num_published))

    def _priced(self, run: PlannedRun, cost: Decimal, belief: RatioBelief, basis: str) -> _RunPrice:
        expected = min(cost, self.most)
        likely = belief.likely(float(expected), most=float(self.most))
        return _RunPrice(kind=run.kind, expected=expected, likely=likely, basis=basis)


def _as_published(num_runs: int) -> str:
    said = "the published tasks, at most the time limit, as no similar run has ended"
    return f"{said}; corrected by {counted(num_runs, 'run')} of this device" if num_runs else said


def _minutes(runs: Sequence[RunEstimate], chain: Chain, situation: Situation, besides: Sequence[Part]) -> int:
    """The time limit of each run: the plan's, longer where it takes longer, shorter where that surely is enough."""
    assert situation.device is not None
    seconds = max((run.estimate.high_seconds for run in runs if run.estimate is not None), default=0.0)
    known = int(seconds // SECONDS_PER_MINUTE) + 1
    wanted = min(max(chain.plan.max_minutes, known), MOST_MINUTES)
    least = wanted if any(run.estimate is None for run in runs) else known
    left = situation.money.compute(chain.request.path, besides=besides)
    fitting = minutes_that_fit(money=left, price=situation.device, num_runs=len(runs))
    if situation.money.is_stopped:
        return 0
    if fitting is None or fitting >= wanted:
        return wanted
    return fitting if fitting >= least else 0
