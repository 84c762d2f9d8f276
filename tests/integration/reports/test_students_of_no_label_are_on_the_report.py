"""With no label at all, the real trainer makes a student from names, and one from a teacher that nobody trained."""

from pathlib import Path

import pytest
from pytest_django import Settings

from budgets.models import Budget
from reports.bills import BillSection
from reports.cards import write_card
from reports.queries import report_of
from reports.tables import report_text
from reports.verify import verify
from runs.control import start_annotate, start_distil
from runs.models import Artifact, RunKind, RunState
from runs.requests import RunPlan
from runs.results import recipe_choice
from studies.editing import change_study
from studies.models import Split, Study
from tests import factories
from tests.integration.runs.world import finish_all, in_state
from tests.tiny_model import write_tiny_model

pytestmark = pytest.mark.usefixtures("forked_trainers")
TEXTS = [f"a {mood} {thing}" for mood in ("great", "awful") for thing in ("movie", "film", "day", "game", "match")]
LABELS = ["good"] * 5 + ["bad"] * 5
MEANINGS = {
    "good": {"description": "a great one", "phrases": ["a great day"]},
    "bad": {"description": "an awful one", "phrases": ["an awful day"]},
}


@pytest.fixture
def study(transactional_db: None, settings: Settings, tmp_path: Path) -> Study:
    settings.RUNS_DIR, settings.RUN_THREADS = tmp_path / "runs", 1
    model = {"source": "folder", "name": str(write_tiny_model(tmp_path / "tiny")), "revision": None}
    study = factories.study(student_model=model, teacher_model=model)
    for split, ending in ((Split.TEST, " in the sun"), (Split.DEV, " in the rain")):
        factories.examples(study, [text + ending for text in TEXTS], split=split, labels=LABELS)
    factories.examples(study, [f"{text} and the moon" for text in TEXTS])
    return change_study(actor=study.created_by, study=study, label_texts=MEANINGS)


def test_both_are_points_with_their_bills(study: Study) -> None:
    actor = study.created_by
    plan = RunPlan(num_seeds=1, steps=6, batch_size=4, max_length=16, max_minutes=5)
    as_it_is = RunPlan(num_seeds=1, steps=6, batch_size=4, max_length=16, max_minutes=5, untrained_teacher=True)
    named = start_annotate(actor=actor, study=study, num_labels=0, plan=plan)
    distilled = start_distil(actor=actor, study=study, num_labels=0, num_unlabelled=10, plan=as_it_is)
    finish_all()
    for run in study.runs.all():
        assert run.state == RunState.SUCCEEDED, run.error
    assert in_state(named, RunState.SUCCEEDED) and in_state(distilled, RunState.SUCCEEDED)
    report = report_of(study)
    points = {point.run_id: point for point in report.points}
    assert [points[run.pk].num_labels for run in (named, distilled)] == [0, 0]
    spent = {run: {line.section for line in points[run.pk].bill.lines if line.charges} for run in (named, distilled)}
    assert spent[named] == {BillSection.STUDENT_TRAINING}
    assert spent[distilled] == {BillSection.TEACHER_SCORING, BillSection.STUDENT_TRAINING}
    assert report.reconciles and points[named.pk].dollars + points[distilled.pk].dollars == report.spent
    assert not verify(budgets=Budget.objects.filter(pk=study.budget_id))
    assert f"{report.study}" in report_text(report)
    for run in (named, study.runs.get(kind=RunKind.SCORE)):
        run.refresh_from_db()
        choice = recipe_choice(run)
        assert choice is not None and choice.candidates and choice.cost is not None
        assert choice.seconds <= sum(float(one.device_seconds) for one in run.attempts.all())
    card = write_card(artifact=Artifact.objects.get(run=named))
    assert "It learned from 0 labels, only from what the labels say of themselves." in card
