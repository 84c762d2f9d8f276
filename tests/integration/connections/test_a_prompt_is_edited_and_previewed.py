from decimal import Decimal
from typing import Any

import pytest
from django.test import Client

from accounts.models import Role
from accounts.permissions import Forbidden
from budgets.ledger import BudgetStopped
from budgets.limits import stop_everything
from budgets.models import Budget, Path
from connections.models import Answer, AnswerUse, Connection, Outcome, TokenBatch
from connections.prompts import PromptText, PromptTextInvalid
from reports.verify import verify
from runs.control import start_distil
from runs.execution.answers import Watch, buy_for
from runs.models import LabelingJob, PromptVersion
from runs.prompting import (
    LabelingJobImpossible,
    PromptUnchanged,
    carry_out_labeling_job,
    follow_labeling_jobs,
    resume_labeling_job,
    save_version,
    shown_answers,
    start_labeling_job,
    stop_labeling_job,
)
from runs.requests import RunPlan, RunRequest
from studies.models import Study
from tests import factories
from tests.language_server import Served

TEXT = PromptText(system="Short.\n{{labels}}\n{{how_to_answer}}", message="Review: {{text}}")
State, PREVIEW = LabelingJob.State, LabelingJob.Purpose.PREVIEW


def request_of(study: Study, connection: Connection, **plan: Any) -> RunRequest:
    chosen = RunPlan(teacher_connection=connection.pk, shots=4, **plan)
    return RunRequest(study=study, path=Path.DISTIL, plan=chosen)


def preview(study: Study, connection: Connection, **plan: Any) -> LabelingJob:
    job = start_labeling_job(actor=study.created_by, request=request_of(study, connection, **plan), purpose=PREVIEW)
    carry_out_labeling_job(job_id=job.pk)
    job.refresh_from_db()
    return job


def test_versions_are_kept_numbered_and_said(study: Study) -> None:
    first = save_version(actor=study.created_by, study=study, text=TEXT)
    second = save_version(actor=study.created_by, study=study, text=PromptText(system=TEXT.system, message="{{text}}"))
    assert [(one.number, one.created_by) for one in (first, second)] == [(1, study.created_by), (2, study.created_by)]
    assert first.content_hash != second.content_hash
    with pytest.raises(PromptUnchanged, match="version 2 already"):
        save_version(actor=study.created_by, study=study, text=PromptText(system=TEXT.system, message="{{text}}\r\n"))
    with pytest.raises(PromptTextInvalid):
        save_version(actor=study.created_by, study=study, text=PromptText(system="{{label}}", message="{{text}}"))
    with pytest.raises(Forbidden):
        save_version(actor=factories.person(Role.ANNOTATOR), study=study, text=TEXT)
    with pytest.raises(TypeError):
        first.delete()
    assert PromptVersion.objects.count() == 2


def test_what_a_preview_bought_a_run_does_not_buy_again(study: Study, connection: Connection, server: Served) -> None:
    save_version(actor=study.created_by, study=study, text=TEXT)
    job = preview(study, connection)
    assert (job.state, job.num_done, len(server.requests)) == (State.DONE, 5, 5)
    sent = [one["content"] for one in server.requests[0]["messages"]]
    assert sent[0].startswith("Short.\nA. good\nB. bad") and sent[-1].startswith("Review: a ")
    shown = shown_answers(job, most=5)
    assert all(one.shares[0].label == ("good" if "great" in str(one.example) else "bad") for one in shown)
    assert sum(one.cost for one in shown) == spent(study) == Decimal("0.085")

    plan = RunPlan(teacher_connection=connection.pk, shots=4, num_seeds=1, steps=4)
    run = start_distil(actor=study.created_by, study=study, plan=plan, num_unlabelled=8).parents.get()
    assert run.model is not None and run.model["prompt_version"] == 1
    buy_for(run=run, watch=Watch(should_continue=lambda: True, on_done=lambda num_done, num_all: None))
    assert sorted(server.texts) == sorted({text for text in server.texts}) and len(server.texts) == 8
    assert AnswerUse.objects.get().work_key == run.source_key
    assert spent(study) == Decimal("0.136")
    assert verify(budgets=[study.budget]) == []
    again = preview(study, connection)
    assert (len(server.texts), all(one.was_there for one in shown_answers(again, most=5))) == (8, True)


def test_examples_in_a_prompt_are_of_the_pool_alone(study: Study, connection: Connection, server: Served) -> None:
    preview(study, connection, shots_by="nearest")
    for request in server.requests:
        shown = [one["content"] for one in request["messages"][1:-1:2]]
        assert len(shown) == 4 and not any("in the sun" in text for text in shown)
        mood = "great" if "great" in request["messages"][-1]["content"] else "awful"
        assert mood in shown[-1]


def test_samples_become_shares_and_each_is_paid(study: Study, connection: Connection, server: Served) -> None:
    Connection.objects.update(abilities={**connection.abilities, "alternatives": 0})
    job = preview(study, connection, samples=3)
    assert len(server.requests) == 15 and server.total("prompt_tokens") == 450
    assert {request["seed"] for request in server.requests} == {0, 1, 2}
    shares = shown_answers(job, most=1)[0].shares
    assert [one.share for one in shares] == pytest.approx([3.5 / 4, 0.5 / 4])
    assert (job.num_done, spent(study)) == (15, Decimal("0.255"))


def test_a_stop_ends_it_and_a_stopped_budget_pauses_it(study: Study, connection: Connection, server: Served) -> None:
    order = request_of(study, connection)
    job = start_labeling_job(actor=study.created_by, request=order, purpose=PREVIEW)
    stop_everything(actor=study.created_by, budget=study.budget, reason="Wait")
    carry_out_labeling_job(job_id=job.pk)
    job.refresh_from_db()
    assert (job.state, len(server.requests)) == (State.PAUSED, 0) and "budget is stopped" in job.reason
    with pytest.raises(BudgetStopped):
        resume_labeling_job(actor=study.created_by, job=job)
    with pytest.raises(LabelingJobImpossible, match="is stopped"):
        start_labeling_job(actor=study.created_by, request=order, purpose=PREVIEW)
    stop_labeling_job(actor=study.created_by, job=job)
    carry_out_labeling_job(job_id=job.pk)
    job.refresh_from_db()
    assert (job.state, len(server.requests)) == (State.STOPPED, 0)


def test_a_worker_that_shuts_down_hands_it_over(
    study: Study, connection: Connection, server: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    job = start_labeling_job(actor=study.created_by, request=request_of(study, connection), purpose=PREVIEW)
    sent: list[int] = []
    with monkeypatch.context() as closing:
        closing.setattr("runs.prompting.carrying_out.is_announced", lambda: True)
        closing.setattr("runs.prompting.carrying_out.enqueue", lambda one: sent.append(one.pk))
        carry_out_labeling_job(job_id=job.pk)
    job.refresh_from_db()
    assert (job.state, job.num_attempts, sent, len(server.requests)) == (State.WAITING, 0, [job.pk], 0)
    carry_out_labeling_job(job_id=job.pk)
    assert len(server.requests) == 5 and held(study) == 0


def test_what_a_dead_worker_left_is_settled_though_it_was_stopped(
    study: Study, connection: Connection, server: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    job = start_labeling_job(actor=study.created_by, request=request_of(study, connection), purpose=PREVIEW)
    with monkeypatch.context() as broken, pytest.raises(KeyboardInterrupt):
        broken.setattr("connections.buying.settle_batch", die)
        carry_out_labeling_job(job_id=job.pk)
    job.refresh_from_db()
    stop_labeling_job(actor=study.created_by, job=job)
    assert held(study) > 0
    sent: list[int] = []
    monkeypatch.setattr("runs.prompting.carrying_out.enqueue", lambda one: sent.append(one.pk))
    follow_labeling_jobs()
    assert sent == [job.pk]
    carry_out_labeling_job(job_id=job.pk)
    assert (held(study), spent(study)) == (0, Decimal("0.085"))
    assert not TokenBatch.objects.filter(settled_at__isnull=True).exists()
    assert set(Answer.objects.values_list("outcome", flat=True)) == {Outcome.ANSWERED}


def test_the_pages_quote_buy_and_show(study: Study, connection: Connection, client: Client) -> None:
    client.force_login(study.created_by)
    page = client.post(f"/studies/{study.pk}/prompt/", {"system": "{{lables}}", "message": "{{text}}"})
    assert "no place {{lables}}" in page.content.decode()
    client.post(f"/studies/{study.pk}/prompt/", {"system": TEXT.system, "message": TEXT.message})
    url = f"/studies/{study.pk}/prompt/preview/"
    chosen: dict[str, Any] = {
        "connection": connection.pk,
        "shots": 4,
        "shots_by": "balanced",
        "stated_confidence": 0.9,
        "samples": 1,
    }
    quoted = client.get(f"{url}quote/", chosen)
    assert "5 examples" in quoted.content.decode() and "Review: a " in quoted.content.decode()
    bought = client.post(url, {**chosen, "shown": quoted.context["shown"]})
    job = LabelingJob.objects.get()
    assert bought["Location"] == f"/labeling-jobs/{job.pk}/"
    assert "waiting for a worker" in client.get(bought["Location"]).content.decode()
    carry_out_labeling_job(job_id=job.pk)
    page = client.get(bought["Location"])
    assert "version 1" in page.content.decode() and "0.085" in page.content.decode()
    entry = study.budget.entries.earliest("pk")
    assert f"/labeling-jobs/{job.pk}/" in client.get(f"/ledger/{entry.pk}/").content.decode()
    stale = client.post(url, {**chosen, "shots": 2, "shown": quoted.context["shown"]})
    assert "changed since the quote" in stale.content.decode()


def die(*, batch_id: int) -> None:
    raise KeyboardInterrupt


def spent(study: Study) -> Decimal:
    return Budget.objects.get(pk=study.budget_id).spent


def held(study: Study) -> Decimal:
    return Budget.objects.get(pk=study.budget_id).held
