"""From the request to the report, with the real trainer and a server that answers by the words of a text."""

import json
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command
from pytest_django import Settings

from budgets.cost_kinds import CostKind
from budgets.models import Path as SpendingPath
from connections.models import Answer, AnswerUse, Connection, Outputs, Prompt
from connections.operations import run_self_test
from reports.bills import BillSection, bill_of
from reports.points import points
from reports.verify import verify
from runs.control import start_distil, start_runs
from runs.models import Artifact, Run, RunKind, RunState
from runs.preflight.licences import LicenceUnconfirmed, OutputsMayNotTrain
from runs.preflight.results import PreflightRefused
from runs.requests import RunPlan, RunRequest, TeacherUnusable
from runs.supervision import supervise, sweep
from studies.models import Label, Split, Study
from tests import factories
from tests.commands import ROOT
from tests.integration.connections.conftest import price_tokens
from tests.language_server import Served, Told, chosen_by, completion, language_server
from tests.tiny_model import write_tiny_model
from training.data import ModelOutputs
from training.distil import read_soft_labels
from training.learners import learner_of
from training.runtime import read_json
from training.tasks import TASK_TYPES

pytestmark = pytest.mark.usefixtures("forked_trainers")

TEXTS = [f"a {mood} {thing}" for mood in ("great", "awful") for thing in ("movie", "film", "day", "game", "match")]
LABELS = ["good"] * 5 + ["bad"] * 5
SHAPE: dict[str, Any] = {"num_seeds": 1, "steps": 4, "batch_size": 4, "max_length": 16, "max_minutes": 5}


def label_of(text: str) -> str:
    return "good" if "great" in text else "bad"


def answer(request: dict[str, Any]) -> Told:
    text = request["messages"][-1]["content"]
    if "labels" in json.dumps(request.get("response_format", "")):
        return completion(json.dumps({"labels": ["good"] if "great" in text else []}))
    if "match" in text:
        return completion("", letters={"A": -1}, refusal="No.")
    return chosen_by("great")(request)


@pytest.fixture
def server(transactional_db: None) -> Iterator[Served]:
    with language_server(answer) as served:
        yield served


@pytest.fixture
def connection(server: Served) -> Connection:
    made = factories.connection(url=server.url, outputs=Outputs.MAY_TRAIN)
    run_self_test(actor=made.created_by, connection=made)
    server.requests.clear()
    server.charged.clear()
    made.refresh_from_db()
    return made


@pytest.fixture
def study(connection: Connection, settings: Settings, tmp_path: Path) -> Study:
    settings.RUNS_DIR, settings.ROOT, settings.RUN_THREADS = tmp_path / "runs", ROOT, 1
    model = {"source": "folder", "name": str(write_tiny_model(tmp_path / "tiny")), "revision": None}
    made = factories.study(student_model=model, teacher_model=model, instructions="Is the mood good or bad?")
    factories.examples(made, TEXTS, labels=LABELS)
    for split, ending in ((Split.TEST, "sun"), (Split.DEV, "rain")):
        factories.examples(made, [f"{text} in the {ending}" for text in TEXTS], split=split, labels=LABELS)
    factories.examples(made, [f"{text} and the moon" for text in TEXTS])
    price_tokens(made.budget.price_book, connection)
    return made


def plan(connection: Connection, **more: Any) -> RunPlan:
    return RunPlan(teacher_connection=connection.pk, **{**SHAPE, "shots": 4, **more})


def distil(study: Study, connection: Connection, *, num_unlabelled: int = 10, num_labels: int = 10) -> Run:
    return start_distil(
        actor=study.created_by,
        study=study,
        plan=plan(connection),
        num_labels=num_labels,
        num_unlabelled=num_unlabelled,
    )


def scored(student: Run) -> Run:
    """The run that asks, carried out."""
    run = student.parents.get()
    supervise(run_id=run.pk)
    run.refresh_from_db()
    assert run.state == RunState.SUCCEEDED, run.error or run.pause_reason
    return run


def finish_all() -> None:
    while run := Run.objects.filter(state=RunState.QUEUED).first():
        supervise(run_id=run.pk)


def test_its_answers_teach_a_student_and_are_on_its_bill(study: Study, connection: Connection, server: Served) -> None:
    student = distil(study, connection)
    finish_all()

    student.refresh_from_db()
    teacher = student.parents.get()
    assert student.state == RunState.SUCCEEDED, (student.error, teacher.error)
    # Ten of the pool and ten of dev; two of each are refused, paid, and left out.
    assert len(server.requests) == 20
    assert_prompt_is_of_the_pool(server.requests[0])
    assert teacher.artifact.num_pseudo_labels == student.artifact.num_pseudo_labels == 8
    assert read_json(teacher.folder / "result.json")["calibration"]["num_examples"] == 8
    point = points(study)[0]
    tokens = dict(point.bill.line(BillSection.TEACHER_SCORING).by_token_class)
    assert tokens == {CostKind.INPUT_TOKENS: Decimal("0.3"), CostKind.OUTPUT_TOKENS: Decimal("0.04")}
    assert point.is_from_language_model
    assert verify(budgets=[study.budget]) == []
    study.budget.refresh_from_db()
    assert study.budget.held == 0
    Answer.objects.filter(pk=Answer.objects.earliest("pk").pk).update(input_tokens=29)
    (found,) = verify(budgets=[study.budget])
    assert found.what.startswith("quantity of tokens:")


def assert_prompt_is_of_the_pool(request: dict[str, Any]) -> None:
    shown = [one["content"] for one in request["messages"]]
    assert "Is the mood good or bad?" in shown[0] and "A. good\nB. bad" in shown[0]
    examples, answers = shown[1:-1:2], shown[2:-1:2]
    assert set(examples) <= set(TEXTS)
    assert sorted(answers) == ["A", "A", "B", "B"]
    assert Prompt.objects.get().payload["labels"] == ["good", "bad"]


def test_more_texts_buy_only_what_is_new_and_pay_for_all(study: Study, connection: Connection, server: Served) -> None:
    first = scored(distil(study, connection, num_unlabelled=4))
    num_before = len(server.requests)
    second = scored(distil(study, connection, num_unlabelled=10))

    assert (num_before, len(server.requests)) == (14, 20)
    assert list(AnswerUse.objects.values_list("work_key", flat=True)) == [second.source_key]
    bills = [bill_of(artifact=run.artifact).line(BillSection.TEACHER_SCORING) for run in (first, second)]
    of_tokens = [sum(amount for _, amount in line.by_token_class) for line in bills]
    assert of_tokens == [Decimal("0.238"), Decimal("0.34")]
    assert verify(budgets=[study.budget]) == []


@pytest.mark.parametrize(
    ("outputs", "refusal"), [(Outputs.UNKNOWN, LicenceUnconfirmed), (Outputs.MAY_NOT_TRAIN, OutputsMayNotTrain)]
)
def test_its_terms_must_let_outputs_train(
    study: Study, connection: Connection, outputs: Outputs, refusal: type[Exception]
) -> None:
    Connection.objects.update(outputs=outputs)
    request = RunRequest(study=study, path=SpendingPath.DISTIL, plan=plan(connection), num_labels=10, num_unlabelled=4)
    with pytest.raises(refusal):
        start_runs(actor=study.created_by, request=request, licence_confirmed=True)
    assert not Run.objects.exists()


def test_one_that_failed_its_self_test_is_not_asked(study: Study, connection: Connection) -> None:
    Connection.objects.update(abilities={"answers": False, "error": "it answered 401"})
    with pytest.raises(TeacherUnusable, match="self-test"):
        distil(study, connection)


def test_without_a_price_nothing_starts(study: Study, connection: Connection) -> None:
    Connection.objects.update(name="another")
    with pytest.raises(PreflightRefused, match="no price for 1,000 input tokens of another"):
        distil(study, connection)


def test_a_server_that_is_gone_pauses_the_run_until_a_person_resumes_it(study: Study, connection: Connection) -> None:
    Connection.objects.update(url="http://127.0.0.1:9/v1")
    run = distil(study, connection).parents.get()
    supervise(run_id=run.pk)
    for _ in range(2):
        run.refresh_from_db()
        assert (run.state, run.attempts.get().device_seconds) == (RunState.PAUSED, 0)
        assert "was not reached" in run.pause_reason
        sweep()


def test_a_model_that_refuses_everything_fails_the_run_and_is_paid(
    study: Study, connection: Connection, server: Served
) -> None:
    for example in study.examples.filter(split=Split.POOL, label__isnull=True):
        if "match" not in example.fields["text"]:
            example.delete()
    student = distil(study, connection, num_unlabelled=2)
    run = student.parents.get()
    supervise(run_id=run.pk)
    run.refresh_from_db()
    student.refresh_from_db()
    assert (run.state, student.state) == (RunState.FAILED, RunState.CANCELLED)
    assert "no usable answer to any of 2 texts" in run.error
    assert study.budget.entries.filter(kind=CostKind.OUTPUT_TOKENS).get().quantity * 1000 == 12
    assert verify(budgets=[study.budget]) == []


@pytest.mark.parametrize(
    ("task_type", "fields"), [("multi_label_classification", ("text",)), ("pair_classification", ("text_a", "text_b"))]
)
def test_lists_of_labels_and_pairs_are_asked_for_too(
    study: Study, connection: Connection, server: Served, task_type: str, fields: tuple[str, ...]
) -> None:
    is_list = task_type.startswith("multi")
    other = factories.study(
        task_type=task_type,
        student_model=study.student_model,
        teacher_model=study.teacher_model,
        prices=study.budget.price_book,
    )
    label = (lambda text: json.dumps(["good"] if "great" in text else [])) if is_list else label_of
    for split in (Split.POOL, Split.TEST):
        rows = factories.examples(other, [f"{split} {text}" for text in TEXTS], split=split)
        for row in rows:
            row.fields = dict.fromkeys(fields, row.fields["text"])
            row.save(update_fields=["fields"])
            Label.objects.create(example=row, value=label(row.fields[fields[0]]), source=Label.Source.IMPORT)
    run = scored(distil(other, connection, num_unlabelled=4, num_labels=6))
    soft = read_soft_labels(folder=run.artifact.path, task_type=task_type, input_fields=fields, labels=other.labels)
    assert 0 < len(soft.rows) == run.artifact.num_pseudo_labels <= len(server.requests) == 4
    assert isinstance(soft.outputs, ModelOutputs)
    decided = learner_of(TASK_TYPES[task_type]).decode(outputs=soft.outputs, rows=soft.rows, labels=other.labels)
    assert decided == [label(text) for text in soft.rows.columns[fields[0]]]


def test_the_command_names_the_connection(study: Study, connection: Connection, capsys: Any) -> None:
    options = {"path": "distil", "unlabelled": 4, "labels": 10, "teacher_connection": connection.name, "check": True}
    call_command("start_run", study.name, **options)
    told = capsys.readouterr().out
    assert "Tokens (good): 14 answers, dev included: about" in told
    assert not Artifact.objects.filter(run__kind=RunKind.SCORE).exists()
    assert not study.budget.entries.exists()
