"""One study with as many runs as asked for, their results, and the labels, attempts and charges behind them.

Rows are as the product's own operations leave them; of five runs, two are students of labels, and three a teacher, its
scoring and the student that it teaches.
"""

from collections.abc import Sequence
from datetime import UTC, datetime
from decimal import Decimal
from random import Random
from typing import Any, TypeVar

from django.db import models

from accounts.models import Role, User
from budgets.cost_kinds import CostKind
from budgets.models import Budget, Hold, LedgerEntry, Origin, Path, Price
from budgets.money import ZERO
from budgets.prices import Scope, create_price_book, set_price
from labeling.models import Annotation, Assignment, Batch, LabelingProject, Publication
from runs.models import Artifact, ArtifactKind, Attempt, Evaluation, Run, RunKind, RunState
from runs.money import cost_of
from studies.editing import StudySpec, create_study
from studies.models import Example, ImportBatch, Label, Snapshot, Split
from studies.snapshots import take_snapshot

BEGIN = datetime(2026, 1, 1, tzinfo=UTC)
CPU = Scope(device="cpu")
MODEL = {"source": "package", "name": "paraphrase-MiniLM-L3-v2", "revision": None}
LABEL = Decimal("0.10")
NUM_LABELLED, NUM_UNLABELLED, NUM_TEST = 2_000, 3_000, 300
SIZES = (50, 100, 200, 400, 700, 1_000, 1_400, 2_000)
PSEUDO = (500, 1_000, 3_000)
ARTIFACTS = {
    RunKind.FINETUNE_STUDENT: ArtifactKind.STUDENT,
    RunKind.FINETUNE_TEACHER: ArtifactKind.TEACHER,
    RunKind.SCORE: ArtifactKind.SOFT_LABELS,
    RunKind.DISTIL: ArtifactKind.STUDENT,
}
M = TypeVar("M", bound=models.Model)


class ReportStudy:
    """The study, whose labels are there at first; runs are added."""

    def __init__(self) -> None:
        self.manager = User.objects.create_user(email="manager@example.com", name="Manager", role=Role.MANAGER)
        admin = User.objects.create_user(email="admin@example.com", name="Admin", role=Role.ADMIN)
        book = create_price_book(actor=admin, name="Prices", currency="USD")
        label = set_price(actor=admin, book=book, kind=CostKind.LABEL, amount=LABEL, starts_at=BEGIN)
        self._hour = set_price(
            actor=admin, book=book, kind=CostKind.DEVICE_HOUR, amount="0.60", starts_at=BEGIN, scope=CPU
        )
        spec = StudySpec(
            name="Five hundred runs",
            task_type="text_classification",
            labels=("good", "bad"),
            student_model=MODEL,
            teacher_model=MODEL,
            limit="100000",
            price_book=book,
        )
        self.study = create_study(actor=self.manager, spec=spec)
        self._random = Random(1)
        self._label(label)
        self._snapshots = {size: take_snapshot(study=self.study, num_labels=size) for size in SIZES}
        self.num_runs = 0

    def grow(self, *, num_runs: int) -> None:
        """Add runs until there are so many; the budget's total is rebuilt."""
        for _ in range(self.num_runs, num_runs, 5):
            size, pseudo = self._random.choice(SIZES), self._random.choice(PSEUDO)
            for _ in range(2):
                self._student(RunKind.FINETUNE_STUDENT, self._random.choice(SIZES))
            teacher = self._run(RunKind.FINETUNE_TEACHER, size, seconds=600)
            self._evaluate(teacher, size, 10_000)
            scored = self._run(RunKind.SCORE, 0, seconds=120, parents=[teacher], num_unlabelled=pseudo)
            self._student(RunKind.DISTIL, size, parents=[scored], num_unlabelled=pseudo)
        self.num_runs = num_runs
        entries = LedgerEntry.objects.filter(budget=self.study.budget_id)
        Budget.objects.filter(pk=self.study.budget_id).update(spent=entries.aggregate(sum=models.Sum("amount"))["sum"])

    def _label(self, price: Price) -> None:
        """Examples of the pool with paid labels and without, and test examples whose labels came with the import."""
        source = ImportBatch.objects.create(study=self.study, file_name="rows.csv", created_by=self.manager)
        counts = ((Split.POOL, NUM_LABELLED), (Split.POOL, NUM_UNLABELLED), (Split.TEST, NUM_TEST))
        rows = [split for split, count in counts for _ in range(count)]
        examples = _made(
            Example(
                study=self.study,
                fields={"text": f"Entry {number}: is the new engine worth its price?"},
                content_hash=f"{number:064}",
                group_hash=f"{number:064}",
                split=split,
                rank=f"{number:016}",
                import_batch=source,
            )
            for number, split in enumerate(rows)
        )
        test = [Label(example=one, value="good", source=Label.Source.IMPORT) for one in examples[-NUM_TEST:]]
        Label.objects.bulk_create([*test, *self._buy(examples[:NUM_LABELLED], price)])

    def _buy(self, examples: Sequence[Example], price: Price) -> list[Label]:
        project = LabelingProject.objects.create(study=self.study)
        batch = Batch.objects.create(project=project, created_by=self.manager)
        holds = _made(
            self._hold(f"assignment:{one.uid}:1", CostKind.LABEL, Path.ANNOTATE, price, LABEL) for one in examples
        )
        published = _made(Publication(batch=batch, example=one) for one in examples)
        assigned = _made(
            Assignment(publication=one, number=1, hold=hold) for one, hold in zip(published, holds, strict=True)
        )
        entries = _made(
            LedgerEntry(
                budget=self.study.budget,
                source_key=f"annotation:{one.uid}",
                subject_key=f"annotation:{one.uid}",
                kind=CostKind.LABEL,
                path=Path.ANNOTATE,
                origin=Origin.PERSON,
                payee=self.manager,
                price=price,
                hold=hold,
                quantity=Decimal(1),
                amount=LABEL,
                occurred_at=BEGIN,
            )
            for one, hold in zip(examples, holds, strict=True)
        )
        _made(
            Annotation(
                unique_id=one.uid,
                example=one,
                assignment=assignment,
                annotator=self.manager,
                completed_by=self.manager.email,
                state=Annotation.State.ACCEPTED,
                origin=Origin.PERSON,
                result=[],
                value="good",
                entry=entry,
                label_studio_id=one.pk,
                created_at=BEGIN,
                updated_at=BEGIN,
            )
            for one, assignment, entry in zip(examples, assigned, entries, strict=True)
        )
        source = Label.Source.ANNOTATION
        paid_by = [[entry.source_key] for entry in entries]
        return [
            Label(example=one, value="good", source=source, source_keys=named)
            for one, named in zip(examples, paid_by, strict=True)
        ]

    def _student(self, kind: RunKind, size: int, **fields: Any) -> None:
        made = self._run(kind, size, seconds=self._random.randrange(60, 600), **fields)
        self._evaluate(made, size, fields.get("num_unlabelled", 0))

    def _run(
        self, kind: RunKind, size: int, *, seconds: int, parents: Sequence[Run] = (), num_unlabelled: int = 0
    ) -> Run:
        path = Path.ANNOTATE if kind == RunKind.FINETUNE_STUDENT else Path.DISTIL
        snapshot: Snapshot | None = self._snapshots.get(size)
        run = Run.objects.create(
            study=self.study,
            kind=kind,
            path=path,
            state=RunState.SUCCEEDED,
            request_key=f"{Run.objects.count()}",
            snapshot=snapshot,
            num_unlabelled=num_unlabelled,
            model=MODEL,
            training={"recipe": "finetune", "epochs": 3, "batch_size": 32, "learning_rate": 2e-4},
            device="cpu",
            max_seconds=3600,
            created_by=self.manager,
            ended_at=BEGIN,
        )
        run.parents.set(parents)
        run.hold = self._hold(run.source_key, CostKind.DEVICE_HOUR, path, self._hour, Decimal("0.60"))
        run.hold.save()
        run.save(update_fields=["hold"])
        self._attempt(run, seconds)
        Artifact.objects.create(
            run=run,
            kind=ARTIFACTS[kind],
            folder=f"{run.pk}/artifact",
            content_hash=f"{run.pk:064}",
            num_pseudo_labels=num_unlabelled if kind == RunKind.DISTIL else 0,
            result=_result(self._random),
        )
        return run

    def _attempt(self, run: Run, seconds: int) -> None:
        attempt = Attempt(
            run=run,
            number=1,
            worker="bench",
            started_at=BEGIN,
            heartbeat_at=BEGIN,
            ended_at=BEGIN,
            device_seconds=Decimal(seconds),
            working_seconds=float(seconds),
        )
        attempt.entry = LedgerEntry.objects.create(
            budget=self.study.budget,
            source_key=attempt.source_key,
            subject_key=attempt.source_key,
            work_key=run.source_key,
            kind=CostKind.DEVICE_HOUR,
            path=run.path,
            origin=Origin.COMPUTE,
            price=self._hour,
            hold=run.hold,
            quantity=Decimal(seconds) / 3600,
            amount=cost_of(seconds=Decimal(seconds), price=self._hour),
            occurred_at=BEGIN,
        )
        attempt.save()

    def _hold(self, key: str, kind: CostKind, path: Path, price: Price, amount: Decimal) -> Hold:
        return Hold(
            budget=self.study.budget,
            source_key=key,
            kind=kind,
            path=path,
            price=price,
            amount=amount,
            remaining=ZERO,
            closed_at=BEGIN,
            close_reason="settled",
        )

    def _evaluate(self, run: Run, labels: int, pseudo_labels: int) -> None:
        """A score that rises with labels and pseudo-labels, and a little noise."""
        help_of_teacher = 0.08 * pseudo_labels / (pseudo_labels + 1_000)
        value = 0.55 + 0.3 * labels / (labels + 300) + help_of_teacher + self._random.uniform(-0.01, 0.01)
        Evaluation.objects.create(
            artifact=run.artifact,
            split=Split.TEST,
            metric=self.study.metric,
            value=value,
            low=value - 0.03,
            high=value + 0.03,
            baseline=0.52,
            num_examples=NUM_TEST,
        )


def _made(rows: Any) -> list[Any]:
    """Insert rows of one model; PostgreSQL gives them their ids."""
    found: list[Any] = list(rows)
    return list(type(found[0])._default_manager.bulk_create(found, batch_size=1000))


def _result(random: Random) -> dict[str, Any]:
    """What a trainer says of three seeds and two settings tried on dev."""
    trial = {"learning_rate": 2e-4, "epochs": 3, "steps": None, "best_step": 120, "num_steps": 180}
    seeds = [{**trial, "seed": seed, "dev": random.uniform(0.6, 0.9)} for seed in (0, 1, 2)]
    return {
        "metrics": {
            "baselines": {
                "majority": {"label": "good", "value": 0.52},
                "label_names": {"label": "", "value": 0.56},
                "tf_idf": {"label": "", "value": random.uniform(0.55, 0.6)},
            }
        },
        "search": [{**trial, "seed": 0, "dev": 0.7}, {**trial, "learning_rate": 1e-3, "seed": 0, "dev": 0.6}],
        "seeds": seeds,
    }
