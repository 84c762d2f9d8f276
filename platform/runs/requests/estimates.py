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
from planning.estimates import Estimate
from planning.run_estimates import Done, Work, estimate_chain, estimate_run
from runs.models import Run, RunKind, RunState
from runs.money import cost_of
from runs.requests.chain import Chain, PlannedRun
from runs.requests.inputs import Inputs
from runs.requests.plan import UNTRAINED, WITHOUT_LABELS, trains
from runs.requests.token_estimates import TokenEstimate, estimate_tokens
from runs.run_kinds import RUN_KINDS
from studies.models import Study
from training.spec import (
    AUTO,
    CONTRAST,
    FINETUNE,
    PROBE,
    are_plenty,
    dev_decides,
    fewest_labels,
    num_folds,
    recipes_that_compete,
)

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
    history = [
        Done(work=work_of(past, _inputs(past)), seconds=float(past.used))  # type: ignore[attr-defined]  # annotated
        for past in similar.select_related("snapshot", "dev", "test", "pool", "study")[:MOST_HISTORY]
    ]
    return estimate_run(work=work_of(run, chain.inputs), history=history, rate_per_hour=price.rate, whose=whose)


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


def work_of(run: PlannedRun | Run, inputs: Inputs) -> Work:
    """The rows that a run goes through, in each training of its search and from each seed."""
    kind, recipe = RunKind(run.kind), run.training.get("recipe", FINETUNE)
    # A scoring with a recipe is that of a teacher that nobody trained.
    pool = inputs.num_pool if recipe != FINETUNE else 0
    if RUN_KINDS[kind].scores:
        return Work(num_read=inputs.num_labels + inputs.num_unlabelled + pool)
    if kind != RunKind.DISTIL and not trains(recipe, num_labels=inputs.num_labels):
        return Work(num_read=inputs.num_labels + pool + inputs.num_measured)
    lengths = _learned_per_training(run, inputs)
    num_rates = max(len(run.search.get("learning_rates", ())), 1)
    further = run.search.get("num_seeds", 1) - 1
    # The training that is chosen is that of the first seed; the others may be as long as the longest.
    learned = num_rates * sum(lengths) + further * max(lengths)
    num_trainings = num_rates * len(lengths) + further
    gold = num_trainings * run.distillation.get("gold_epochs", 0) * inputs.num_labels
    whole, on_folds = _compared_trainings(run, inputs)
    return Work(
        num_learned=whole * (learned + gold) + on_folds * lengths[0],
        num_read=whole * num_trainings * inputs.num_measured + pool,
    )


def _compared_trainings(run: PlannedRun | Run, inputs: Inputs) -> tuple[int, int]:
    """How often a run trains as a whole and on folds; not once, or more often, where `auto` compares recipes."""
    study, num_labels, num_classes = inputs.study, inputs.num_labels, len(inputs.study.labels)
    is_auto = run.training.get("recipe", FINETUNE) == AUTO and RunKind(run.kind) != RunKind.DISTIL
    if not is_auto or are_plenty(num_labels, num_rows=num_labels, num_classes=num_classes):
        return 1, 0
    if num_labels < fewest_labels(num_classes):
        return 0, 0
    num_candidates = len(recipes_that_compete(study.definition, pooling=run.training.get("pooling", "mean")))
    if dev_decides(inputs.num_dev, num_classes=num_classes):
        return num_candidates, 0
    return 1, num_candidates * num_folds(num_labels)


def _learned_per_training(run: PlannedRun | Run, inputs: Inputs) -> list[int]:
    """The rows learned from, for each length tried."""
    rows = inputs.num_labels + (inputs.num_unlabelled if RUN_KINDS[RunKind(run.kind)].reads_unlabelled else 0)
    steps, epochs = run.training.get("steps"), run.training.get("epochs")
    if steps and not run.search.get("epochs"):
        return [steps * run.training.get("batch_size", 1)]
    return [tried * rows for tried in run.search.get("epochs") or [epochs or 1]]


def _similar(chain: Chain, run: PlannedRun) -> QuerySet[Run]:
    """Runs that succeeded, of the same kind and model on the same device, trained or not alike, the latest first."""
    # One that names no model loads what its parent trained.
    model = Q(parents__model=run.base_model) if run.model is None else Q(model=run.model)
    done = Run.objects.filter(model, kind=run.kind, device=chain.device_of(run), state=RunState.SUCCEEDED)
    if run.kind in (RunKind.FINETUNE_STUDENT, RunKind.FINETUNE_TEACHER):
        done = done.filter(_TRAINED if trains(run.recipe, num_labels=chain.inputs.num_labels) else _UNTRAINED)
    return done.annotate(used=Sum("attempts__device_seconds")).filter(used__gt=0).order_by("-pk")


def _inputs(run: Run) -> Inputs:
    return Inputs(
        study=run.study,
        num_labels=run.num_labels,
        num_unlabelled=run.num_unlabelled,
        num_dev=run.dev.num_examples if run.dev else 0,
        num_test=run.test.num_examples if run.test else 0,
        num_pool=run.pool.num_examples if run.pool else 0,
    )
