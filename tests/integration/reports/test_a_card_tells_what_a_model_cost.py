"""Model cards: the trainer's facts and the ledger's costs, which stay true after a correction."""

import os
from datetime import timedelta
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone
from pytest_django import Settings

from accounts.models import Role
from budgets.ledger import reverse
from budgets.models import LedgerEntry, Origin
from budgets.models import Path as SpendingPath
from reports import tasks
from reports.cards import model_card, refresh_cards, write_card
from reports.points import points
from runs.models import Artifact, Attempt, RunKind
from runs.results import CardMissing
from studies.models import Study
from tests import factories
from tests.integration.reports import ground
from tests.tiny_artifacts import give_predictions, said_of

pytestmark = pytest.mark.django_db
RESULT: dict[str, Any] = {
    "metrics": {"test": {"accuracy": {"value": 0.7, "low": 0.6, "high": 0.8}, "num_examples": 100, "num_seeds": 2}},
    "base": {"source": "hub", "name": "org/small", "revision": "abc123"},
    "data": {"train": {"num_rows": 2, "sha256": "f00d"}},
}


@pytest.fixture
def study() -> Study:
    return factories.study(name="Is it sport?")


@pytest.fixture
def student(study: Study, settings: Settings, tmp_path: Path) -> Artifact:
    ground.buy_labels(study, 2)
    artifact = ground.annotated(study, num_labels=2)
    Artifact.objects.filter(pk=artifact.pk).update(result=RESULT)
    artifact.refresh_from_db()
    give_predictions(artifact, settings, tmp_path, said_of(["a", "b"], right=1))
    return artifact


def test_a_card_holds_base_data_metrics_and_the_bill(student: Artifact) -> None:
    text = model_card(artifact=student)
    for words in ("`org/small`", "`abc123`", "SHA-256 `f00d`", "| test | accuracy | 70.0 % | 60.0 % to 80.0 %"):
        assert words in text
    assert "| Labels | people | 2 | 0.200000 |" in text
    assert "| **Total** |  |  | **0.210000** |" in text
    assert 'base_model: "org/small"' in text


@pytest.mark.parametrize(
    ("baseline", "standing"),
    [(0.5, ""), (0.65, "not clearly better than the best of them"), (0.7, "no better than the best of them")],
)
def test_a_card_says_where_a_baseline_is_as_good(student: Artifact, baseline: float, standing: str) -> None:
    found = {"constant": {"label": "bad", "value": baseline}, "majority": {"label": "good", "value": 0.4}}
    student.result = {**RESULT, "metrics": {**RESULT["metrics"], "baselines": found}}
    text = model_card(artifact=student)
    assert ("**This model is" in text) == bool(standing)
    assert standing in text


@pytest.mark.parametrize(
    ("num_seeds", "more", "words"),
    [
        (1, {}, "intervals over examples only."),
        (2, {}, "intervals over examples and seeds."),
        # As earlier trainers wrote of a distillation, and as later ones do.
        (2, {"distillation": {}}, "intervals over examples and seeds of the student only; one teacher."),
        (2, {"distillation": {}, "num_teachers": 1}, "over examples and seeds of the student only; one teacher."),
        (2, {"distillation": {}, "num_teachers": 2}, "over examples, students' seeds and teachers' seeds."),
        (1, {"distillation": {}, "num_teachers": 1}, "intervals over examples only."),
    ],
)
def test_a_card_says_what_its_intervals_hold(
    student: Artifact, num_seeds: int, more: dict[str, Any], words: str
) -> None:
    student.result = {**RESULT, "metrics": {"test": {**RESULT["metrics"]["test"], "num_seeds": num_seeds}}, **more}
    assert words in model_card(artifact=student)


def test_a_card_tells_energy_and_carbon(student: Artifact) -> None:
    Attempt.objects.filter(run=student.run).update(energy_kwh=0.0125, carbon_kg=0.004, peak_memory_bytes=2**30)
    text = model_card(artifact=student)
    for words in ("0.0125 kWh", "0.004 kg CO2", "1,024 MB", '"emissions": 4.0'):
        assert words in text


def test_a_distilled_students_card_counts_what_it_came_from(study: Study) -> None:
    ground.buy_labels(study, 2)
    student = ground.distilled(study, teacher=ground.teacher(study, num_labels=2))
    text = model_card(artifact=student)
    assert "With the runs that it came from: 210.0 device seconds" in text
    assert "| Teacher training | computing | 1 | 0.020000 |" in text
    assert f"**{points(study)[0].dollars}**" in text


def test_a_correction_reaches_the_card_in_the_folder(student: Artifact) -> None:
    write_card(artifact=student)
    card = student.path / "README.md"
    entry = LedgerEntry.objects.filter(kind="label").earliest("pk")
    reverse(actor=factories.person(Role.ADMIN), entry=entry, reason="Paid twice")
    assert refresh_cards() == 1
    assert "| **Total** |  |  | **0.110000** |" in card.read_text()


def test_a_card_whose_bill_stayed_the_same_is_left_alone(student: Artifact) -> None:
    write_card(artifact=student)
    later = (timezone.now() + timedelta(hours=1)).timestamp()
    os.utime(student.path / "README.md", (later, later))
    assert refresh_cards() == 0


def test_soft_labels_have_no_card(study: Study) -> None:
    ground.buy_labels(study, 1)
    scored = ground.run(study, RunKind.SCORE, path=SpendingPath.DISTIL)
    with pytest.raises(CardMissing, match="is not a model"):
        model_card(artifact=scored.artifact)


def test_a_worker_writes_a_new_models_card(student: Artifact) -> None:
    tasks.write_card(artifact_id=student.pk)
    assert "| **Total** |" in (student.path / "README.md").read_text()
    (student.path / "README.md").write_text("An old one")
    tasks.refresh_cards()
    assert "| **Total** |" in (student.path / "README.md").read_text()


def test_the_command_prints_it_and_puts_it_into_the_folder(student: Artifact) -> None:
    out = StringIO()
    call_command("card", str(student.pk), stdout=out)
    assert out.getvalue() == (student.path / "README.md").read_text()
    with pytest.raises(CommandError, match="no artifact 'x'"):
        call_command("card", "x")


def test_a_card_counts_labels_by_where_they_came_from(study: Study) -> None:
    ground.buy_labels(study, 2, origin=Origin.REPLAY)
    ground.buy_labels(study, 1)
    factories.examples(study, ["an example with its label"], labels=["good"])
    text = model_card(artifact=ground.annotated(study, num_labels=4))
    assert (
        "learned from 4 labels (1 given by people, 2 replayed from known answers, 1 imported with the examples)."
        in text
    )


def test_replayed_labels_are_never_called_peoples(study: Study) -> None:
    ground.buy_labels(study, 2, origin=Origin.REPLAY)
    text = model_card(artifact=ground.annotated(study, num_labels=2))
    assert "It learned from 2 labels replayed from known answers." in text and "human" not in text


def test_a_student_of_soft_labels_says_what_its_teacher_learned_from(study: Study) -> None:
    ground.buy_labels(study, 2)
    student = ground.distilled(study, teacher=ground.teacher(study, num_labels=2))
    Artifact.objects.filter(pk=student.pk).update(num_pseudo_labels=30)
    student.refresh_from_db()
    text = model_card(artifact=student)
    assert "a teacher's soft labels of 30 examples; the teacher learned from 2 labels given by people." in text
