"""Both paths of studies of every kind of answer but the plainest, with the real trainer and a model of seconds."""

import json
from dataclasses import replace
from pathlib import Path

import pytest
from pytest_django import Settings

from reports.cards import model_card
from runs.checkpoints import answered_as
from runs.control import start_annotate, start_distil
from runs.models import Run, RunKind, RunState
from runs.requests import RunPlan
from runs.results import dev_title
from studies.models import Split, Study
from tests import factories
from tests.commands import ROOT
from tests.integration.runs.world import finish_all, in_state, is_reconciled
from tests.tiny_llama import write_tiny_llama
from tests.tiny_model import write_tiny_model
from tests.tiny_runs import WRITTEN_TYPES
from training.tasks import TASK_TYPES, TOKEN

pytestmark = pytest.mark.usefixtures("forked_trainers")
TEXTS = [f"a {mood} {thing}" for mood in ("great", "awful") for thing in ("movie", "film", "day", "game", "match")]
PLAN = RunPlan(num_seeds=1, steps=6, teacher_steps=6, batch_size=4, max_length=16, max_minutes=5, answer_length=8)
# With less a model that writes says nothing yet, and nothing can be learned from that.
RATES = (1e-2,)
TO_WRITE = replace(PLAN, steps=40, teacher_steps=40, learning_rates=RATES, teacher_learning_rates=RATES)


def answer(task_type: str, text: str) -> str:
    mood = text.split()[1]
    if task_type == "multi_label_classification":
        return json.dumps(["good", "about film"] if mood == "great" else ["bad"])
    if not TASK_TYPES[task_type].has_labels:
        return json.dumps(["happy film", "happy day"] if mood == "great" else ["sad"])
    spans = [{"start": 2, "end": 2 + len(mood), "label": "good" if mood == "great" else "bad"}]
    return json.dumps(spans)


def labelled(study: Study, ending: str, split: Split) -> None:
    texts = [f"{text}{ending}" for text in TEXTS]
    factories.examples(study, texts, split=split, labels=[answer(study.task_type, text) for text in texts])
    add_fields(study)


def add_fields(study: Study) -> None:
    """A question has a passage where its student marks the answer there."""
    if study.task_type == "question_answering":
        passage = "a happy film, and a sad one" if marks(study) else ""
        for example in study.examples.filter(fields__has_key="text"):
            example.fields = {"question": example.fields["text"], "passage": passage}
            example.save(update_fields=["fields"])


def marks(study: Study) -> bool:
    return answered_as(study=study, reference=study.student_model).unit == TOKEN


MARKED = "question_answering, marked"


@pytest.fixture(params=["entity_extraction", "multi_label_classification", *WRITTEN_TYPES, MARKED])
def study(request: pytest.FixtureRequest, transactional_db: None, settings: Settings, tmp_path: Path) -> Study:
    settings.ROOT = ROOT
    settings.RUN_THREADS = 1
    task_type, _, is_marked = request.param.partition(", ")
    has_labels = TASK_TYPES[task_type].has_labels
    reads = has_labels or is_marked
    folder = write_tiny_model(tmp_path / "tiny") if reads else write_tiny_llama(tmp_path / "tiny")
    model = {"source": "folder", "name": str(folder), "revision": None}
    labels = ("good", "bad", "about film") if has_labels else ()
    made = factories.study(task_type=task_type, labels=labels, student_model=model, teacher_model=model)
    labelled(made, "", Split.POOL)
    labelled(made, " in the sun", Split.TEST)
    labelled(made, " in the rain", Split.DEV)
    factories.examples(made, [f"{text} and the moon" for text in TEXTS])
    add_fields(made)
    return made


def test_both_paths_end_in_a_student_measured_by_every_metric_of_its_kind(study: Study) -> None:
    plan = PLAN if study.definition.has_labels or marks(study) else TO_WRITE
    runs: list[Run] = [
        start_annotate(actor=study.created_by, study=study, num_labels=8, plan=plan),
        start_distil(actor=study.created_by, study=study, num_labels=8, num_unlabelled=10, plan=plan),
    ]
    finish_all()
    for run in runs:
        assert in_state(run, RunState.SUCCEEDED), run.error
        measured = run.artifact.evaluations.filter(split="test")
        assert {one.metric for one in measured} == set(study.definition.metrics)
        assert measured.get(metric=study.metric).baseline is not None
        if marks(study):
            assert dev_title(run) == study.get_metric_display()
            assert 'pipeline_tag: "question-answering"' in model_card(artifact=run.artifact)
    assert study.runs.get(kind=RunKind.SCORE).artifact.num_pseudo_labels == 10
    assert is_reconciled(study)
