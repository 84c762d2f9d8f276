"""What the real trainer leaves is all that cards, comparisons and the box on a model's page need."""

from pathlib import Path

import pytest
from pytest_django import Settings

from reports.cards import write_card
from reports.queries import report_of
from runs.control import start_annotate, start_distil
from runs.models import Artifact, RunState
from runs.requests import RunPlan
from runs.results import compare, missing_parts, try_model
from studies.models import Split, Study
from tests import factories
from tests.integration.runs.world import finish_all, in_state
from tests.tiny_model import write_tiny_model

pytestmark = pytest.mark.usefixtures("forked_trainers")
TEXTS = [f"a {mood} {thing}" for mood in ("great", "awful") for thing in ("movie", "film", "day", "game", "match")]
LABELS = ["good"] * 5 + ["bad"] * 5


@pytest.fixture
def study(transactional_db: None, settings: Settings, tmp_path: Path) -> Study:
    settings.RUNS_DIR, settings.RUN_THREADS = tmp_path / "runs", 1
    model = {"source": "folder", "name": str(write_tiny_model(tmp_path / "tiny")), "revision": None}
    study = factories.study(student_model=model, teacher_model=model)
    for split, ending in ((Split.POOL, ""), (Split.TEST, " in the sun"), (Split.DEV, " in the rain")):
        factories.examples(study, [text + ending for text in TEXTS], split=split, labels=LABELS)
    factories.examples(study, [f"{text} and the moon" for text in TEXTS])
    return study


def test_both_paths_students_are_carded_compared_and_asked(study: Study) -> None:
    actor = study.created_by
    plan = RunPlan(num_seeds=1, recipe="finetune", steps=6, teacher_steps=6, batch_size=4, max_length=16, max_minutes=5)
    annotate = start_annotate(actor=actor, study=study, num_labels=8, plan=plan)
    distil = start_distil(actor=actor, study=study, num_labels=8, num_unlabelled=10, plan=plan)
    finish_all()
    assert in_state(annotate, RunState.SUCCEEDED) and in_state(distil, RunState.SUCCEEDED)
    annotated, distilled = (Artifact.objects.get(run=run) for run in (annotate, distil))
    assert compare(first=annotated, second=distilled).test.num_examples == 10
    card = write_card(artifact=distilled)
    for words in ("test rows | 10, SHA-256", "SHA-256 of its weights", "| Scoring | computing | 1 |"):
        assert words in card
    assert missing_parts(distilled) == []
    assert try_model(actor=actor, artifact=distilled, texts={"text": "a great day"}).predicted in study.labels
    assert all(len(point.baselines) >= 2 and point.chosen for point in report_of(study).points)
