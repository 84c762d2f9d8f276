"""What runs will probably cost and take, from how runs like them went; said before they start, and kept."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from decimal import Decimal
from typing import Any

from django.conf import settings
from django.db.models import Q, QuerySet, Sum
from django.utils import timezone

from budgets.models import Kind, Path, Price
from budgets.money import quantize
from budgets.prices import Scope, price_at
from planning.estimates import Estimate
from planning.run_estimates import Done, Work, estimate_chain, estimate_run
from runs.models import Run, RunKind, RunState
from runs.money import cost_of
from runs.requests.plans import RunPlan
from runs.requests.teachers import teacher_of
from studies.models import Split, Study
from studies.queries import labelled

MOST_HISTORY = 20
_AMOUNTS = ("low", "expected", "high")


@dataclass(frozen=True, kw_only=True)
class Planned:
    """A possible run: what decides how long it takes."""

    kind: RunKind
    model: dict[str, Any]
    training: dict[str, Any]
    search: dict[str, Any] = field(default_factory=dict)
    distillation: dict[str, Any] = field(default_factory=dict)
    num_labels: int
    num_unlabelled: int = 0
    num_measured: int = 0


@dataclass(frozen=True, kw_only=True)
class RunEstimate:
    """One run's estimate, None where nothing like it was run; and the most that it may use, which is held."""

    kind: RunKind
    estimate: Estimate | None
    limit: Decimal
    limit_seconds: int

    @property
    def title(self) -> str:
        return RunKind(self.kind).label

    @property
    def will_pause(self) -> bool:
        """Whether its minutes will probably not be enough."""
        return self.estimate is not None and self.estimate.expected_seconds > self.limit_seconds


@dataclass(frozen=True, kw_only=True)
class ChainEstimate:
    """The estimates of runs that follow each other, and of them together."""

    runs: Sequence[RunEstimate]

    @property
    def whole(self) -> Estimate | None:
        return estimate_chain([one.estimate for one in self.runs])

    @property
    def limit(self) -> Decimal:
        return sum((one.limit for one in self.runs), Decimal(0))

    @property
    def will_pause(self) -> bool:
        return any(one.will_pause for one in self.runs)


def estimate_runs(
    *,
    study: Study,
    path: Path,
    num_labels: int | None,
    num_unlabelled: int = 0,
    plan: RunPlan,
) -> ChainEstimate:
    """Estimate what a request for runs will cost and how long it will take, before it is made.

    Parameters: `num_labels` None for all that the pool has; the rest as for start_annotate and start_distil.
    Returns: the runs in their order. One that an equal request made before would be shared and cost nothing.
    Raises: PriceMissing; TeacherUnusable.
    """
    price = device_price(study)
    seconds = plan.max_seconds
    ground = _Ground(study=study, plan=plan, num_labels=num_labels, num_unlabelled=num_unlabelled)
    planned = ground.annotate() if path == Path.ANNOTATE else ground.distil()
    return ChainEstimate(
        runs=[
            RunEstimate(
                kind=one.kind,
                estimate=_estimate(study, one, settings.RUN_DEVICE, price),
                limit=cost_of(seconds=Decimal(seconds), price=price),
                limit_seconds=seconds,
            )
            for one in planned
        ]
    )


def device_price(study: Study) -> Price:
    """Today's price of an hour of the device that runs are carried out on. Raises: PriceMissing."""
    scope = Scope(device=settings.RUN_DEVICE.partition(":")[0], budget=study.budget)
    return price_at(book=study.budget.price_book, kind=Kind.DEVICE_HOUR, at=timezone.now(), scope=scope)


def estimate_of(*, run: Run, price: Price) -> dict[str, Any] | None:
    """Estimate a run that was just requested, as its row keeps it."""
    found = _estimate(run.study, _as_planned(run), run.device, price)
    return to_json(found) if found else None


def to_json(estimate: Estimate) -> dict[str, Any]:
    values = asdict(estimate)
    return {**values, **{name: str(quantize(values[name])) for name in _AMOUNTS}}


def from_json(values: dict[str, Any] | None) -> Estimate | None:
    """Read what a run's row keeps; None where there was nothing to go by."""
    if not values:
        return None
    return Estimate(**{**values, **{name: Decimal(values[name]) for name in _AMOUNTS}})


def work_of(one: Planned) -> Work:
    """The rows that a run goes through, in each training of its search and from each seed."""
    if one.kind == RunKind.SCORE:
        return Work(num_read=one.num_labels + one.num_unlabelled)
    lengths = _learned_per_training(one)
    num_rates = max(len(one.search.get("learning_rates", ())), 1)
    further = one.search.get("num_seeds", 1) - 1
    # The training that is chosen is that of the first seed; the others may be as long as the longest.
    learned = num_rates * sum(lengths) + further * max(lengths)
    num_trainings = num_rates * len(lengths) + further
    gold = num_trainings * one.distillation.get("gold_epochs", 0) * one.num_labels
    return Work(num_learned=learned + gold, num_read=num_trainings * one.num_measured)


def _learned_per_training(one: Planned) -> list[int]:
    """The rows learned from in a training of each length that is tried."""
    rows = one.num_labels + (one.num_unlabelled if one.kind == RunKind.DISTIL else 0)
    steps, epochs = one.training.get("steps"), one.training.get("epochs")
    if steps and not one.search.get("epochs"):
        return [steps * one.training.get("batch_size", 1)]
    return [tried * rows for tried in one.search.get("epochs") or [epochs or 1]]


class _Ground:
    """The runs of a request that has not been made yet."""

    def __init__(self, *, study: Study, plan: RunPlan, num_labels: int | None, num_unlabelled: int) -> None:
        dev = labelled(study, Split.DEV).count()
        self._study, self._plan, self._has_dev = study, plan, dev > 0
        self._num_labels = labelled(study, Split.POOL).count() if num_labels is None else num_labels
        self._num_unlabelled = num_unlabelled
        self._num_measured = dev + labelled(study, Split.TEST).count()

    def annotate(self) -> list[Planned]:
        return [self._student(RunKind.FINETUNE_STUDENT, self._plan.for_student(), {}, num_unlabelled=0)]

    def distil(self) -> list[Planned]:
        plan = self._plan
        teacher = teacher_of(study=self._study, plan=plan)
        trained = Planned(
            kind=RunKind.FINETUNE_TEACHER,
            model=teacher.model,
            training=plan.for_teacher(),
            search=plan.teacher_search(has_dev=self._has_dev),
            num_labels=self._num_labels,
            num_measured=self._num_measured,
        )
        scored = Planned(
            kind=RunKind.SCORE,
            model=teacher.model,
            training=plan.for_scoring(),
            num_labels=self._num_labels,
            num_unlabelled=self._num_unlabelled,
        )
        student = self._student(
            RunKind.DISTIL, plan.for_distilling(), plan.distillation(), num_unlabelled=self._num_unlabelled
        )
        return [*([] if teacher.run else [trained]), scored, student]

    def _student(
        self, kind: RunKind, training: dict[str, Any], distillation: dict[str, Any], *, num_unlabelled: int
    ) -> Planned:
        return Planned(
            kind=kind,
            model=self._plan.student_model(self._study.student_model),
            training=training,
            search=self._plan.student_search(has_dev=self._has_dev),
            distillation=distillation,
            num_labels=self._num_labels,
            num_unlabelled=num_unlabelled,
            num_measured=self._num_measured,
        )


def _estimate(study: Study, one: Planned, device: str, price: Price) -> Estimate | None:
    ours, whose = _alike(one, device).filter(study=study), "this study"
    if not ours.exists():
        ours, whose = _alike(one, device).exclude(study=study), "other studies"
    history = [
        Done(work=work_of(_as_planned(run)), seconds=float(run.used))  # type: ignore[attr-defined]  # annotated
        for run in ours.select_related("snapshot", "dev", "test", "study")[:MOST_HISTORY]
    ]
    return estimate_run(work=work_of(one), history=history, rate_per_hour=price.rate, whose=whose)


def _alike(one: Planned, device: str) -> QuerySet[Run]:
    """Runs that succeeded, of the same kind and model on the same device, the latest first."""
    # A scoring run names no model of its own: its teacher is what its parent trained.
    model = Q(parents__model=one.model) if one.kind == RunKind.SCORE else Q(model=one.model)
    done = Run.objects.filter(model, kind=one.kind, device=device, state=RunState.SUCCEEDED)
    return done.annotate(used=Sum("attempts__device_seconds")).filter(used__gt=0).order_by("-pk")


def _as_planned(run: Run) -> Planned:
    measured = [fixed.num_rows for fixed in (run.dev, run.test) if fixed is not None]
    return Planned(
        kind=RunKind(run.kind),
        model=run.model or run.parents.values_list("model", flat=True).first() or run.study.teacher_model,
        training=run.training,
        search=run.search,
        distillation=run.distillation,
        num_labels=run.snapshot.num_examples if run.snapshot else 0,
        num_unlabelled=run.num_unlabelled,
        num_measured=0 if run.kind == RunKind.SCORE else sum(measured),
    )
