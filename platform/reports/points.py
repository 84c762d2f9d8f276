"""What each trained student cost and reached, and how it stands beside the others of its study."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from functools import cached_property
from itertools import groupby
from typing import Any

from budgets.models import Path
from planning.utility import MeasuredOutcome, Slope, marginal_utilities, pareto_frontier, utility_per_dollar
from reports.bills import (
    OVER_EXAMPLES,
    BaselineScore,
    Bill,
    Charges,
    StudyLedger,
    TrialRecord,
    best_of,
    compare_to_baselines,
    read_result,
    zero_of,
)
from reports.formatting import MoneyFormat, adding_up, percent
from runs.models import ArtifactKind, Evaluation
from runs.queries import kept_layers
from runs.results import BaselineComparison, LabelSpread, words_of_interval
from studies.models import Split, Study
from studies.task_types import metric_title

_NO_CHARGES = Charges(charges=())


@dataclass(frozen=True, kw_only=True)
class Point:
    """A trained student on the report: its bill of materials, and its utility on the frozen test split.

    Utilities are in the metric's unit (0 to 1), figures per dollar in utility per unit of `currency`. The utility is
    the mean over `num_seeds` trainings with the settings `chosen`, which `num_teachers` taught where it was distilled;
    its dollars are those of all of them together. `interval_over` says what its interval holds, and
    `over_labels` is the wider one that holds other labels too, where that was measured.
    `num_chosen` of its labels are of examples that a model was least sure of, and no random ones; `num_opinions` rest
    on second opinions; a language model gave `num_by_model` of them, and `num_verified` more that people verified, the
    least sure first, and `num_later` of the former after these were chosen. `layers` are those of its checkpoint that
    it was carved from, none where it has all.
    Figures per dollar count from `zero`, one for all students of a study. `dev` are the labels that chose rates and
    steps: they are in no bill.
    """

    artifact_id: int
    run_id: int
    path: Path
    num_labels: int
    num_pseudo_labels: int
    bill: Bill
    currency: str
    metric: str
    utility: float
    low: float
    high: float
    baseline: float | None
    utility_per_dollar: float | None = None
    num_chosen: int = 0
    num_opinions: int = 0
    num_by_model: int = 0
    num_verified: int = 0
    num_later: int = 0
    layers: tuple[int, ...] = ()
    num_examples: int = 0
    num_seeds: int = 1
    num_teachers: int = 0
    is_trained: bool = True
    chosen: TrialRecord | None = None
    over_labels: LabelSpread | None = None
    baselines: tuple[BaselineScore, ...] = ()
    metric_title: str = ""
    dev: Charges = _NO_CHARGES
    zero: BaselineScore | None = None
    marginal: Slope | None = None
    on_frontier: bool = False

    @property
    def dollars(self) -> Decimal:
        return self.bill.total

    @property
    def with_dev(self) -> Decimal:
        """Its dollars and those of the dev labels that chose its rates and steps."""
        return self.dollars + self.dev.amount

    @property
    def marginal_utility(self) -> float | None:
        """The slope, where it is clear that it is one."""
        return self.marginal.value if self.marginal is not None and self.marginal.is_clear else None

    @property
    def interval_over(self) -> str:
        if not self.is_trained:
            return OVER_EXAMPLES
        return words_of_interval(num_seeds=self.num_seeds, num_teachers=self.num_teachers)

    @property
    def is_single_seed(self) -> bool:
        """Whether another seed of the same training might give something else than its interval says."""
        return self.is_trained and self.num_seeds == 1

    @cached_property
    def money_format(self) -> MoneyFormat:
        """In which the parts of its bill, and its dollars with dev, add up as they are written."""
        parts = [line.amount for line in self.bill.lines]
        return adding_up(self.currency, parts, (self.dollars, self.dev.amount))

    @cached_property
    def is_from_language_model(self) -> bool:
        """Whether answers of a language model taught it; labels that one gave are labels like others."""
        return self.bill.has_language_model and not self.num_by_model

    @cached_property
    def is_replay(self) -> bool:
        return self.bill.has_replay

    @cached_property
    def warning(self) -> str:
        """What to say of a student that an answer without training matches; empty where it is clearly better."""
        best = best_of(self.baselines)
        comparison = compare_to_baselines(utility=self.utility, low=self.low, baselines=self.baselines)
        if best is None or comparison == BaselineComparison.ABOVE:
            return ""
        answer = f" (“{best.answer}”)" if best.answer else ""
        return f"{comparison.value} the {best.title.lower()}{answer}, {percent(best.value)}"


def points(study: Study) -> list[Point]:
    """Every trained student with a test evaluation in the study's metric, by path, then by cost."""
    return points_of(StudyLedger(study))


def points_of(ledger: StudyLedger) -> list[Point]:
    study = ledger.study
    evaluations = Evaluation.objects.comparable().filter(
        artifact__run__study=study, artifact__kind=ArtifactKind.STUDENT, split=Split.TEST, metric=study.metric
    )
    # Rows, not models: there are hundreds, each with its run and its artifact.
    rows = evaluations.values(
        *("value", "low", "high", "baseline", "num_examples", "artifact", "artifact__result"),
        *("artifact__num_pseudo_labels", "artifact__run", "artifact__run__path", "artifact__run__model"),
    )
    found = [_point(ledger, row) for row in rows]
    found.sort(key=lambda point: (point.path, point.dollars, point.artifact_id))
    return _beside_each_other(found)


def _point(ledger: StudyLedger, row: Mapping[str, Any]) -> Point:
    run_id, study, result = row["artifact__run"], ledger.study, read_result(row["artifact__result"])
    labels = ledger.labels(run_id=run_id)
    return Point(
        artifact_id=row["artifact"],
        run_id=run_id,
        path=Path(row["artifact__run__path"]),
        num_labels=labels.num,
        num_chosen=labels.num_chosen,
        num_opinions=labels.num_opinions,
        num_by_model=labels.num_by_model,
        num_verified=labels.num_verified,
        num_later=labels.num_later,
        num_pseudo_labels=row["artifact__num_pseudo_labels"],
        layers=kept_layers(row["artifact__run__model"]),
        bill=ledger.bill(run_id=run_id),
        dev=ledger.dev_charges(run_id=run_id),
        currency=study.budget.currency,
        metric=study.metric,
        utility=row["value"],
        low=row["low"],
        high=row["high"],
        baseline=row["baseline"],
        num_examples=row["num_examples"],
        num_seeds=result.num_seeds,
        num_teachers=result.num_teachers,
        is_trained=result.is_trained,
        chosen=result.chosen,
        over_labels=result.over_labels.get(study.metric),
        baselines=result.baselines,
        metric_title=metric_title(task_type=study.task_type, metric=study.metric),
    )


def _beside_each_other(found: Sequence[Point]) -> list[Point]:
    """Each with what the others of its study decide: where figures per dollar begin, its slope, the frontier.

    Every student counts from the best that any of them was measured beside and that costs nothing.
    """
    zero = zero_of(one for point in found for one in _beside(point))
    slopes, outcomes = [], _outcomes(found)
    for _, group in groupby(zip(found, outcomes, strict=True), key=lambda pair: pair[0].path):
        slopes += marginal_utilities(outcomes=[outcome for _, outcome in group])
    best = set(pareto_frontier(outcomes=outcomes))
    return [
        replace(
            point,
            zero=zero,
            utility_per_dollar=None if zero is None else _per_dollar(point, zero),
            marginal=slope,
            on_frontier=place in best,
        )
        for place, (point, slope) in enumerate(zip(found, slopes, strict=True))
    ]


def _per_dollar(point: Point, zero: BaselineScore) -> float | None:
    return utility_per_dollar(utility=point.utility, baseline=zero.value, dollars=point.dollars)


def _beside(point: Point) -> Sequence[BaselineScore]:
    """Return its baselines; of an earlier trainer's result the majority class alone."""
    if point.baselines or point.baseline is None:
        return point.baselines
    return [BaselineScore(name="majority", answer="", value=point.baseline)]


def _outcomes(found: Sequence[Point]) -> list[MeasuredOutcome]:
    return [
        MeasuredOutcome(
            dollars=point.dollars,
            utility=point.utility,
            low=point.low,
            high=point.high,
            num_labels=point.num_labels,
        )
        for point in found
    ]
