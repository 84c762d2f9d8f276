"""What runs will probably cost and take, from how similar runs went."""

from collections.abc import Hashable, Mapping, Sequence
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
class EstimateLine:
    """What the runs of one kind in a chain are to cost together."""

    kind: RunKind
    num_runs: int
    estimate: Estimate | None
    limit: Decimal


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

    @property
    def lines(self) -> list[EstimateLine]:
        """One line for each kind of run, in their order: teachers of several seeds stand together."""
        by_kind: dict[RunKind, list[RunEstimate]] = {}
        for one in self.runs:
            by_kind.setdefault(one.kind, []).append(one)
        return [
            EstimateLine(
                kind=kind,
                num_runs=len(runs),
                estimate=estimate_chain([one.estimate for one in runs]),
                limit=sum((one.limit for one in runs), Decimal(0)),
            )
            for kind, runs in by_kind.items()
        ]


class RunHistory:
    """The latest runs that succeeded; those that one question is about are read once, however often it is asked."""

    def __init__(self) -> None:
        self._read: dict[Hashable, list[PastRun]] = {}

    def similar(self, chain: Chain, run: PlannedRun) -> tuple[list[PastRun], str]:
        """Runs of the same kind and model on the same device, trained or not alike, and whose they are."""
        # One that names no model loads what its parent trained.
        model = Q(parents__model=run.base_model) if run.model is None else Q(model=run.model)
        which = [model, Q(kind=run.kind)]
        if run.kind in (RunKind.FINETUNE_STUDENT, RunKind.FINETUNE_TEACHER):
            which.append(_TRAINED if trains(run.recipe, num_labels=chain.inputs.num_labels) else _UNTRAINED)
        device, is_own = chain.device_of(run), Q(study=chain.study)
        own = self._latest(device, *which, is_own)
        return (own, "this study") if own else (self._latest(device, *which, ~is_own), "other studies")

    def of_checkpoint(self, chain: Chain, run: PlannedRun) -> list[PastRun]:
        """Runs of the same checkpoint on the same device, whatever they did; of a carved one, else of the whole."""
        whole = {name: value for name, value in run.base_model.items() if name != "layers"}
        found = self._of_model(chain.device, run.base_model)
        return found or (self._of_model(chain.device, whole) if whole != run.base_model else [])

    def _of_model(self, device: str, model: Mapping[str, Any]) -> list[PastRun]:
        return self._latest(device, Q(model=model) | Q(model__isnull=True, parents__model=model))

    def _latest(self, device: str, *which: Q) -> list[PastRun]:
        key = (device, *which)
        if key not in self._read:
            runs = _with_used(_done(device=device).filter(*which))
            self._read[key] = [_past(run) for run in runs[:MOST_HISTORY]]
        return self._read[key]


def estimate_runs(*, chain: Chain, price: Price, history: RunHistory | None = None) -> ChainEstimate:
    """Estimate cost and duration of a chain's runs, in order, those included that an equal request made before."""
    history = history or RunHistory()
    runs = [_estimate_run(chain, run, price, history) for run in chain.runs]
    return ChainEstimate(runs=runs, tokens=estimate_tokens(chain))


def _estimate_run(chain: Chain, run: PlannedRun, price: Price, history: RunHistory) -> RunEstimate:
    """Of one run, at the price of its own device."""
    if chain.device_of(run) != chain.device:
        price = device_price(chain.study, chain.device_of(run))
    seconds = chain.plan.max_seconds
    past, whose = history.similar(chain, run)
    return RunEstimate(
        kind=run.kind,
        estimate=_estimate_from(past, work_of(run, chain.inputs), price, whose=whose),
        limit=cost_of(seconds=Decimal(seconds), price=price),
        limit_seconds=seconds,
    )


def estimate_by_kin(*, chain: Chain, run: PlannedRun, price: Price, history: RunHistory) -> Estimate | None:
    """Estimate a run from runs of its checkpoint on the same device, whatever they did with it; None without one."""
    past = history.of_checkpoint(chain, run)
    return _estimate_from(past, work_of(run, chain.inputs), price, whose="this model, of another kind")


def _estimate_from(past: Sequence[PastRun], work: Work, price: Price, *, whose: str) -> Estimate | None:
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


def _done(*, device: str) -> QuerySet[Run]:
    return Run.objects.filter(device=device, state=RunState.SUCCEEDED)


def _with_used(runs: QuerySet[Run]) -> QuerySet[Run]:
    """The latest first, with the device seconds `used`, and what says how many rows each had."""
    used = runs.annotate(used=Sum("attempts__device_seconds")).filter(used__gt=0)
    return used.select_related("snapshot", "dev", "test", "pool", "study").order_by("-pk")
