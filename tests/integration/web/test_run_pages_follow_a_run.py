from decimal import Decimal

import pytest
from django.test import Client
from django.urls import reverse

from budgets.limits import stop_everything
from budgets.models import Path
from runs.control import cancelled_with
from runs.models import Run, RunKind, RunState
from studies.models import Study
from tests.integration.reports import ground
from training.reporting.curve import Curve

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
    assert "Not enough budget." in page.content.decode()


def test_a_quote_for_nonsense_falls_back_to_the_defaults(manager: Client, study: Study) -> None:
    page = manager.get(reverse("run-quote", args=[study.pk]), {"path": "elsewhere", "max_minutes": "soon"})
    assert page.context["quote"].minutes == 60


def test_a_quote_beyond_the_budget_says_what_is_missing_and_what_fits(manager: Client, study: Study) -> None:
    page = manager.get(reverse("run-quote", args=[study.pk]), {"path": "distil", "max_minutes": "10000"})
    words = " ".join(page.content.decode().split())
    assert " short." in words
    assert "At most 333 minutes for each of the 3 runs would fit." in words


def test_a_quote_estimates_from_the_studys_own_runs(manager: Client, study: Study) -> None:
    done = make_run(study, RunState.SUCCEEDED, model=study.student_model, training={"steps": 400, "batch_size": 16})
    ground.attempt(done, 1, 60, is_last=True)
    asked = {"path": "annotate", "max_minutes": "30", "recipe": "finetune", "num_seeds": "1"}
    page = manager.get(reverse("run-quote", args=[study.pk]), asked)
    assert "1 run of this study" in page.content.decode()
    assert page.context["quote"].estimate.whole.expected_seconds == pytest.approx(60, rel=0.05)


def test_a_quote_without_a_history_says_that_only_the_limit_is_known(manager: Client, study: Study) -> None:
    page = manager.get(reverse("run-quote", args=[study.pk]), {"path": "annotate"})
    assert "no similar run has ended yet" in page.content.decode()


def test_a_running_run_shows_its_cost_its_hold_and_its_price_a_minute(manager: Client, study: Study) -> None:
    run = make_run(study, RunState.RUNNING, ended_at=None)
    ground.attempt(run, 1, 60, is_last=False)
    totals = manager.get(reverse("run", args=[run.pk])).context["totals"]
    assert (totals.cost, totals.held, totals.left) == (Decimal("0.01"), Decimal("0.60"), Decimal("0.59"))
    assert (totals.per_minute, totals.seconds, totals.seconds_left) == (Decimal("0.01"), 60, 3540)


def test_an_ended_run_shows_its_estimate_beside_its_cost(manager: Client, study: Study) -> None:
    amounts = {"low": "0.02", "expected": "0.03", "high": "0.05"}
    seconds = {"low_seconds": 120.0, "expected_seconds": 180.0, "high_seconds": 300.0}
    kept = {**amounts, **seconds, "basis": "2 runs of this study"}
    run = make_run(study, RunState.SUCCEEDED, estimate=kept)
    page = manager.get(reverse("run", args=[run.pk])).content.decode()
    assert "$0.03" in page and "$0.05" in page
    assert "3 min (2 min to 5 min), from 2 runs of this study" in page


def test_a_paused_run_says_why_and_takes_more_minutes(manager: Client, study: Study) -> None:
    run = make_run(study, RunState.PAUSED, pause_reason="its 60 minutes are used up", max_seconds=3600, ended_at=None)
    ground.attempt(run, 1, 3596, is_last=False)
    page = manager.get(reverse("run", args=[run.pk])).content.decode()
    assert "Paused: its 60 minutes are used up." in page
    assert "Add minutes below to resume it" in page

    manager.post(reverse("extend-run", args=[run.pk]), {"minutes": "10"})

    run.refresh_from_db()
    assert (run.state, run.max_seconds) == (RunState.QUEUED, 4200)


@pytest.mark.parametrize("minutes", ["", "0", "-3", "1e30", "NaN", "99999"])
def test_senseless_minutes_are_refused_in_words(manager: Client, study: Study, minutes: str) -> None:
    run = make_run(study, RunState.PAUSED, ended_at=None)
    page = manager.post(reverse("extend-run", args=[run.pk]), {"minutes": minutes}, follow=True)
    assert "More minutes: " in page.content.decode()
    run.refresh_from_db()
    assert run.max_seconds == 3600


def test_a_person_pauses_a_run_and_lets_it_go_on_from_its_page(manager: Client, study: Study) -> None:
    run = make_run(study, RunState.QUEUED, ended_at=None)
    page = manager.post(reverse("pause-run", args=[run.pk]), follow=True).content.decode()
    assert "It stays paused until somebody resumes it." in page
    manager.post(reverse("resume-run", args=[run.pk]))
    run.refresh_from_db()
    assert run.state == RunState.QUEUED


def test_a_queued_run_under_a_stop_says_what_it_waits_for(manager: Client, study: Study) -> None:
    run = make_run(study, RunState.QUEUED, ended_at=None)
    stop_everything(actor=study.created_by, budget=study.budget, reason="Enough")
    assert "Waiting: its budget is stopped." in manager.get(reverse("run", args=[run.pk])).content.decode()
    query = {"path": "annotate"}
    assert "The budget is stopped." in manager.get(reverse("run-quote", args=[study.pk]), query).content.decode()


def test_curves_are_drawn_and_handed_out_as_figures(manager: Client, study: Study) -> None:
    run = make_run(study, RunState.RUNNING)
    write_curves(run)
    page = manager.get(reverse("run", args=[run.pk])).content.decode()
    assert f"{reverse('run-curve', args=[run.pk, 'svg'])}?theme=light&amp;v=" in page
    assert 'hx-trigger="load, every 5s"' in page
    svg = manager.get(reverse("run-curve", args=[run.pk, "svg"]), {"v": "1"})
    assert svg["Content-Type"] == "image/svg+xml" and "max-age" in svg["Cache-Control"]
    table = manager.get(reverse("run-curve", args=[run.pk, "csv"])).getvalue().decode().splitlines()
    assert table[:2] == ["training,step,loss,dev_score", '"rate 0.001, 3 epochs, seed 0",1,0.9,']
    assert table[-1] == '"rate 0.001, 3 epochs, seed 0",2,,0.75'


def write_curves(run: Run) -> None:
    run.folder.mkdir(parents=True)
    curve = Curve(run.folder)
    curve.begin("rate-0.001-3-epochs-seed-0", step=0)
    curve.add_loss(1, 0.9)
    curve.add_loss(2, 0.7)
    curve.add_score(2, 0.75)
    curve.write()


def test_a_run_without_a_step_has_no_curves(manager: Client, study: Study) -> None:
    run = make_run(study, RunState.QUEUED)
    assert manager.get(reverse("run-curve", args=[run.pk, "svg"])).status_code == 404
    # The page asks until there are some.
    part = reverse("run-curve-part", args=[run.pk])
    assert f'hx-get="{part}" hx-trigger="every 5s"' in manager.get(reverse("run", args=[run.pk])).content.decode()
    assert manager.get(part).status_code == 204


def test_the_files_of_a_run_are_handed_out_as_they_were_written(manager: Client, study: Study) -> None:
    run = make_run(study, RunState.RUNNING)
    run.folder.mkdir(parents=True)
    (run.folder / "spec.json").write_text('{"seed": "<7>"}')
    spec = manager.get(reverse("run-file", args=[run.pk, "spec.json"]))
    assert b"".join(spec.streaming_content) == b'{"seed": "<7>"}'  # type: ignore[attr-defined]
    assert "attachment" in spec["Content-Disposition"]
    assert "&lt;7&gt;" in manager.get(reverse("run", args=[run.pk])).content.decode()
    assert manager.get(reverse("run-file", args=[run.pk, "log.txt"])).status_code == 404


def test_what_a_killed_attempt_used_is_not_known(manager: Client, study: Study) -> None:
    run = make_run(study, RunState.QUEUED, ended_at=None)
    ground.attempt(run, 1, 60, is_last=False)
    page = manager.get(reverse("run-live", args=[run.pk])).content.decode()
    assert '<td class="number">not known</td>' in page
    assert "1 min, not reported by the trainer" in page


def test_energy_is_added_up_beside_the_attempts_that_could_not_tell(manager: Client, study: Study) -> None:
    run = make_run(study, RunState.SUCCEEDED)
    for number in (1, 2):
        ground.attempt(run, number, 60, is_last=False)
    run.attempts.filter(number=2).update(energy_kwh=0.002, carbon_kg=0.0001, peak_memory_bytes=2**20)
    page = manager.get(reverse("run-live", args=[run.pk])).content.decode()
    assert "2 Wh, without 1 attempt whose energy is not known" in page
    assert "0.1 g CO₂e" in page


def test_a_running_run_tells_its_rate(manager: Client, study: Study) -> None:
    progress = {"stage": "train", "step": 3, "num_steps": 10, "fraction": 0.3, "rows_per_second": 1234.5}
    run = make_run(study, RunState.RUNNING, progress={**progress, "seconds_left": 42.0})
    page = manager.get(reverse("run-live", args=[run.pk])).content.decode()
    assert "1,23" in page and "about 42 s to the end of this stage" in page


def test_a_page_that_is_watched_to_the_end_is_loaded_again_as_a_whole(manager: Client, study: Study) -> None:
    run = make_run(study, RunState.RUNNING, ended_at=None)
    url, by_page = reverse("run-live", args=[run.pk]), {"HX-Request": "true"}
    assert "HX-Refresh" not in manager.get(url, headers=by_page)
    Run.objects.filter(pk=run.pk).update(state=RunState.SUCCEEDED)
    assert manager.get(url, headers=by_page)["HX-Refresh"] == "true"
    assert "hx-get" not in manager.get(reverse("run", args=[run.pk])).content.decode()


def test_cancelling_asks_first_and_says_what_it_costs(manager: Client, study: Study) -> None:
    run = make_run(study, RunState.RUNNING, ended_at=None)
    ground.attempt(run, 1, 60, is_last=False)
    waiting = make_run(study, RunState.WAITING, ended_at=None)
    waiting.parents.set([run])
    url = reverse("cancel-run", args=[run.pk])
    assert f'href="{url}"' in manager.get(reverse("run", args=[run.pk])).content.decode()
    page = manager.get(url).content.decode()
    assert all(words in page for words in ("$0.01", "$0.59", "stays charged", "pause the run instead", str(waiting)))
    run.refresh_from_db()
    assert run.cancel_requested_at is None


def test_what_a_cancel_page_names_is_what_is_cancelled(manager: Client, study: Study) -> None:
    teacher, scored, student = (make_run(study, RunState.WAITING, ended_at=None) for _ in range(3))
    Run.objects.filter(pk=teacher.pk).update(state=RunState.QUEUED)
    scored.parents.set([teacher])
    student.parents.set([scored])
    named = cancelled_with(run=scored)
    manager.post(reverse("cancel-run", args=[scored.pk]))
    assert set(Run.objects.filter(state=RunState.CANCELLED)) == {*named, scored} == {teacher, scored, student}


def test_a_teacher_that_another_run_needs_is_not_named(study: Study) -> None:
    teacher, first, second = (make_run(study, RunState.QUEUED, ended_at=None) for _ in range(3))
    for child in (first, second):
        child.parents.set([teacher])
    assert cancelled_with(run=first) == []


def test_there_is_nothing_to_ask_once_a_run_has_ended(manager: Client, study: Study) -> None:
    run = make_run(study, RunState.FAILED)
    assert manager.get(reverse("cancel-run", args=[run.pk])).status_code == 302
