"""Both paths of studies whose labels are spans or sets, with the real trainer and a model that trains in seconds."""

import json
from pathlib import Path

import pytest
from pytest_django import Settings

from runs.control import start_annotate, start_distil
from runs.models import Run, RunKind, RunState
from runs.requests import RunPlan
from studies.models import Split, Study
from tests import factories
from tests.commands import ROOT
from tests.integration.runs.world import finish_all, in_state, is_reconciled
from tests.tiny_model import write_tiny_model

pytestmark = pytest.mark.usefixtures("forked_trainers")
TEXTS = [f"a {mood} {thing}" for mood in ("great", "awful") for thing in ("movie", "film", "day", "game", "match")]
PLAN = RunPlan(num_seeds=1, steps=6, teacher_steps=6, batch_size=4, max_length=16, max_minutes=5)


def answer(task_type: str, text: str) -> str:
    mood = text.split()[1]
    if task_type == "multi_label_classification":
        return json.dumps(["good", "about film"] if mood == "great" else ["bad"])
    spans = [{"start": 2, "end": 2 + len(mood), "label": "good" if mood == "great" else "bad"}]
    return json.dumps(spans)


def labelled(study: Study, ending: str, split: Split) -> None:
    texts = [f"{text}{ending}" for text in TEXTS]
    factories.examples(study, texts, split=split, labels=[answer(study.task_type, text) for text in texts])


@pytest.fixture(params=["entity_extraction", "multi_label_classification"])
def study(request: pytest.FixtureRequest, transactional_db: None, settings: Settings, tmp_path: Path) -> Study:
    settings.ROOT = ROOT
    settings.RUN_THREADS = 1
    model = {"source": "folder", "name": str(write_tiny_model(tmp_path / "tiny")), "revision": None}
    labels = ("good", "bad", "about film")
    made = factories.study(task_type=request.param, labels=labels, student_model=model, teacher_model=model)
    labelled(made, "", Split.POOL)
    labelled(made, " in the sun", Split.TEST)
    labelled(made, " in the rain", Split.DEV)
    factories.examples(made, [f"{text} and the moon" for text in TEXTS])
    return made


def test_both_paths_end_in_a_student_measured_by_every_metric_of_its_kind(study: Study) -> None:
    runs: list[Run] = [
        start_annotate(actor=study.created_by, study=study, num_labels=8, plan=PLAN),
        start_distil(actor=study.created_by, study=study, num_labels=8, num_unlabelled=10, plan=PLAN),
    ]
    finish_all()
    for run in runs:
        assert in_state(run, RunState.SUCCEEDED), run.error
        measured = run.artifact.evaluations.filter(split="test")
        assert {one.metric for one in measured} == set(study.definition.metrics)
        assert measured.get(metric=study.metric).baseline is not None
    assert study.runs.get(kind=RunKind.SCORE).artifact.num_pseudo_labels == 10
    assert is_reconciled(study)
