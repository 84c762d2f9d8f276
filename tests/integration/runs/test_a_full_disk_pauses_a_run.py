from collections.abc import Callable

from pytest_django import Settings

from notices.models import Notice
from runs.control import resume, start_annotate
from runs.models import Artifact, Ending, Run, RunState
from runs.requests import RunPlan
from runs.supervision import supervise, sweep
from studies.models import Study
from tests.integration.runs.world import in_state, is_reconciled

PLAN = RunPlan(num_seeds=1, steps=30, max_minutes=1)


def without_room(make_study: Callable[..., Study]) -> Run:
    study = make_study("without-room-once")
    run = start_annotate(actor=study.created_by, study=study, plan=PLAN)
    supervise(run_id=run.pk)
    return run


def test_it_pays_for_what_it_used_and_waits_for_a_person(make_study: Callable[..., Study]) -> None:
    run = without_room(make_study)

    sweep()

    assert in_state(run, RunState.PAUSED)
    assert run.pause_reason == "there is no room (3 MB are free)"
    attempt = run.attempts.get()
    assert (attempt.ending, attempt.exit_code) == (Ending.DISK_FULL, 4)
    assert attempt.device_seconds > 0
    assert not Artifact.objects.exists()
    assert is_reconciled(run.study)


def test_it_is_told_how_it_goes_on(make_study: Callable[..., Study]) -> None:
    without_room(make_study)

    assert "Free disk space" in Notice.objects.get().body


def test_it_goes_on_where_it_stood_when_a_person_says_so(make_study: Callable[..., Study]) -> None:
    run = without_room(make_study)

    resume(actor=run.created_by, run=run)
    supervise(run_id=run.pk)

    assert in_state(run, RunState.SUCCEEDED)
    assert "starting at step 10" in (run.folder / "log.txt").read_text()
    assert is_reconciled(run.study)


def test_one_that_would_start_with_too_little_room_pauses_and_costs_nothing(study: Study, settings: Settings) -> None:
    settings.MIN_FREE_MB = 10**9
    run = start_annotate(actor=study.created_by, study=study, plan=PLAN)

    supervise(run_id=run.pk)

    assert in_state(run, RunState.PAUSED)
    assert "1,000,000,000 MB is needed to start one" in run.pause_reason
    assert run.attempts.get().entry is None
    assert is_reconciled(study)
