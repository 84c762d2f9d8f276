"""From the request to the student, with the real trainer: entities that are marked, and texts that are written."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from pytest_django import Settings

from budgets.models import Path as SpendingPath
from connections.models import Connection, Outputs
from connections.operations import run_self_test
from reports.verify import verify
from runs.control import start_distil, start_runs
from runs.models import Run, RunState
from runs.preflight.results import PreflightRefused
from runs.requests import RunPlan, RunRequest
from runs.supervision import supervise
from studies.models import Split, Study
from tests import factories
from tests.commands import ROOT
from tests.integration.connections.conftest import price_tokens
from tests.language_server import Served, Told, completion, language_server, usage
from tests.tiny_llama import write_tiny_llama
from tests.tiny_model import write_tiny_model
from training.data import ModelOutputs
from training.distil import read_soft_labels
from training.runtime import read_json

pytestmark = pytest.mark.usefixtures("forked_trainers")

WORDS = ("movie", "film", "day", "team")
TEXTS = [f"a {mood} {word}" for mood in ("great", "awful") for word in WORDS]
SHAPE: dict[str, Any] = {"num_seeds": 1, "steps": 4, "batch_size": 4, "max_length": 16, "max_minutes": 5, "shots": 2}
MakeStudy = Callable[..., Study]


def label_of(text: str) -> str:
    return "good" if "great" in text else "bad"


def spans(text: str) -> str:
    word = text.split()[1]
    return json.dumps([{"start": 2, "end": 2 + len(word), "label": label_of(text)}])


def answer(request: dict[str, Any]) -> Told:
    text = request["messages"][-1]["content"]
    if "team" in text:
        # Found nowhere, or cut: left out.
        return completion(json.dumps({"entities": [{"text": "zebra", "label": "good"}]}), finish=_finish(request))
    if "response_format" in request and "entities" in json.dumps(request["response_format"]):
        named = [{"text": text.split()[1], "label": label_of(text)}]
        return completion(json.dumps({"entities": named}), used=usage(written=9))
    text = f"{label_of(text)} {'movie' if request.get('seed') else 'film'}"
    return completion(text, letters={"A": -0.1} if request.get("logprobs") else None, used=usage(written=3))


def _finish(request: dict[str, Any]) -> str:
    return "stop" if "response_format" in request else "length"


@pytest.fixture
def server(transactional_db: None) -> Iterator[Served]:
    with language_server(answer) as served:
        yield served


@pytest.fixture
def connection(server: Served) -> Connection:
    made = factories.connection(url=server.url, outputs=Outputs.MAY_TRAIN)
    made = run_self_test(actor=made.created_by, connection=made)
    Connection.objects.filter(pk=made.pk).update(abilities={**made.abilities, "structured": True, "alternatives": 20})
    server.requests.clear()
    server.charged.clear()
    made.refresh_from_db()
    return made


@pytest.fixture
def study(connection: Connection, settings: Settings, tmp_path: Path) -> MakeStudy:
    settings.RUNS_DIR, settings.ROOT, settings.RUN_THREADS = tmp_path / "runs", ROOT, 1

    def make(task_type: str) -> Study:
        is_written = task_type == "text_generation"
        folder = (write_tiny_llama if is_written else write_tiny_model)(tmp_path / "tiny")
        model = {"source": "folder", "name": str(folder), "revision": None}
        labels = () if is_written else ("good", "bad")
        asked: dict[str, Any] = {"task_type": task_type, "labels": labels, "instructions": "What is good or bad?"}
        made = factories.study(**asked, student_model=model, teacher_model=model)
        gold = [json.dumps([f"{label_of(text)} film"]) if is_written else spans(text) for text in TEXTS]
        factories.examples(made, TEXTS, labels=gold)
        for split, ending in ((Split.TEST, "sun"), (Split.DEV, "rain")):
            factories.examples(made, [f"{text} in the {ending}" for text in TEXTS], split=split, labels=gold)
        factories.examples(made, [f"{text} and the moon" for text in TEXTS])
        price_tokens(made.budget.price_book, connection)
        return made

    return make


def distilled(study: Study, connection: Connection, **plan: Any) -> tuple[Run, Run]:
    chosen = RunPlan(teacher_connection=connection.pk, **{**SHAPE, **plan})
    student = start_distil(actor=study.created_by, study=study, plan=chosen, num_labels=8, num_unlabelled=8)
    while run := Run.objects.filter(state=RunState.QUEUED).first():
        supervise(run_id=run.pk)
    student.refresh_from_db()
    teacher = student.parents.get()
    assert student.state == RunState.SUCCEEDED, (student.error, teacher.error, teacher.pause_reason)
    return student, teacher


def test_entities_teach_the_tag_of_each_word(study: MakeStudy, connection: Connection, server: Served) -> None:
    ours = study("entity_extraction")
    student, teacher = distilled(ours, connection)
    # Eight of the pool and eight of dev; two of each are not found.
    assert len(server.requests) == 16
    assert (teacher.artifact.num_pseudo_labels, student.artifact.num_pseudo_labels) == (6, 6)
    calibration = read_json(teacher.folder / "result.json")["calibration"]
    assert (calibration["num_examples"], calibration["accuracy"]) == (6, 1)
    soft = read_soft_labels(
        folder=teacher.artifact.path, task_type=ours.task_type, input_fields=("text",), labels=ours.labels
    )
    assert isinstance(soft.outputs, ModelOutputs)
    tags = soft.outputs.row(0).argmax(axis=1).tolist()
    assert tags == [0, 1 if label_of(soft.rows.columns["text"][0]) == "good" else 3, 0, 0, 0, 0]
    assert verify(budgets=[ours.budget]) == []


def test_several_texts_teach_in_turns_and_are_all_paid(
    study: MakeStudy, connection: Connection, server: Served
) -> None:
    ours = study("text_generation")
    student, teacher = distilled(ours, connection, samples=2, answer_length=8, filter="confidence", keep=0.5)
    # No answers to dev are bought, which nothing could be calibrated on.
    assert len(server.requests) == 16 and {request["max_tokens"] for request in server.requests} == {8}
    assert not any("rain" in text for text in server.texts)
    result = read_json(teacher.folder / "result.json")
    assert (result["num_pseudo_labels"], result["written"]["num_written"], result["calibration"]) == (6, 12, None)
    assert read_json(student.folder / "result.json")["distillation"]["num_passed"] == 6
    assert verify(budgets=[ours.budget]) == []
    ours.budget.refresh_from_db()
    assert ours.budget.held == 0


def test_texts_of_unknown_probability_are_not_to_be_filtered(study: MakeStudy, connection: Connection) -> None:
    ours = study("text_generation")
    Connection.objects.update(abilities={**connection.abilities, "alternatives": 0})
    plan = RunPlan(teacher_connection=connection.pk, filter="confidence", keep=0.5, **SHAPE)
    request = RunRequest(study=ours, path=SpendingPath.DISTIL, plan=plan, num_labels=8, num_unlabelled=8)
    with pytest.raises(PreflightRefused, match="does not tell how likely"):
        start_runs(actor=ours.created_by, request=request)


def test_a_language_model_is_not_asked_about_a_students_own_texts(study: MakeStudy, connection: Connection) -> None:
    ours = study("text_generation")
    plan = RunPlan(teacher_connection=connection.pk, distil_from="on_policy", **SHAPE)
    request = RunRequest(study=ours, path=SpendingPath.DISTIL, plan=plan, num_labels=8, num_unlabelled=8)
    with pytest.raises(PreflightRefused, match="says nothing of tokens that the student writes"):
        start_runs(actor=ours.created_by, request=request)
