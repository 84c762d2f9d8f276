from io import StringIO

import pytest
from django.core.management import CommandError, call_command

from budgets.limits import stop_everything
from runs.control import pause, start_annotate
from runs.models import Run, RunState
from runs.requests import RunPlan
from studies.models import Study
from tests.integration.runs.world import in_state

ANNOTATE = ("start_run", "{run.study_id}", "--path", "annotate")


def said(*arguments: str) -> str:
    out = StringIO()
    call_command(*arguments, stdout=out)
    return out.getvalue()


@pytest.fixture
def run(study: Study) -> Run:
    return start_annotate(actor=study.created_by, study=study, plan=RunPlan(max_minutes=1))


def test_a_run_is_started_that_may_go_on(study: Study) -> None:
    said("start_run", str(study.pk), "--path", "annotate", "--minutes", "2", "--go-on")
    run = Run.objects.get()
    assert (run.go_on, run.max_seconds) == (True, 120)


def test_a_run_is_given_more_minutes(run: Run) -> None:
    assert said("extend_run", str(run.pk), "--minutes", "4") == f"{run}: 5 minutes, 0.30 USD held\n"


def test_waiting_ends_when_the_run_pauses(run: Run) -> None:
    pause(actor=run.created_by, run=run)
    with pytest.raises(CommandError, match=f"is paused: paused by .* extend_run {run.pk}"):
        said("start_run", str(run.study_id), "--path", "annotate", "--wait")
    assert in_state(run, RunState.PAUSED)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["extend_run", "0", "--minutes", "1"], "There is no run '0'"),
        (["extend_run", "{run.pk}", "--minutes", "0"], "minutes: 0 is not between"),
        (["extend_run", "{run.pk}", "--minutes", "10000"], "USD more"),
        ([*ANNOTATE, "--unlabelled", "9"], "Only --path distil uses --unlabelled. Leave that out"),
        ([*ANNOTATE, "--licence-confirmed", "--keep", "1"], "uses --licence-confirmed, --keep. Leave"),
        ([*ANNOTATE, "--teacher-run", "3"], "uses --teacher-run. Leave that out, or choose --path distil"),
        ([*ANNOTATE, "--temperature", "2", "--self-distil"], "uses --self-distil, --temperature. Leave"),
        ([*ANNOTATE, "--segmentation", "word"], "segmentation: word is for entities"),
    ],
)
def test_a_refusal_is_told_in_words(run: Run, arguments: list[str], message: str) -> None:
    with pytest.raises(CommandError, match=message):
        said(*(one.format(run=run) for one in arguments))


def test_a_stopped_budget_refuses_both(run: Run) -> None:
    stop_everything(actor=run.created_by, budget=run.study.budget, reason="Enough")
    for arguments in (
        ["extend_run", str(run.pk), "--minutes", "1"],
        ["start_run", str(run.study_id), "--path", "distil"],
    ):
        with pytest.raises(CommandError, match=r"is stopped|between 1 and"):
            said(*arguments)
