"""What a recommendation rests on, read with few queries; by its key one is found again."""

from collections.abc import Sequence
from dataclasses import astuple, dataclass
from decimal import Decimal
from functools import cached_property
from typing import Any

from django.db.models import Max, Q
from django.utils import timezone

from budgets.cost_kinds import CostKind
from budgets.ledger import Part, Room
from budgets.models import Budget, Path, Price
from budgets.prices import PriceMissing
from labeling.models import Annotation
from labeling.payment import Terms, terms_of
from labeling.publishing import publishable
from planning.policy import half_of_layers
from planning.posterior import num_compared
from planning.surfaces import TEACHER, Cell
from reports.bills import Choices, Chosen, StudyLedger
from reports.model_labels import Labeller, labeller_of
from reports.opinions import Opinions, opinion_places, opinions_of
from reports.points import Point, points_of
from reports.selection import SelectionBasis, selection_basis
from runs.checkpoints import num_layers
from runs.models import ArtifactKind, Evaluation, Run, RunKind, RunState
from runs.preflight import licence_of
from runs.queries import kept_layers, self_taught_runs
from runs.requests import device_price
from studies.hashing import digest
from studies.models import ChosenBy, Label, PayBasis, Split, Study
from studies.queries import awaiting_annotation, gold, labelled, split_counts

# To be raised when the same state would get other words.
METHOD = 11
STUDYS_TEACHER, OWN_CHECKPOINT = 0, 1
"""Who teaches a cell: the study's teacher, or the student's own checkpoint."""


@dataclass(frozen=True, kw_only=True)
class MeasuredTeacher:
    """A teacher with its score on test, 0 to 1; `is_studys`: of the study's own checkpoint.

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
    `num_verified` before people verified them, the least sure first. It gave `num_later` of the former after these were
    chosen.
    `chosen_places` are those of chosen examples among the labelled ones, in the order in which runs take them, where
    the model's labels are left out; beside these, `num_by_scores` are chosen. `opinion_places` are those of labels that
    rest on second opinions.
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
    num_later: int = 0
    num_by_scores: int = 0

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

    def num_later_of(self, by_model: int, *, to_verify: int) -> int:
        """How many count as given later of so many that a language model gave, once people verify some of these."""
        verified, there = self.num_verified, self.num_verified + by_model
        before = self.num_verified + self.num_by_model - self.num_later
        return there - num_compared(before=before, verified=verified, more=to_verify, there=there)


@dataclass(frozen=True, kw_only=True)
class Money:
    """What the budget has left, in all and by its caps; `label_kind` is what people's labels are paid for."""

    room: Room
    label_kind: CostKind
    is_stopped: bool

    @property
    def available(self) -> Decimal:
        return self.room.available

    def compute(self, path: Path, *, besides: Sequence[Part] = ()) -> Decimal:
        """What runs of a path may take beside other amounts."""
        return self.room.left(path=path, kind=CostKind.DEVICE_HOUR, besides=besides)

    def of_people(self, amount: Decimal) -> Part:
        return Part(amount=amount, path=Path.ANNOTATE, kinds=(self.label_kind,))

    def of_runs(self, amount: Decimal, path: Path) -> Part:
        return Part(amount=amount, path=path, kinds=(CostKind.DEVICE_HOUR,))

    def of_tokens(self, amount: Decimal) -> Part:
        return Part(amount=amount, path=Path.ANNOTATE, kinds=(CostKind.INPUT_TOKENS, CostKind.OUTPUT_TOKENS))


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
            [(cap.path, cap.kind) for cap in self.money.room.caps],
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
            later=point.num_later,
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
        return self.money.available, *(cap.left for cap in self.money.room.caps)


def _point_key(point: Point) -> tuple[object, ...]:
    amounts = point.num_labels, point.num_pseudo_labels, point.num_by_model, point.num_verified, point.num_later
    return point.artifact_id, *amounts, point.layers, point.utility, point.low, point.high


def situation_of(
    study: Study, *, ledger: StudyLedger | None = None, measured: Sequence[Point] | None = None
) -> Situation:
    """Read the state of a study; `ledger` and `measured`, its points, where they are read already."""
    runs = Run.objects.filter(study=study)
    students = runs.filter(kind__in=[RunKind.FINETUNE_STUDENT, RunKind.DISTIL])
    open_ones = runs.exclude(Q(state__in=RunState.ended()) | Q(kind=RunKind.SCORE)).select_related("snapshot")
    # Before the ledger, which then has each of them, whatever is started meanwhile.
    open_runs = list(open_ones.only("kind", "num_unlabelled", "model", "snapshot__num_examples"))
    ledger = ledger or StudyLedger(study)
    found = points_of(ledger) if measured is None else measured
    self_taught = self_taught_runs(study)
    return Situation(
        study=study,
        points=tuple(found),
        teachers=_teachers(ledger),
        hybrids=frozenset(students.filter(distillation__gold_epochs__gt=0).values_list("pk", flat=True)),
        under_way=frozenset(_cell_of(run, self_taught, ledger) for run in open_runs),
        pool=_pool(study, ledger),
        money=_money(study),
        terms=_terms(study),
        device=_device(study),
        num_answers=Annotation.objects.filter(example__study=study).count(),
        last_run=runs.filter(state__in=RunState.ended()).aggregate(last=Max("pk"))["last"] or 0,
        has_test=labelled(study, Split.TEST).exists(),
        self_taught=self_taught,
        licences=tuple(_licence(model) for model in teachers_of(study)),
        selection=selection_basis(study),
        opinions=opinions_of(study),
        labeller=labeller_of(study),
    )


def teachers_of(study: Study) -> list[dict[str, Any]]:
    """The checkpoints that may teach: the study's teacher and, where it is another, the student's own."""
    own = [study.student_model] if study.student_model != study.teacher_model else []
    return [study.teacher_model, *own]


def _pool(study: Study, ledger: StudyLedger) -> Pool:
    counts = next(one for one in split_counts(study) if one.split == Split.POOL)
    waiting = awaiting_annotation(study).filter(split=Split.POOL, label__isnull=True)
    alone, beside = _chosen(study, ledger)
    return Pool(
        num_labels=counts.num_gold,
        num_open=waiting.count(),
        num_new=publishable(study=study, split=Split.POOL).count(),
        num_examples=counts.num_examples,
        num_by_model=counts.num_by_model,
        chosen_places=alone,
        num_open_chosen=waiting.exclude(chosen_by=ChosenBy.CHANCE).count(),
        opinion_places=opinion_places(study),
        num_verified=len(beside.verified),
        num_later=beside.num_later,
        num_by_scores=len(beside.by_scores),
    )


def _chosen(study: Study, ledger: StudyLedger) -> tuple[tuple[int, ...], Chosen]:
    """The places of chosen examples among people's labels alone, and what was chosen beside a language model's."""
    if ledger.choices == Choices():
        return (), ledger.choices.among(by_people=set(), by_model=set())
    order = list(gold(study, Split.POOL).values_list("pk", flat=True))
    by_model = labelled(study, Split.POOL).filter(label__source=Label.Source.LANGUAGE_MODEL)
    beside = ledger.choices.among(by_people=set(order), by_model=set(by_model.values_list("pk", flat=True)))
    alone = ledger.choices.among(by_people=set(order), by_model=set())
    return tuple(place for place, pk in enumerate(order) if pk in alone.chosen), beside


def _cell_of(run: Run, self_taught: frozenset[int], ledger: StudyLedger) -> Cell:
    """What a run measures when it ends."""
    is_teacher = run.kind == RunKind.FINETUNE_TEACHER
    labels = ledger.labels(run_id=run.pk)
    return Cell(
        run.num_labels,
        TEACHER if is_teacher else float(run.num_unlabelled),
        OWN_CHECKPOINT if run.pk in self_taught else STUDYS_TEACHER,
        labels.num_chosen,
        len(kept_layers(run.model)),
        labels.num_opinions,
        labels.num_by_model,
        labels.num_verified,
        labels.num_later,
    )


def _teachers(ledger: StudyLedger) -> tuple[MeasuredTeacher, ...]:
    """Every teacher that was measured, the latest first; one of no labels reads the label names."""
    study = ledger.study
    measured = Evaluation.objects.comparable().filter(
        artifact__run__study=study, artifact__kind=ArtifactKind.TEACHER, split=Split.TEST, metric=study.metric
    )
    rows = measured.order_by("-artifact__run").values_list(
        *("artifact__run", "artifact__run__snapshot__num_examples"),
        *("value", "low", "high", "artifact__run__model"),
    )
    return tuple(
        MeasuredTeacher(
            run_id=run_id,
            num_labels=num_labels or 0,
            num_chosen=ledger.labels(run_id=run_id).num_chosen,
            num_opinions=ledger.labels(run_id=run_id).num_opinions,
            utility=value,
            low=low,
            high=high,
            is_studys=model == study.teacher_model,
            layers=kept_layers(model),
        )
        for run_id, num_labels, value, low, high, model in rows
    )


def _money(study: Study) -> Money:
    budget = Budget.objects.get(pk=study.budget_id)
    kind = CostKind.LABELLING_HOUR if study.pay_basis == PayBasis.PER_HOUR else CostKind.LABEL
    return Money(room=Room.of(budget), label_kind=kind, is_stopped=budget.is_stopped)


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
