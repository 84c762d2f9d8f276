"""What runs will probably cost and take, from how similar runs went."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from decimal import Decimal
from typing import Any

from django.conf import settings
from django.db.models import Q, QuerySet, Sum
from django.utils import timezone

from budgets.cost_kinds import CostKind
from budgets.models import Price
from budgets.money import quantize
from budgets.prices import Scope, price_at
from connections.estimates import TokenEstimate
from planning.estimates import Estimate
from planning.run_estimates import Done, Work, estimate_chain, estimate_run
from runs.models import Run, RunKind, RunState
from runs.money import cost_of
from runs.requests.chain import Chain, PlannedRun
from runs.requests.plan import UNTRAINED, WITHOUT_LABELS, trains
from runs.requests.token_estimates import estimate_tokens
from runs.requests.work import inputs_of, work_of
from studies.models import Study
from training.spec import AUTO, CONTRAST, FINETUNE, PROBE

MOST_HISTORY = 20
_AMOUNTS = ("low", "expected", "high")
# As `trains` tells them apart; a run of before recipes names none.
_UNTRAINED = Q(training__recipe__in=UNTRAINED) | Q(training__recipe__in=WITHOUT_LABELS, snapshot__isnull=True)
_TRAINED = (
    Q(training__recipe__isnull=True)
    | Q(training__recipe__in=[FINETUNE, PROBE, CONTRAST])
    | Q(training__recipe=AUTO, snapshot__isnull=False)
)


@dataclass(frozen=True, kw_only=True)
class RunEstimate:
    """One run's estimate, None where no similar run has ended, and its limit, which is held."""

    kind: RunKind
    estimate: Estimate | None
    limit: Decimal
    limit_seconds: int

    @property
    def will_pause(self) -> bool:
        return self.estimate is not None and self.estimate.expected_seconds > self.limit_seconds


@dataclass(frozen=True, kw_only=True)
class PastRun:
    """A run that succeeded: its work, and the device seconds of all its attempts beside those that were expected."""

    kind: RunKind
    num_labels: int
    num_unlabelled: int
    work: Work
    seconds: float
    expected_seconds: float | None


@dataclass(frozen=True, kw_only=True)
class ChainEstimate:
    """Estimates of a chain's runs, and what a language model's answers are to cost besides, where one is asked."""

    runs: Sequence[RunEstimate]
    tokens: TokenEstimate | None = None

    @property
    def whole(self) -> Estimate | None:
        return estimate_chain([one.estimate for one in self.runs])

    @property
    def limit(self) -> Decimal:
        return sum((one.limit for one in self.runs), Decimal(0))

    @property
    def will_pause(self) -> bool:
        return any(one.will_pause for one in self.runs)


def estimate_runs(*, chain: Chain, price: Price) -> ChainEstimate:
    """Estimate cost and duration of a chain's runs, in order, those included that an equal request made before."""
    return ChainEstimate(runs=[_estimate_run(chain, run, price) for run in chain.runs], tokens=estimate_tokens(chain))


def _estimate_run(chain: Chain, run: PlannedRun, price: Price) -> RunEstimate:
    """Of one run, at the price of its own device."""
    if chain.device_of(run) != chain.device:
        price = device_price(chain.study, chain.device_of(run))
    seconds = chain.plan.max_seconds
    limit = cost_of(seconds=Decimal(seconds), price=price)
    return RunEstimate(kind=run.kind, estimate=_estimate_of(chain, run, price), limit=limit, limit_seconds=seconds)


def _estimate_of(chain: Chain, run: PlannedRun, price: Price) -> Estimate | None:
    similar, whose = _similar(chain, run).filter(study=chain.study), "this study"
    if not similar.exists():
        similar, whose = _similar(chain, run).exclude(study=chain.study), "other studies"
    return _estimate_from(similar, work_of(run, chain.inputs), price, whose=whose)


def estimate_by_kin(*, chain: Chain, run: PlannedRun, price: Price) -> Estimate | None:
    """Estimate a run from runs of its checkpoint on the same device, whatever they did with it; None without one."""
    of_model = Q(model=run.base_model) | Q(model__isnull=True, parents__model=run.base_model)
    kin = _with_used(_done(device=chain.device).filter(of_model))
    return _estimate_from(kin, work_of(run, chain.inputs), price, whose="this model, of another kind")


def _estimate_from(similar: QuerySet[Run], work: Work, price: Price, *, whose: str) -> Estimate | None:
    past = [_past(run) for run in similar[:MOST_HISTORY]]
    history = [Done(work=one.work, seconds=one.seconds) for one in past]
    return estimate_run(work=work, history=history, rate_per_hour=price.rate, whose=whose)


def past_runs(*, device: str, most: int) -> list[PastRun]:
    """The latest runs that succeeded on a device."""
    return [_past(run) for run in _with_used(_done(device=device))[:most]]


def _past(run: Run) -> PastRun:
    estimate = estimate_from_json(run.estimate)
    return PastRun(
        kind=RunKind(run.kind),
        num_labels=run.num_labels,
        num_unlabelled=run.num_unlabelled,
        work=work_of(run, inputs_of(run)),
        seconds=float(run.used),  # type: ignore[attr-defined]  # annotated
        expected_seconds=estimate.expected_seconds if estimate else None,
    )


def device_price(study: Study, device: str = "") -> Price:
    """Today's price of an hour of a device, by default of that which trainers use. Raises: PriceMissing."""
    scope = Scope(device=(device or settings.RUN_DEVICE).partition(":")[0], budget=study.budget)
    return price_at(book=study.budget.price_book, kind=CostKind.DEVICE_HOUR, at=timezone.now(), scope=scope)


def estimate_to_json(estimate: Estimate | None) -> dict[str, Any] | None:
    if estimate is None:
        return None
    values = asdict(estimate)
    return {**values, **{name: str(quantize(values[name])) for name in _AMOUNTS}}


def estimate_from_json(values: dict[str, Any] | None) -> Estimate | None:
    if not values:
        return None
    return Estimate(**{**values, **{name: Decimal(values[name]) for name in _AMOUNTS}})


def _similar(chain: Chain, run: PlannedRun) -> QuerySet[Run]:
    """Runs that succeeded, of the same kind and model on the same device, trained or not alike, the latest first."""
    # One that names no model loads what its parent trained.
    model = Q(parents__model=run.base_model) if run.model is None else Q(model=run.model)
    done = _done(device=chain.device_of(run)).filter(model, kind=run.kind)
    if run.kind in (RunKind.FINETUNE_STUDENT, RunKind.FINETUNE_TEACHER):
        done = done.filter(_TRAINED if trains(run.recipe, num_labels=chain.inputs.num_labels) else _UNTRAINED)
    return _with_used(done)


def _done(*, device: str) -> QuerySet[Run]:
    return Run.objects.filter(device=device, state=RunState.SUCCEEDED)


def _with_used(runs: QuerySet[Run]) -> QuerySet[Run]:
    """The latest first, with the device seconds `used`, and what says how many rows each had."""
    used = runs.annotate(used=Sum("attempts__device_seconds")).filter(used__gt=0)
    return used.select_related("snapshot", "dev", "test", "pool", "study").order_by("-pk")
