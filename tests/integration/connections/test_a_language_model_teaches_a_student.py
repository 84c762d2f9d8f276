"""From the request to the report, with the real trainer and a server that answers by the words of a text."""

from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command
from pytest_django import Settings

from budgets.cost_kinds import TOKEN_KINDS, CostKind
from budgets.models import Path as SpendingPath
from connections.models import Answer, AnswerUse, Connection, Outcome, Outputs, Prompt
from connections.operations import run_self_test
from reports.bills import BillSection
from reports.points import points
from reports.verify import verify
from runs.control import start_distil, start_runs
from runs.models import Artifact, Run, RunKind, RunState
from runs.preflight.licences import LicenceUnconfirmed, OutputsMayNotTrain
from runs.preflight.results import PreflightRefused
from runs.requests import RunPlan, RunRequest
from runs.requests.chain import TeacherUnusable
from runs.supervision import supervise, sweep
from studies.models import Split, Study
from tests import factories
from tests.integration.connections.conftest import price_tokens
from tests.integration.runs.workers import ROOT
from tests.language_server import Served, Told, chosen_by, completion, language_server
from tests.tiny_model import write_tiny_model
from training.runtime import read_json

TEXTS = [f"a {mood} {thing}" for mood in ("great", "awful") for thing in ("movie", "film", "day", "game", "match")]
LABELS = ["good"] * 5 + ["bad"] * 5
SHAPE: dict[str, Any] = {"num_seeds": 1, "steps": 4, "batch_size": 4, "max_length": 16, "max_minutes": 5}


def answer(request: dict[str, Any]) -> Told:
    text = request["messages"][-1]["content"]
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


def distil(study: Study, connection: Connection, *, num_unlabelled: int = 10, **more: Any) -> Run:
    asked = plan(connection, **more)
    return start_distil(actor=study.created_by, study=study, num_labels=10, num_unlabelled=num_unlabelled, plan=asked)


def finish_all() -> None:
    while run := Run.objects.filter(state=RunState.QUEUED).first():
        supervise(run_id=run.pk)


def test_its_answers_teach_a_student_and_are_on_its_bill(study: Study, connection: Connection, server: Served) -> None:
    student = distil(study, connection)
    finish_all()

    student.refresh_from_db()
    scored = student.parents.get()
    assert student.state == RunState.SUCCEEDED, (student.error, scored.error)
    # Ten of the pool and ten of dev; two of each are refused, paid, and left out.
    assert len(server.requests) == 20
    assert scored.artifact.num_pseudo_labels == student.artifact.num_pseudo_labels == 8
    assert read_json(scored.folder / "result.json")["calibration"]["num_examples"] == 8
    point = points(study)[0]
    tokens = dict(point.bill.line(BillSection.TEACHER_SCORING).by_token_class)
    assert tokens == {CostKind.INPUT_TOKENS: Decimal("0.3"), CostKind.OUTPUT_TOKENS: Decimal("0.04")}
    assert point.is_from_language_model
    assert verify(budgets=[study.budget]) == []
    study.budget.refresh_from_db()
    assert study.budget.held == 0


def test_its_prompt_shows_labels_of_the_pool_alone(study: Study, connection: Connection, server: Served) -> None:
    distil(study, connection)
    finish_all()
    shown = [one["content"] for one in server.requests[0]["messages"]]
    assert "Is the mood good or bad?" in shown[0] and "A. good\nB. bad" in shown[0]
    examples, answers = shown[1:-1:2], shown[2:-1:2]
    assert set(examples) <= set(TEXTS)
    assert sorted(answers) == ["A", "A", "B", "B"]
    assert Prompt.objects.get().payload["labels"] == ["good", "bad"]


def test_more_texts_buy_only_what_is_new_and_pay_for_all(study: Study, connection: Connection, server: Served) -> None:
    first = distil(study, connection, num_unlabelled=4)
    finish_all()
    num_before = len(server.requests)
    second = distil(study, connection, num_unlabelled=10)
    finish_all()

    assert (num_before, len(server.requests)) == (14, 20)
    scored = second.parents.get()
    assert list(AnswerUse.objects.values_list("work_key", flat=True)) == [scored.source_key]
    costs = {point.run_id: point.bill.line(BillSection.TEACHER_SCORING) for point in points(study)}
    of_tokens = {pk: sum(amount for _, amount in line.by_token_class) for pk, line in costs.items()}
    assert of_tokens == {first.pk: Decimal("0.238"), second.pk: Decimal("0.34")}
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


def test_a_server_that_is_gone_pauses_the_run_until_a_person_resumes_it(
    study: Study, connection: Connection, server: Served
) -> None:
    Connection.objects.update(url="http://127.0.0.1:9/v1")
    student = distil(study, connection)
    finish_all()
    scored = student.parents.get()
    assert (scored.state, scored.attempts.get().device_seconds) == (RunState.PAUSED, 0)
    assert "was not reached" in scored.pause_reason
    sweep()
    scored.refresh_from_db()
    assert scored.state == RunState.PAUSED


def test_answers_of_a_worker_that_died_are_kept_and_paid(study: Study, connection: Connection, server: Served) -> None:
    student = distil(study, connection)
    scored = student.parents.get()
    with pytest.raises(KeyboardInterrupt):
        supervise_until_dead(scored, server)
    Run.objects.filter(pk=scored.pk).update(lease_until="2020-01-01T00:00:00Z")
    in_flight = Answer.objects.filter(outcome=Outcome.PENDING, sent_at__isnull=False).count()
    num_answered = Answer.objects.exclude(outcome=Outcome.PENDING).count()
    assert in_flight > 0 and num_answered > 0
    sweep()

    finish_all()
    student.refresh_from_db()
    assert student.state == RunState.SUCCEEDED
    assert Answer.objects.filter(outcome=Outcome.LOST).count() == in_flight
    assert len(server.requests) == 20 + in_flight
    paid = sum(entry.quantity for entry in study.budget.entries.filter(kind=CostKind.OUTPUT_TOKENS))
    assert paid * 1000 == 20 + in_flight
    assert verify(budgets=[study.budget]) == []


def supervise_until_dead(run: Run, server: Served) -> None:
    """Carry a run out until some of its answers came, and then do nothing more, as one that was killed."""
    from connections import buying

    real = buying._Buyer._write

    def write(self: buying._Buyer, answer: Answer, asked: Any) -> None:
        if Answer.objects.exclude(outcome=Outcome.PENDING).count() >= 6:
            raise KeyboardInterrupt
        real(self, answer, asked)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(buying._Buyer, "_write", write)
        supervise(run_id=run.pk)


def test_the_command_names_the_connection(study: Study, connection: Connection, capsys: Any) -> None:
    options = {"path": "distil", "unlabelled": 4, "labels": 10, "teacher_connection": connection.name, "check": True}
    call_command("start_run", study.name, **options)
    told = capsys.readouterr().out
    assert "Tokens (good): 14 answers, dev included: about" in told
    assert not Artifact.objects.filter(run__kind=RunKind.SCORE).exists()
    assert set(TOKEN_KINDS) >= set(study.budget.entries.values_list("kind", flat=True))
