"""Labels, runs and students as labelling and training leave them, paid for through the ledger's own door."""

from collections.abc import Sequence
from datetime import UTC, datetime
from decimal import Decimal
from itertools import count

from django.db import transaction

from budgets.cost_kinds import CostKind
from budgets.ledger import Cost, settle
from budgets.models import Origin, Path
from budgets.prices import find_price, price_at
from labeling.models import Annotation, Assignment, Batch, LabelingProject, Publication
from runs.models import Artifact, ArtifactKind, Attempt, Evaluation, Run, RunKind, RunState
from runs.money import bill
from studies.labels import assign_label
from studies.models import Snapshot, Split, Study
from studies.snapshots import take_snapshot
from tests import factories
from tests.factories import place_hold
from training.reporting.curve import Curve

NOW = datetime(2026, 1, 1, tzinfo=UTC)
_BIN = {"low": 0.8, "high": 0.9, "count": 10, "confidence": 0.85, "accuracy": 0.8}
CALIBRATION = {
    "temperature": 1.5,
    "num_examples": 10,
    "num_decisions": 10,
    "accuracy": 0.8,
    "nll_before": 0.6,
    "nll_after": 0.5,
    "ece_before": 0.1,
    "ece_after": 0.05,
    "bins_before": [{**_BIN, "confidence": 0.9}],
    "bins": [_BIN, {**_BIN, "count": 0}],
}
_numbers = count(1)
_KINDS = {
    RunKind.FINETUNE_STUDENT: ArtifactKind.STUDENT,
    RunKind.FINETUNE_TEACHER: ArtifactKind.TEACHER,
    RunKind.SCORE: ArtifactKind.SOFT_LABELS,
    RunKind.DISTIL: ArtifactKind.STUDENT,
}


def buy_labels(
    study: Study,
    how_many: int,
    *,
    split: Split = Split.POOL,
    origin: Origin = Origin.PERSON,
    kind: CostKind = CostKind.LABEL,
    with_fee: bool = False,
) -> list[Annotation]:
    """Accepted annotations at the price of their kind, whose values are their examples' labels; `with_fee` on top."""
    texts = [f"example {next(_numbers)}" for _ in range(how_many)]
    project, _ = LabelingProject.objects.get_or_create(study=study)
    batch = Batch.objects.create(project=project, created_by=study.created_by)
    return [_buy(study, batch, text, split, origin, kind=kind, with_fee=with_fee) for text in texts]


def _buy(
    study: Study, batch: Batch, text: str, split: Split, origin: Origin, *, kind: CostKind, with_fee: bool
) -> Annotation:
    (example,) = factories.examples(study, [text], split=split)
    price = price_at(book=study.budget.price_book, kind=kind, at=NOW)
    key = f"assignment:{example.uid}:1"
    book = study.budget.price_book
    fee = find_price(book=book, kind=CostKind.PLATFORM_FEE, at=NOW) if with_fee else None
    budget, path = study.budget, Path.ANNOTATE
    hold = place_hold(budget=budget, source_key=key, amount=price.rate, price=price, path=path, fee=fee)
    publication = Publication.objects.create(batch=batch, example=example)
    annotation = Annotation(
        unique_id=example.uid,
        example=example,
        assignment=Assignment.objects.create(publication=publication, number=1, hold=hold),
        annotator=study.created_by,
        completed_by=study.created_by.email,
        state=Annotation.State.ACCEPTED,
        origin=origin,
        result=[],
        value="good",
        label_studio_id=example.pk,
        created_at=NOW,
        updated_at=NOW,
    )
    quantity = Decimal("0.01") if kind == CostKind.LABELLING_HOUR else Decimal(1)
    cost = Cost(
        source_key=annotation.source_key,
        quantity=quantity,
        amount=price.cost(quantity),
        origin=origin,
        occurred_at=NOW,
        payee=annotation.annotator,
    )
    annotation.entry = settle(hold=hold, cost=cost)
    annotation.save()
    assign_label(example=example, value="good", source_keys=[annotation.source_key])
    return annotation


@transaction.atomic
def run(
    study: Study,
    kind: RunKind,
    *,
    path: Path,
    snapshot: Snapshot | None = None,
    parents: Sequence[Run] = (),
    seconds: Sequence[int] = (60,),
    state: RunState = RunState.SUCCEEDED,
) -> Run:
    """A run that ended after attempts of these lengths; a minute costs 0.01.

    Whole at once: workers beside a test give back the holds of ended runs.
    """
    price = price_at(book=study.budget.price_book, kind=CostKind.DEVICE_HOUR, at=NOW, scope=factories.CPU)
    made = Run.objects.create(
        study=study,
        kind=kind,
        path=path,
        state=state,
        request_key=str(next(_numbers)),
        snapshot=snapshot,
        training={},
        device="cpu",
        max_seconds=3600,
        created_by=study.created_by,
        ended_at=NOW,
    )
    made.hold = place_hold(budget=study.budget, source_key=f"run:{made.pk}", amount=price.rate, price=price, path=path)
    made.save()
    made.parents.set(parents)
    for number, length in enumerate(seconds, start=1):
        attempt(made, number, length, is_last=number == len(seconds))
    if state == RunState.SUCCEEDED:
        Artifact.objects.create(run=made, kind=_KINDS[kind], folder="", content_hash="", result={})
    return made


def attempt(made: Run, number: int, length: int, *, is_last: bool) -> Attempt:
    made_attempt = Attempt.objects.create(
        run=made,
        number=number,
        worker="test",
        started_at=NOW,
        heartbeat_at=NOW,
        ended_at=NOW,
        device_seconds=Decimal(length),
    )
    assert made.hold
    made_attempt.entry = bill(attempt=made_attempt, hold=made.hold, ended_at=NOW, close=is_last)
    made_attempt.save()
    return made_attempt


def evaluate(made: Run, utility: float, *, baseline: float | None = 0.5, split: str = Split.TEST) -> Artifact:
    Evaluation.objects.create(
        artifact=made.artifact,
        split=split,
        metric=made.study.metric,
        value=utility,
        low=utility - 0.05,
        high=utility + 0.05,
        baseline=baseline,
        num_examples=100,
    )
    return made.artifact


def annotated(study: Study, *, num_labels: int, utility: float = 0.7, seconds: Sequence[int] = (60,)) -> Artifact:
    """A student fine-tuned on the first labels."""
    snapshot = take_snapshot(study=study, num_labels=num_labels)
    kind = RunKind.FINETUNE_STUDENT
    return evaluate(run(study, kind, path=Path.ANNOTATE, snapshot=snapshot, seconds=seconds), utility)


def annotated_none(study: Study, *, utility: float) -> Artifact:
    """A student that starts from no label."""
    return evaluate(run(study, RunKind.FINETUNE_STUDENT, path=Path.ANNOTATE), utility)


def teacher(study: Study, *, num_labels: int, seconds: Sequence[int] = (120,)) -> Run:
    snapshot = take_snapshot(study=study, num_labels=num_labels)
    return run(study, RunKind.FINETUNE_TEACHER, path=Path.DISTIL, snapshot=snapshot, seconds=seconds)


def distilled(study: Study, *, teacher: Run, num_pseudo_labels: int = 50, utility: float = 0.75) -> Artifact:
    """A student distilled from a teacher's soft labels; the scoring takes 30 seconds and the student 60."""
    scored = run(study, RunKind.SCORE, path=Path.DISTIL, parents=[teacher], seconds=[30])
    student = run(study, RunKind.DISTIL, path=Path.DISTIL, snapshot=teacher.snapshot, parents=[scored])
    Artifact.objects.filter(run=student).update(num_pseudo_labels=num_pseudo_labels)
    student.refresh_from_db()
    return evaluate(student, utility)


def run_with_curves(study: Study) -> Run:
    """A run with two losses and a score."""
    running = run(study, RunKind.FINETUNE_STUDENT, path=Path.ANNOTATE, state=RunState.RUNNING, seconds=[])
    running.folder.mkdir(parents=True)
    curve = Curve(running.folder)
    curve.begin("rate-0.001-3-epochs-seed-0", step=0)
    curve.add_loss(1, 0.9)
    curve.add_loss(2, 0.7)
    curve.add_score(2, 0.75)
    curve.write()
    return running
