"""What each trained student cost and reached, and what was spent without reaching any."""

from collections.abc import Collection, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from decimal import Decimal
from functools import cached_property

from django.db import connection, models, transaction
from django.db.models import QuerySet

from budgets.cost_kinds import CostKind, SourceType
from budgets.models import Budget, LedgerEntry
from budgets.money import ZERO
from labeling.models import Annotation
from reports.bills import (
    BaselineScore,
    BillSection,
    Charge,
    Charges,
    StudyLedger,
    bill_of,
)
from reports.formatting import MoneyFormat, adding_up, percent
from reports.points import Point, points_of
from reports.sources import type_of
from runs.models import Artifact, ArtifactKind
from studies.models import Split, Study


class Reason(models.TextChoices):
    """Why an entry is in no trained student's bill."""

    EVALUATION = "evaluation", "Labels of the dev and test splits: they measure every student and train none"
    LABELS = "labels", "Labels that no trained student has used"
    SKIPS = "skips", "Skips that were paid"
    RUNS = "runs", "Runs that led to no trained student"
    OTHER = "other", "Costs of no label and no run"


@dataclass(frozen=True, kw_only=True)
class UnusedGroup(Charges):
    reason: Reason


@dataclass(frozen=True, kw_only=True)
class UnusedCosts:
    """Entries in no trained student's bill, by reason; a group with no entries is left out."""

    groups: tuple[UnusedGroup, ...]

    @property
    def amount(self) -> Decimal:
        return sum((group.amount for group in self.groups), ZERO)

    @property
    def entry_ids(self) -> list[int]:
        return [entry_id for group in self.groups for entry_id in group.entry_ids]


@dataclass(frozen=True, kw_only=True)
class BaselineRange:
    """A baseline of one kind, over all students that were measured beside it.

    Its value hangs on the training data, so that students may have different ones, from `low` to `high`. `matches` are
    the students whose intervals reach down to the value beside which they were measured.
    """

    title: str
    answers: tuple[str, ...]
    low: float
    high: float
    matches: tuple[int, ...]

    @property
    def value(self) -> str:
        """In percent, as a range where it differs."""
        low, high = percent(self.low), percent(self.high)
        return low if low == high else f"{low} to {high}"


@dataclass(frozen=True, kw_only=True)
class Report:
    """All points of a study and all that no point paid for, read at one moment.

    `used` counts an entry once, in however many bills it is: used + unused.amount == spent.
    """

    study: Study
    points: tuple[Point, ...]
    used: Decimal
    unused: UnusedCosts
    spent: Decimal

    @property
    def money_format(self) -> MoneyFormat:
        """In which what was used and what was not add up as they are written."""
        unused = [group.amount for group in self.unused.groups]
        return adding_up(self.study.budget.currency, [self.used, *unused], unused)

    @property
    def zero(self) -> BaselineScore | None:
        """What every figure per dollar counts from."""
        return next((point.zero for point in self.points), None)

    @property
    def has_single_seeds(self) -> bool:
        """Whether an interval of a student holds other examples only, and not other seeds."""
        return any(point.is_single_seed for point in self.points)

    @property
    def has_chosen_labels(self) -> bool:
        """Whether a student was trained on labels of examples that a model chose."""
        return any(point.num_chosen for point in self.points)

    @property
    def reconciles(self) -> bool:
        return self.used + self.unused.amount == self.spent

    @cached_property
    def baselines(self) -> list[BaselineRange]:
        """Each kind of baseline that any student was measured beside, best first."""
        beside: dict[str, list[tuple[Point, BaselineScore]]] = {}
        for point in self.points:
            for one in point.baselines:
                beside.setdefault(one.title, []).append((point, one))
        found = [_matched(title, pairs) for title, pairs in beside.items()]
        return sorted(found, key=lambda row: (-row.high, -row.low, row.title))


def _matched(title: str, beside: Sequence[tuple[Point, BaselineScore]]) -> BaselineRange:
    values = [one.value for _, one in beside]
    return BaselineRange(
        title=title,
        answers=tuple(dict.fromkeys(one.answer for _, one in beside if one.answer)),
        low=min(values),
        high=max(values),
        matches=tuple(point.artifact_id for point, one in beside if point.low <= one.value),
    )


@dataclass(frozen=True, kw_only=True)
class BilledTotals:
    """What a study's entries add up to, each counted once: those in a bill of its trained students, and the others."""

    used_ids: frozenset[int]
    used: Decimal
    unused: Decimal


def billed_totals(*, ledger: StudyLedger, run_ids: Iterable[int]) -> BilledTotals:
    """Add up what trained students, named by their runs, used and what none of them did."""
    # Bills of the same labels share a line.
    lines = {id(line): line for run_id in run_ids for line in ledger.bill(run_id=run_id).lines}
    ids = frozenset(entry_id for line in lines.values() for entry_id in line.entry_ids)
    used = sum((charge.amount for charge in ledger.charges if charge.entry_id in ids), ZERO)
    unused = sum((charge.amount for charge in ledger.charges if charge.entry_id not in ids), ZERO)
    return BilledTotals(used_ids=ids, used=used, unused=unused)


def report_of(study: Study, *, ledger: StudyLedger | None = None) -> Report:
    """Read the report; `ledger` is the study's where more is asked of it, not read before."""
    with one_moment():
        ledger = ledger or StudyLedger(study)
        use = billed_totals(ledger=ledger, run_ids=_student_runs(study))
        return Report(
            study=study,
            points=tuple(points_of(ledger)),
            used=use.used,
            unused=_unused(ledger, use.used_ids),
            spent=Budget.objects.get(pk=study.budget_id).spent,
        )


def unused_entries(study: Study) -> UnusedCosts:
    ledger = StudyLedger(study)
    return _unused(ledger, billed_totals(ledger=ledger, run_ids=_student_runs(study)).used_ids)


def entries_of(*, artifact: Artifact, section: BillSection | None = None) -> QuerySet[LedgerEntry]:
    """The ledger entries behind an artifact's dollars, or behind one section of its bill, latest first."""
    bill = bill_of(artifact=artifact)
    ids = bill.entry_ids if section is None else bill.line(section).entry_ids
    return LedgerEntry.objects.filter(pk__in=ids).order_by("-occurred_at", "-pk")


@contextmanager
def one_moment() -> Iterator[None]:
    """Read everything inside as it was at one moment, though work continues; inside a transaction, as that sees it."""
    if connection.in_atomic_block:
        yield
        return
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
        yield


def _student_runs(study: Study) -> list[int]:
    students = Artifact.objects.filter(run__study=study, kind=ArtifactKind.STUDENT)
    return list(students.values_list("run_id", flat=True))


def _unused(ledger: StudyLedger, used_ids: Collection[int]) -> UnusedCosts:
    charges: dict[Reason, list[Charge]] = {reason: [] for reason in Reason}
    paid = Annotation.objects.filter(example__study=ledger.study, entry__isnull=False)
    held_out = paid.exclude(example__split=Split.POOL)
    evaluating = set(held_out.values_list("entry__subject_key", flat=True))
    skips = _subjects_of(ledger, CostKind.SKIP) - _subjects_of(ledger, CostKind.LABEL, CostKind.LABELLING_HOUR)
    for charge in ledger.charges:
        if charge.entry_id not in used_ids:
            charges[_reason(charge, skips, evaluating)].append(charge)
    return UnusedCosts(
        groups=tuple(UnusedGroup(reason=reason, charges=tuple(group)) for reason, group in charges.items() if group)
    )


def _reason(charge: Charge, skips: set[str], evaluating: set[str]) -> Reason:
    if charge.subject_key in skips:
        return Reason.SKIPS
    if charge.subject_key in evaluating:
        return Reason.EVALUATION
    if charge.work_key:
        return Reason.RUNS
    return Reason.LABELS if type_of(charge.subject_key) == SourceType.ANNOTATION else Reason.OTHER


def _subjects_of(ledger: StudyLedger, *kinds: CostKind) -> set[str]:
    return {charge.subject_key for charge in ledger.charges if charge.kind in kinds}
