"""What a recommendation rests on, read with few queries; by its key one is found again."""

from collections.abc import Mapping, Sequence
from dataclasses import astuple, dataclass
from decimal import Decimal
from functools import cached_property
from typing import Any, Self

from django.db.models import Max, Q
from django.utils import timezone

from budgets.cost_kinds import CostKind
from budgets.ledger import Headroom
from budgets.models import Budget, Path, Price
from budgets.prices import PriceMissing
from labeling.models import Annotation
from labeling.payment import Terms, terms_of
from labeling.publishing import publishable
from planning.policy import half_of_layers
from planning.surfaces import TEACHER, Cell
from reports.model_labels import Labeller, labeller_of
from reports.opinions import Opinions, opinion_places, opinions_of
from reports.points import Point, points
from reports.selection import SelectionBasis, selection_basis
from runs.checkpoints import num_layers
from runs.models import ArtifactKind, Evaluation, Run, RunKind, RunState
from runs.preflight import licence_of
from runs.queries import kept_layers, self_taught_runs
from runs.requests import device_price
from studies.hashing import digest
from studies.models import ChosenBy, PayBasis, Split, Study
from studies.queries import (
    awaiting_annotation,
    chosen,
    gold,
    num_by_model_of_snapshots,
    num_chosen_of_snapshots,
    num_opinions_of_snapshots,
    num_verified_of_snapshots,
    split_counts,
)

# To be raised when the same state would get other words.
METHOD = 10
STUDYS_TEACHER, OWN_CHECKPOINT = 0, 1
"""Who teaches a cell: the study's teacher, or the student's own checkpoint."""


@dataclass(frozen=True, kw_only=True)
class MeasuredTeacher:
    """A fine-tuned teacher with its score on test, 0 to 1; `is_studys`: of the study's own checkpoint.

    `num_chosen` of its labels are of examples that a model was least sure of, `num_opinions` rest on second opinions;
    `layers` are those that it keeps, none where it has all.
    """

    run_id: int
    num_labels: int
    num_chosen: int
    utility: float
    low: float
    high: float
    is_studys: bool
    layers: tuple[int, ...] = ()
    num_opinions: int = 0


@dataclass(frozen=True, kw_only=True)
class Pool:
    """Examples of the pool: labelled, published and not answered yet, to be published, and all.

    A language model labelled `num_by_model` more, which are none of `num_labels`; of the latter, it had given
    `num_verified` before people verified them, the least sure first.
    `chosen_places` are those of chosen examples among the labelled ones, in the order in which runs take them;
    `opinion_places` of those whose labels rest on second opinions.
    """

    num_labels: int
    num_open: int
    num_new: int
    num_examples: int
    num_by_model: int = 0
    chosen_places: tuple[int, ...] = ()
    num_open_chosen: int = 0
    opinion_places: tuple[int, ...] = ()
    num_verified: int = 0

    @property
    def num_there(self) -> int:
        """Labels there, and on their way."""
        return self.num_labels + self.num_open

    def num_chosen(self, num_labels: int) -> int:
        """How many of the first labels are of chosen examples; of more than there are, those on their way too."""
        labelled = sum(place < num_labels for place in self.chosen_places)
        return labelled + (self.num_open_chosen if num_labels > self.num_labels else 0)

    def num_opinions(self, num_labels: int) -> int:
        """How many of the first labels rest on second opinions."""
        return sum(place < num_labels for place in self.opinion_places)


@dataclass(frozen=True, kw_only=True)
class Money:
    """What the budget has left, and what labels, students and distillations may take of it by its caps."""

    available: Decimal
    labels: Decimal
    annotate: Decimal
    distil: Decimal
    is_stopped: bool

    def compute(self, path: Path) -> Decimal:
        """What runs of a path may take."""
        return self.annotate if path == Path.ANNOTATE else self.distil


@dataclass(frozen=True, kw_only=True)
class Situation:
    """All that decides a recommendation. `terms` and `device` are None where no price is set.

    `self_taught`: see `self_taught_runs`. `licences`: what is known of those of the checkpoints that may teach.
    """

    study: Study
    points: tuple[Point, ...]
    teachers: tuple[MeasuredTeacher, ...]
    hybrids: frozenset[int]
    under_way: frozenset[Cell]
    pool: Pool
    money: Money
    terms: Terms | None
    device: Price | None
    num_answers: int
    last_run: int
    has_test: bool
    self_taught: frozenset[int]
    licences: tuple[str, ...]
    selection: SelectionBasis
    opinions: Opinions
    labeller: Labeller | None

    @cached_property
    def key(self) -> str:
        """Equal for states that get the same words."""
        study, terms = self.study, self.terms
        return digest(
            METHOD,
            [_point_key(one) for one in self.points],
            [repr(one) for one in self.teachers],
            sorted(self.hybrids),
            sorted(self.self_taught),
            sorted(map(astuple, self.under_way)),
            repr(self.pool),
            [str(amount.normalize()) for amount in self._amounts],
            self.money.is_stopped,
            [terms.price.pk, terms.fee.pk if terms.fee else None] if terms else None,
            self.device.pk if self.device else None,
            (self.num_answers, self.last_run, self.has_test),
            (study.annotations_per_example, study.metric, str(study.worth_per_point), bool(study.monthly_requests)),
            [sorted(model.items()) for model in (study.student_model, study.teacher_model)],
            self.licences,
            repr(self.selection),
            repr(self.opinions),
            repr(self.labeller),
        )

    @cached_property
    def measured(self) -> frozenset[Cell]:
        """The cells that students and teachers were measured at; one that a language model taught measures none."""
        own = (one for one in self.points if not one.is_from_language_model)
        return frozenset([*map(self.cell_of, own), *map(self.cell_of_teacher, self.teachers)])

    def cell_of(self, point: Point) -> Cell:
        """Where a student was measured."""
        teacher = self._teacher(point.run_id)
        return Cell(
            point.num_labels,
            float(point.num_pseudo_labels),
            teacher,
            point.num_chosen,
            layers=len(point.layers),
            opinions=point.num_opinions,
            by_model=point.num_by_model,
            verified=point.num_verified,
        )

    def cell_of_teacher(self, teacher: MeasuredTeacher) -> Cell:
        """Where a teacher was measured."""
        who = self._teacher(teacher.run_id)
        layers = len(teacher.layers)
        return Cell(teacher.num_labels, TEACHER, who, teacher.num_chosen, layers, teacher.num_opinions)

    @cached_property
    def smaller(self) -> tuple[int, ...]:
        """The layers of the student that is on offer beside the whole one; empty where none is.

        Those that were measured last; else the first half, where requests are expected: nothing but serving tells for a
        student that is expected to score less.
        """
        carved = [point for point in self.points if point.layers]
        if carved:
            return max(carved, key=lambda point: point.run_id).layers
        return half_of_layers(num_layers(self.study.student_model)) if self.study.monthly_requests else ()

    def _teacher(self, run_id: int) -> int:
        return OWN_CHECKPOINT if run_id in self.self_taught else STUDYS_TEACHER

    @property
    def _amounts(self) -> Sequence[Decimal]:
        return self.money.available, self.money.labels, self.money.annotate, self.money.distil


def _point_key(point: Point) -> tuple[object, ...]:
    amounts = point.num_labels, point.num_pseudo_labels, point.num_by_model, point.num_verified, point.layers
    return point.artifact_id, *amounts, point.utility, point.low, point.high


def situation_of(study: Study, *, measured: Sequence[Point] | None = None) -> Situation:
    """Read the state of a study; `measured` are its points where they are read already."""
    found = points(study) if measured is None else measured
    counts = {one.split: one for one in split_counts(study)}
    runs = Run.objects.filter(study=study)
    students = runs.filter(kind__in=[RunKind.FINETUNE_STUDENT, RunKind.DISTIL])
    open_ones = runs.exclude(Q(state__in=RunState.ended()) | Q(kind=RunKind.SCORE)).select_related("snapshot")
    open_ones = open_ones.only("kind", "num_unlabelled", "model", "snapshot__num_examples")
    self_taught, marked = self_taught_runs(study), _Marked.of_study(study)
    chosen_by = _chosen_by(study)
    waiting = awaiting_annotation(study).filter(split=Split.POOL, label__isnull=True)
    return Situation(
        study=study,
        points=tuple(found),
        teachers=_teachers(study, marked),
        hybrids=frozenset(students.filter(distillation__gold_epochs__gt=0).values_list("pk", flat=True)),
        under_way=_under_way(list(open_ones), self_taught, marked),
        pool=Pool(
            num_labels=counts[Split.POOL].num_gold,
            num_open=waiting.count(),
            num_new=publishable(study=study, split=Split.POOL).count(),
            num_examples=counts[Split.POOL].num_examples,
            num_by_model=counts[Split.POOL].num_by_model,
            chosen_places=tuple(place for place, one in enumerate(chosen_by) if one != ChosenBy.CHANCE),
            num_open_chosen=waiting.exclude(chosen_by=ChosenBy.CHANCE).count(),
            opinion_places=opinion_places(study),
            num_verified=chosen_by.count(ChosenBy.VERIFICATION),
        ),
        money=_money(study),
        terms=_terms(study),
        device=_device(study),
        num_answers=Annotation.objects.filter(example__study=study).count(),
        last_run=runs.filter(state__in=RunState.ended()).aggregate(last=Max("pk"))["last"] or 0,
        has_test=counts[Split.TEST].num_labelled > 0,
        self_taught=self_taught,
        licences=tuple(_licence(model) for model in teachers_of(study)),
        selection=selection_basis(study),
        opinions=opinions_of(study),
        labeller=labeller_of(study),
    )


@dataclass(frozen=True, kw_only=True)
class _Marked:
    """By snapshot, how many of its labels a model chose, rest on second opinions, or were a model's and verified."""

    chosen: Mapping[int, int]
    opinions: Mapping[int, int]
    verified: Mapping[int, int]

    @classmethod
    def of_study(cls, study: Study) -> Self:
        return cls(
            chosen=num_chosen_of_snapshots(study),
            opinions=num_opinions_of_snapshots(study),
            verified=num_verified_of_snapshots(study),
        )

    def of(self, snapshot: int | None) -> tuple[int, int]:
        """Of the labels that a run trains on; none where it has no snapshot."""
        return self.chosen.get(snapshot or 0, 0), self.opinions.get(snapshot or 0, 0)


def teachers_of(study: Study) -> list[dict[str, Any]]:
    """The checkpoints that may teach: the study's teacher and, where it is another, the student's own."""
    own = [study.student_model] if study.student_model != study.teacher_model else []
    return [study.teacher_model, *own]


def _chosen_by(study: Study) -> list[str]:
    """Of each labelled example of the pool, in the order in which runs take them; empty where none is chosen."""
    return list(gold(study, Split.POOL).values_list("chosen_by", flat=True)) if chosen(study).exists() else []


def _under_way(runs: Sequence[Run], self_taught: frozenset[int], marked: _Marked) -> frozenset[Cell]:
    """What runs measure when they end."""
    by_model = num_by_model_of_snapshots({run.snapshot_id for run in runs if run.snapshot_id is not None})
    return frozenset(_cell_of(run, self_taught, marked, by_model.get(run.snapshot_id or 0, 0)) for run in runs)


def _cell_of(run: Run, self_taught: frozenset[int], marked: _Marked, by_model: int) -> Cell:
    is_teacher = run.kind == RunKind.FINETUNE_TEACHER
    teacher = OWN_CHECKPOINT if run.pk in self_taught else STUDYS_TEACHER
    pseudo_labels = TEACHER if is_teacher else float(run.num_unlabelled)
    num_chosen, num_opinions = marked.of(run.snapshot_id)
    verified = marked.verified.get(run.snapshot_id or 0, 0) if by_model else 0
    return Cell(
        run.num_labels,
        pseudo_labels,
        teacher,
        num_chosen - verified,
        len(kept_layers(run.model)),
        num_opinions,
        by_model,
        verified,
    )


def _teachers(study: Study, marked: _Marked) -> tuple[MeasuredTeacher, ...]:
    """Every fine-tuned teacher that was measured, the latest first."""
    measured = Evaluation.objects.comparable().filter(
        artifact__run__study=study, artifact__kind=ArtifactKind.TEACHER, split=Split.TEST, metric=study.metric
    )
    rows = measured.order_by("-artifact__run").values_list(
        *("artifact__run", "artifact__run__snapshot", "artifact__run__snapshot__num_examples"),
        *("value", "low", "high", "artifact__run__model"),
    )
    return tuple(
        MeasuredTeacher(
            run_id=run_id,
            num_labels=num_labels or 0,
            num_chosen=marked.of(snapshot)[0],
            num_opinions=marked.of(snapshot)[1],
            utility=value,
            low=low,
            high=high,
            is_studys=model == study.teacher_model,
            layers=kept_layers(model),
        )
        for run_id, snapshot, num_labels, value, low, high, model in rows
    )


def _money(study: Study) -> Money:
    budget = Budget.objects.get(pk=study.budget_id)
    room = Headroom(budget)
    kind = CostKind.LABELLING_HOUR if study.pay_basis == PayBasis.PER_HOUR else CostKind.LABEL
    return Money(
        available=Decimal(0) if budget.is_stopped else budget.available,
        labels=room.left(path=Path.ANNOTATE, kind=kind),
        annotate=room.left(path=Path.ANNOTATE, kind=CostKind.DEVICE_HOUR),
        distil=room.left(path=Path.DISTIL, kind=CostKind.DEVICE_HOUR),
        is_stopped=budget.is_stopped,
    )


def _terms(study: Study) -> Terms | None:
    try:
        return terms_of(study=study, at=timezone.now())
    except PriceMissing:
        return None


def _licence(model: dict[str, Any]) -> str:
    """What is known of a licence, and whether the model's outputs may train other models."""
    known = licence_of(model)
    return f"{known}: {known.outputs}"


def _device(study: Study) -> Price | None:
    try:
        return device_price(study)
    except PriceMissing:
        return None
