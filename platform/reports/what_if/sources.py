"""Each student's cost as a line over the price of a label, with its tokens at prices that are only asked about."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import cached_property

from django.db.models import Sum

from budgets.cost_kinds import TOKEN_KINDS, CostKind
from budgets.models import LedgerEntry, Path
from budgets.money import ZERO
from planning.label_prices import Cheapest, CostLine, cheapest_by_label_price
from reports.bills import BillSection, StudyLedger
from reports.points import Point, points_of
from studies.models import Label, SnapshotItem, Study


@dataclass(frozen=True, kw_only=True)
class StudentSource:
    """A student, where its labels come from, how many of them people gave or a file brought, and its other costs."""

    point: Point
    title: str
    line: CostLine


@dataclass(frozen=True, kw_only=True)
class SourceLine:
    """The student that is cheapest from a price of a label on, until another; None: for good."""

    student: StudentSource
    since: Decimal
    until: Decimal | None


@dataclass(frozen=True, kw_only=True)
class WhatIf:
    """The students of a study that reach a score, and which is the cheapest at which price of a label."""

    target: float
    students: Sequence[StudentSource]

    @cached_property
    def cheapest(self) -> list[SourceLine]:
        by_name = {one.line.name: one for one in self.students}
        found: list[Cheapest] = cheapest_by_label_price(lines=[one.line for one in self.students])
        return [SourceLine(student=by_name[one.line.name], since=one.since, until=one.until) for one in found]

    def best_at(self, label_price: Decimal) -> StudentSource | None:
        holding = [one for one in self.cheapest if one.until is None or label_price < one.until]
        return holding[0].student if holding else None


def what_if(*, study: Study, target: float | None = None, token_prices: Mapping[CostKind, Decimal]) -> WhatIf:
    """Price the students of a study again.

    Each label that people gave, or that was imported, counts at the price of a label; one of a language model, and
    every answer of one that teaches, at its tokens: at `token_prices` of 1,000 of a class, else at what was paid.
    Parameters: `target`, 0 to 1; None is what the best of the worst source reaches, so that each source is there.
    """
    ledger = StudyLedger(study)
    students = [_source(ledger, point, token_prices) for point in points_of(ledger)]
    if target is None:
        target = _common(students)
    return WhatIf(target=target, students=[one for one in students if one.point.utility >= target])


def _common(students: Sequence[StudentSource]) -> float:
    best: dict[str, float] = {}
    for one in students:
        best[one.title] = max(best.get(one.title, 0.0), one.point.utility)
    return min(best.values(), default=0.0)


def _source(ledger: StudyLedger, point: Point, token_prices: Mapping[CostKind, Decimal]) -> StudentSource:
    num_gold, num_by_model = _num_labels(ledger, point.run_id)
    paid = {kind: ZERO for kind in TOKEN_KINDS}
    for charge in point.bill.charges:
        if charge.kind in TOKEN_KINDS:
            paid[CostKind(charge.kind)] += charge.amount
    labels = sum((one.amount for one in point.bill.line(BillSection.LABELS).charges if one.kind not in paid), ZERO)
    tokens = _repriced(point, paid, token_prices)
    fixed = point.dollars - labels - sum(paid.values(), ZERO) + tokens
    title = _title(point, has_labels=num_gold > 0, has_model_labels=num_by_model > 0)
    line = CostLine(name=str(point.artifact_id), fixed=fixed, num_labels=num_gold)
    return StudentSource(point=point, title=title, line=line)


def _repriced(point: Point, paid: Mapping[CostKind, Decimal], token_prices: Mapping[CostKind, Decimal]) -> Decimal:
    entries = LedgerEntry.objects.filter(pk__in=point.bill.entry_ids, kind__in=list(token_prices))
    used = dict(entries.order_by().values_list("kind").annotate(Sum("quantity")))
    asked = sum((used.get(kind, ZERO) * price for kind, price in token_prices.items()), ZERO)
    return asked + sum((amount for kind, amount in paid.items() if kind not in token_prices), ZERO)


def _num_labels(ledger: StudyLedger, run_id: int) -> tuple[int, int]:
    """How many labels it or its ancestors trained on: of people or a file, and of a language model."""
    items = SnapshotItem.objects.filter(snapshot__runs__in=ledger.lineage(run_id=run_id))
    by_model = items.filter(source=Label.Source.LANGUAGE_MODEL).values("example").distinct().count()
    return items.values("example").distinct().count() - by_model, by_model


def _title(point: Point, *, has_labels: bool, has_model_labels: bool) -> str:
    if point.path == Path.DISTIL:
        return "Taught by a language model" if point.is_from_language_model else "Taught by a teacher"
    if not has_model_labels:
        return "Labels of people"
    return "Labels of people and a language model" if has_labels else "Labels of a language model"
