"""Bills of materials: the ledger entries that produced a trained student, found by lineage.

snapshot -> its labels' accepted annotations -> their entries; run -> its attempts -> their entries; parents likewise.
snapshot -> its examples that a model chose -> the run that scored them -> its entries, without those of its parents.
Entries are found by their subject keys, or, where a caller named its own subject, by their work keys.
An entry counts once in a bill, with its reversal beside it, so that a reversed label costs nothing.
"""

import json
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import cached_property
from typing import NamedTuple, TypeVar

from django.db import models
from django.db.models.functions import Cast

from budgets.cost_kinds import TOKEN_KINDS, CostKind, SourceType
from budgets.models import LedgerEntry, Origin
from budgets.money import ZERO
from connections.models import AnswerUse
from labeling.models import Annotation
from reports.bills.choices import Choices
from reports.sources import type_of
from runs.models import Artifact, Attempt, Run, RunKind, attempt_key
from studies.models import Label, SnapshotItem, Study

K = TypeVar("K")
T = TypeVar("T")


class BillSection(models.TextChoices):
    """What a line of a bill pays for."""

    LABELS = "labels", "Labels"
    TEACHER_TRAINING = "teacher_training", "Teacher training"
    TEACHER_SCORING = "teacher_scoring", "Scoring"
    STUDENT_TRAINING = "student_training", "Student training"


SECTION_OF_RUN = {
    RunKind.FINETUNE_TEACHER: BillSection.TEACHER_TRAINING,
    RunKind.SCORE: BillSection.TEACHER_SCORING,
    RunKind.DISTIL: BillSection.STUDENT_TRAINING,
    RunKind.FINETUNE_STUDENT: BillSection.STUDENT_TRAINING,
}


class Charge(NamedTuple):
    """A ledger entry as a bill shows it: thousands are read at once, so only these columns."""

    entry_id: int
    subject_key: str
    work_key: str
    kind: str
    amount: Decimal
    origin: str


@dataclass(frozen=True, kw_only=True)
class Charges:
    """Ledger entries that a report groups."""

    charges: tuple[Charge, ...]

    @cached_property
    def amount(self) -> Decimal:
        return sum((charge.amount for charge in self.charges), ZERO)

    @property
    def entry_ids(self) -> list[int]:
        return [charge.entry_id for charge in self.charges]

    @cached_property
    def has_replay(self) -> bool:
        """Whether any of it stands for labels that were replayed, not bought."""
        return any(charge.origin == Origin.REPLAY for charge in self.charges)

    @cached_property
    def has_tokens(self) -> bool:
        """Whether any of it was paid for tokens of a language model."""
        return any(charge.kind in TOKEN_KINDS for charge in self.charges)


@dataclass(frozen=True, kw_only=True)
class BillLine(Charges):
    section: BillSection

    @property
    def by_token_class(self) -> list[tuple[CostKind, Decimal]]:
        """What of it was paid for tokens, class by class."""
        sums: dict[CostKind, Decimal] = {}
        for charge in self.charges:
            if charge.kind in TOKEN_KINDS:
                kind = CostKind(charge.kind)
                sums[kind] = sums.get(kind, ZERO) + charge.amount
        return [(kind, sums[kind]) for kind in TOKEN_KINDS if kind in sums]


@dataclass(frozen=True, kw_only=True)
class Bill:
    """One line per section, in their order; a section that cost nothing is there with no charges."""

    lines: tuple[BillLine, ...]

    @cached_property
    def total(self) -> Decimal:
        return sum((line.amount for line in self.lines), ZERO)

    def line(self, section: BillSection) -> BillLine:
        return next(line for line in self.lines if line.section == section)

    @property
    def charges(self) -> Iterator[Charge]:
        return (charge for line in self.lines for charge in line.charges)

    @property
    def entry_ids(self) -> list[int]:
        return [charge.entry_id for charge in self.charges]

    @property
    def has_language_model(self) -> bool:
        """Whether answers of a language model taught it."""
        return any(line.has_tokens for line in self.lines)

    @property
    def has_replay(self) -> bool:
        return any(line.has_replay for line in self.lines)


class _RunNode(NamedTuple):
    kind: RunKind
    snapshot_id: int | None
    dev_id: int | None


class TrainingLabels(NamedTuple):
    """Labels that a run or its ancestors trained on, those that a model chose, and the keys of who scored these.

    `num_opinions` of them rested on second opinions (none where the study asks for several annotations of each);
    `num_by_model` were given by a language model. It had given
    `num_verified` more before people verified them, the least sure first, and `num_later` of its own after these were
    chosen; those verified count as chosen where none is its own.
    """

    num: int
    num_chosen: int
    num_opinions: int
    num_by_model: int
    num_verified: int
    num_later: int
    scores_keys: tuple[str, ...]


@dataclass(frozen=True)
class LedgerRows:
    """All that studies paid for, and all that their runs were made of, in eight queries, however many or large."""

    studies: Sequence[Study]

    @cached_property
    def charges(self) -> dict[int, list[Charge]]:
        """By budget."""
        budgets = [study.budget_id for study in self.studies]
        rows = LedgerEntry.objects.filter(budget__in=budgets).order_by("pk")
        columns = rows.values_list("pk", "subject_key", "work_key", "kind", "amount", "origin", "budget_id")
        return _grouped((row[-1], Charge(*row[:-1])) for row in columns)

    @cached_property
    def runs(self) -> dict[int, list[tuple[int, _RunNode]]]:
        """By study."""
        rows = Run.objects.filter(study__in=self.studies).values_list("study_id", "pk", "kind", "snapshot_id", "dev_id")
        return _grouped((study_id, (pk, _RunNode(RunKind(kind), *lists))) for study_id, pk, kind, *lists in rows)

    @cached_property
    def parents(self) -> dict[int, list[int]]:
        """By run."""
        links = Run.parents.through.objects.filter(from_run__study__in=self.studies).order_by("to_run_id")
        return _grouped(links.values_list("from_run_id", "to_run_id"))

    @cached_property
    def attempt_keys(self) -> dict[int, list[str]]:
        """By run."""
        attempts = Attempt.objects.filter(run__study__in=self.studies).order_by("number")
        rows = attempts.values_list("run_id", "number")
        return _grouped((run, attempt_key(run_id=run, number=number)) for run, number in rows)

    @cached_property
    def used_batches(self) -> dict[str, list[str]]:
        """By the key of a run: the subjects of batches of answers that other runs bought, and it used."""
        uses = AnswerUse.objects.filter(batch__budget__in=[study.budget_id for study in self.studies]).order_by("pk")
        return _grouped((use.work_key, use.batch.source_key) for use in uses.select_related("batch"))

    @cached_property
    def items(self) -> dict[int, list[tuple[int, list[str]]]]:
        """By snapshot that a run trained on: its examples, with the source keys of their labels."""
        used = {node.snapshot_id for runs in self.runs.values() for _, node in runs if node.snapshot_id is not None}
        items = SnapshotItem.objects.filter(snapshot_id__in=used).order_by("pk")
        rows = list(items.values_list("snapshot_id", "example_id", as_text("source_keys")))
        keys = read_lists([text for _, _, text in rows])
        return _grouped((row[0], (row[1], of_one)) for row, of_one in zip(rows, keys, strict=True))

    @cached_property
    def by_model(self) -> dict[int, list[int]]:
        """By snapshot: its examples whose label a language model gave."""
        given = SnapshotItem.objects.filter(snapshot__study__in=self.studies, source=Label.Source.LANGUAGE_MODEL)
        return _grouped(given.order_by("pk").values_list("snapshot_id", "example_id"))

    @cached_property
    def choices(self) -> dict[int, Choices]:
        """By study, where a model chose any example."""
        return Choices.of_studies(self.studies)

    @cached_property
    def dev_keys(self) -> dict[int, list[str]]:
        """By snapshot that a run was selected on: the subject keys of its paid annotations."""
        used = {node.dev_id for runs in self.runs.values() for _, node in runs if node.dev_id is not None}
        paid = Annotation.objects.filter(example__snapshot_items__snapshot_id__in=used, entry__isnull=False)
        rows = paid.order_by("pk").values_list("example__snapshot_items__snapshot_id", "entry__subject_key")
        return _grouped((snapshot, key) for snapshot, key in rows if snapshot in used)


@dataclass(frozen=True)
class StudyLedger:
    """What one study paid for, and what its runs were made of. `read` has the rows where many studies are asked for."""

    study: Study
    read: LedgerRows | None = None

    def bill(self, *, run_id: int) -> Bill:
        """Collect the entries of a run, its ancestors, the labels that any of them trained on, and what chose these."""
        if run_id not in self._bills:
            self._bills[run_id] = self._collect(run_id)
        return self._bills[run_id]

    def dev_charges(self, *, run_id: int) -> Charges:
        """Collect the entries of the dev labels that chose the steps and settings of a run and of its ancestors.

        They train nothing and serve every student, so that they are beside a bill and never in it.
        """
        lists = {self._runs[ancestor].dev_id for ancestor in self.lineage(run_id=run_id)} - {None}
        snapshots = tuple(sorted(filter(None, lists)))
        if snapshots not in self._dev_charges:
            keys = dict.fromkeys(key for snapshot in snapshots for key in self._rows.dev_keys[snapshot])
            self._dev_charges[snapshots] = Charges(charges=tuple(self._charges(keys)))
        return self._dev_charges[snapshots]

    def label_charges(self, *, source_keys: Iterable[str]) -> Charges:
        """Collect the entries of labels, each once, as a bill of what trains on them has them."""
        return Charges(charges=tuple(self._charges(dict.fromkeys(source_keys))))

    def scores_charges(self, *, scores_keys: Collection[str]) -> Charges:
        """Collect the entries of runs whose scores chose labels, as a bill of what trains on these has them."""
        charges = [charge for one in self._scoring_runs(scores_keys) for charge in self._of_run(one)]
        return Charges(charges=tuple(charges))

    @cached_property
    def choices(self) -> Choices:
        return self._rows.choices.get(self.study.pk, Choices())

    def labels(self, *, run_id: int) -> TrainingLabels:
        """Count the examples whose labels a run or its ancestors trained on."""
        snapshots = tuple(self._snapshots(self.lineage(run_id=run_id)))
        if snapshots not in self._labels_by_snapshots:
            labels = {example: keys for snapshot in snapshots for example, keys in self._rows.items[snapshot]}
            by_model = set[int]().union(*(self._rows.by_model.get(snapshot, ()) for snapshot in snapshots))
            # Of those that wait for people, a language model's label was taken.
            chosen = self.choices.among(by_people=labels.keys() - by_model, by_model=by_model)
            has_several = self.study.annotations_per_example > 1
            self._labels_by_snapshots[snapshots] = TrainingLabels(
                num=len(labels),
                num_chosen=len(chosen.chosen),
                # A label of a language model has one key, its batch.
                num_opinions=0 if has_several else sum(len(keys) > 1 for keys in labels.values()),
                num_by_model=len(by_model),
                num_verified=len(chosen.verified),
                num_later=chosen.num_later,
                scores_keys=chosen.scores_keys,
            )
        return self._labels_by_snapshots[snapshots]

    @cached_property
    def charges(self) -> list[Charge]:
        return self._rows.charges.get(self.study.budget_id, [])

    @cached_property
    def _rows(self) -> LedgerRows:
        return self.read or LedgerRows([self.study])

    @cached_property
    def _bills(self) -> dict[int, Bill]:
        return {}

    @cached_property
    def _dev_charges(self) -> dict[tuple[int, ...], Charges]:
        return {}

    @cached_property
    def _labels_by_snapshots(self) -> dict[tuple[int, ...], TrainingLabels]:
        return {}

    def _collect(self, run_id: int) -> Bill:
        charges: dict[BillSection, list[Charge]] = {section: [] for section in BillSection}
        lineage = self.lineage(run_id=run_id)
        for one in dict.fromkeys((*lineage, *self._scoring_runs(self.labels(run_id=run_id).scores_keys))):
            charges[SECTION_OF_RUN[self._runs[one].kind]] += self._of_run(one)
        others = [section for section in BillSection if section != BillSection.LABELS]
        lines = (BillLine(section=section, charges=tuple(charges[section])) for section in others)
        return Bill(lines=(self._label_line(tuple(self._snapshots(lineage))), *lines))

    def _of_run(self, run_id: int) -> list[Charge]:
        key = f"run:{run_id}"
        # Answers that another run had bought, it used without paying.
        used = self._charges(self._rows.used_batches.get(key, ()))
        return [*self._charges(self._rows.attempt_keys[run_id]), *self._by_work.get(key, []), *used]

    def _scoring_runs(self, scores_keys: Collection[str]) -> list[int]:
        """The runs that have these keys: they chose labels, and count without what they came of."""
        return [one for one in self._runs if f"run:{one}" in scores_keys] if scores_keys else []

    def _label_line(self, snapshots: tuple[int, ...]) -> BillLine:
        """The labels of these snapshots: one line for all runs that trained on them, as it may be long."""
        if snapshots not in self._label_lines:
            items = (item for snapshot in snapshots for item in self._rows.items[snapshot])
            keys = dict.fromkeys(key for _, keys in items for key in keys)
            self._label_lines[snapshots] = BillLine(section=BillSection.LABELS, charges=tuple(self._charges(keys)))
        return self._label_lines[snapshots]

    @cached_property
    def _label_lines(self) -> dict[tuple[int, ...], BillLine]:
        return {}

    @cached_property
    def _by_subject(self) -> dict[str, list[Charge]]:
        """Entries by what they are for: each with its fee, its reversal and what replaced it."""
        return _grouped((charge.subject_key, charge) for charge in self.charges)

    @cached_property
    def _by_work(self) -> dict[str, list[Charge]]:
        """Entries that callers made for a run, by its key: their subjects are the callers' own."""
        attempts = {key for run_id in self._runs for key in self._rows.attempt_keys.get(run_id, ())}
        callers = (one for one in self.charges if one.work_key and one.subject_key not in attempts)
        return _grouped((one.work_key, one) for one in callers if type_of(one.subject_key) != SourceType.ANNOTATION)

    @cached_property
    def _runs(self) -> dict[int, _RunNode]:
        return dict(self._rows.runs.get(self.study.pk, []))

    def lineage(self, *, run_id: int) -> list[int]:
        """A run and its ancestors, each once, parents first."""
        found: dict[int, None] = {}
        for parent in self._rows.parents[run_id]:
            found.update(dict.fromkeys(self.lineage(run_id=parent)))
        return [*found, run_id]

    def _snapshots(self, run_ids: Iterable[int]) -> list[int]:
        snapshots = (self._runs[run_id].snapshot_id for run_id in run_ids)
        return list(dict.fromkeys(snapshot for snapshot in snapshots if snapshot is not None))

    def _charges(self, subject_keys: Iterable[str]) -> list[Charge]:
        return [charge for key in subject_keys for charge in self._by_subject.get(key, [])]


def bill_of(*, artifact: Artifact) -> Bill:
    """The bill of materials of a student, a teacher or a soft-label set."""
    return StudyLedger(artifact.run.study).bill(run_id=artifact.run_id)


def as_text(column: str) -> Cast:
    """A column of JSON as the text that it is, for `read_lists`."""
    return Cast(column, models.TextField())


def read_lists(texts: Sequence[str]) -> list[list[str]]:
    """Read thousands of JSON lists at once: one by one takes most of a report's time."""
    found: list[list[str]] = json.loads(f"[{','.join(texts)}]")
    return found


def _grouped(pairs: Iterable[tuple[K, T]]) -> dict[K, list[T]]:
    groups: dict[K, list[T]] = defaultdict(list)
    for key, value in pairs:
        groups[key].append(value)
    return groups
