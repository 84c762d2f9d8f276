import pytest
from django.test import Client
from django.urls import reverse

from budgets.models import Path
from runs.models import Run, RunKind, RunState
from studies.models import Study
from tests.integration.reports import ground

pytestmark = pytest.mark.django_db


def make_run(study: Study, state: RunState, **fields: object) -> Run:
    made = ground.run(study, RunKind.FINETUNE_STUDENT, path=Path.ANNOTATE, state=state, seconds=[])
    Run.objects.filter(pk=made.pk).update(**fields)
    return made


def test_a_running_run_asks_for_its_news_again(manager: Client, study: Study) -> None:
    run = make_run(study, RunState.RUNNING, progress={"stage": "train", "step": 3, "num_steps": 10, "fraction": 0.3})
    page = manager.get(reverse("run-live", args=[run.pk])).content.decode()
    assert 'hx-trigger="every 1500ms"' in page
    assert 'aria-valuenow="30.0"' in page


def test_an_ended_run_is_left_alone(manager: Client, study: Study) -> None:
    run = make_run(study, RunState.SUCCEEDED)
    assert "hx-trigger" not in manager.get(reverse("run-live", args=[run.pk])).content.decode()


def test_a_failed_run_says_why(manager: Client, study: Study) -> None:
    run = make_run(study, RunState.FAILED, error="The folder has no tokenizer.")
    assert "The folder has no tokenizer." in manager.get(reverse("run", args=[run.pk])).content.decode()


def test_the_end_of_the_log_is_shown(manager: Client, study: Study) -> None:
    run = make_run(study, RunState.RUNNING)
    run.folder.mkdir(parents=True)
    (run.folder / "log.txt").write_text("step 1 <loss> 0.7\n")
    assert "step 1 &lt;loss&gt; 0.7" in manager.get(reverse("run-live", args=[run.pk])).content.decode()


def test_a_queued_run_can_be_cancelled_from_its_page(manager: Client, study: Study) -> None:
    run = make_run(study, RunState.QUEUED, ended_at=None)
    manager.post(reverse("cancel-run", args=[run.pk]))
    run.refresh_from_db()
    assert run.state == RunState.CANCELLED


def test_a_chain_is_quoted_for_all_of_its_runs(manager: Client, study: Study) -> None:
    query = {"path": "distil", "max_minutes": "30"}
    quote = manager.get(reverse("run-quote", args=[study.pk]), query).context["quote"]
    assert quote.amount == quote.price.amount * 3 / 2


def test_a_quote_beyond_the_budget_says_so(manager: Client, study: Study) -> None:
    page = manager.get(reverse("run-quote", args=[study.pk]), {"path": "annotate", "max_minutes": "6000"})
    assert "The budget cannot take this." in page.content.decode()


def test_a_quote_for_nonsense_falls_back_to_the_defaults(manager: Client, study: Study) -> None:
    page = manager.get(reverse("run-quote", args=[study.pk]), {"path": "elsewhere", "max_minutes": "soon"})
    assert page.context["quote"].minutes == 60
