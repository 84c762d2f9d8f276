"""Shared costs, split: what each student's share is of labels, teachers and scoring that several students used.

The rule: what k trained students used is split among these k in equal parts. Entries that the same students used are
added up first and split once, by largest remainder, the first student taking the odd millionth; so that the shares of
all students and what no student used add up to what was spent, to the last digit.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import cached_property
from typing import NamedTuple

from budgets.money import ZERO, split
from reports.bills.bills import Bill, BillSection, Charge, StudyLedger
from runs.models import Artifact, ArtifactKind

RULE = (
    "A label or a run that several trained students used is in full in the bill of each. Their shares of it are "
    "equal, and add up to it exactly."
)


class SharedLine(NamedTuple):
    """One section of a student's bill: whole as the bill has it, and this student's share of it."""

    section: BillSection
    whole: Decimal
    share: Decimal


@dataclass(frozen=True, kw_only=True)
class StudentBill:
    """A student's bill of materials, with its share of what it has in common with others."""

    artifact: Artifact
    lines: tuple[SharedLine, ...]

    @property
    def whole(self) -> Decimal:
        return sum((line.whole for line in self.lines), ZERO)

    @property
    def share(self) -> Decimal:
        return sum((line.share for line in self.lines), ZERO)


class BillShare(NamedTuple):
    """A student that came from a teacher or a soft-label set, and its share of that one's bill."""

    artifact: Artifact
    share: Decimal


@dataclass(frozen=True)
class Sharing:
    """Who used what, of a study's trained students. `read` are these where many studies are asked for."""

    ledger: StudyLedger
    read: list[Artifact] | None = None

    @cached_property
    def students(self) -> list[Artifact]:
        if self.read is not None:
            return self.read
        found = Artifact.objects.filter(run__study=self.ledger.study, kind=ArtifactKind.STUDENT)
        return list(found.select_related("run").order_by("pk"))

    @cached_property
    def bills(self) -> list[StudentBill]:
        """Every trained student's bill with its shares, the first student first."""
        return [self._student_bill(student) for student in self.students]

    def bill(self, artifact: Artifact) -> StudentBill:
        return next(bill for bill in self.bills if bill.artifact == artifact)

    def uses(self, bill: Bill) -> list[BillShare]:
        """Split the bill of a teacher, or of soft labels, among the students that used it."""
        by_student: dict[int, Decimal] = defaultdict(lambda: ZERO)
        for line in bill.lines:
            for run_id, share in self._shares(line.charges).items():
                by_student[run_id] += share
        return [BillShare(one, by_student[one.run_id]) for one in self.students if one.run_id in by_student]

    def _student_bill(self, student: Artifact) -> StudentBill:
        lines = [
            SharedLine(line.section, line.amount, self._shares_by_part[line.section].get(student.run_id, ZERO))
            for line in self.ledger.bill(run_id=student.run_id).lines
        ]
        return StudentBill(artifact=student, lines=tuple(lines))

    @cached_property
    def _shares_by_part(self) -> Mapping[BillSection, Mapping[int, Decimal]]:
        """Each entry once: answers of a language model are labels to one student, and teaching to another."""
        amounts: dict[int, Decimal] = {}
        users: dict[int, dict[int, BillSection]] = defaultdict(dict)
        for student in self.students:
            for line in self.ledger.bill(run_id=student.run_id).lines:
                for charge in line.charges:
                    amounts[charge.entry_id] = charge.amount
                    users[charge.entry_id][student.run_id] = line.section
        sums: dict[Sequence[tuple[int, BillSection]], Decimal] = defaultdict(lambda: ZERO)
        for entry_id, sections in users.items():
            sums[tuple(sections.items())] += amounts[entry_id]
        shares: dict[BillSection, dict[int, Decimal]] = {one: defaultdict(lambda: ZERO) for one in BillSection}
        for places, amount in sums.items():
            for (run_id, section), part in zip(places, split(amount, [Decimal(1)] * len(places)), strict=True):
                shares[section][run_id] += part
        return shares

    def _shares(self, charges: Iterable[Charge]) -> dict[int, Decimal]:
        """Add up what the same students used, and split each sum among them."""
        sums: dict[Sequence[int], Decimal] = defaultdict(lambda: ZERO)
        for charge in charges:
            sums[self._users[charge.entry_id]] += charge.amount
        shares: dict[int, Decimal] = defaultdict(lambda: ZERO)
        for users, amount in sums.items():
            parts = split(amount, [Decimal(1)] * len(users)) if users else []
            for run_id, part in zip(users, parts, strict=True):
                shares[run_id] += part
        return shares

    @cached_property
    def _users(self) -> Mapping[int, Sequence[int]]:
        """The students' runs that used an entry, the first first."""
        users: dict[int, tuple[int, ...]] = defaultdict(tuple)
        for student in self.students:
            for entry_id in self.ledger.bill(run_id=student.run_id).entry_ids:
                users[entry_id] += (student.run_id,)
        return users
