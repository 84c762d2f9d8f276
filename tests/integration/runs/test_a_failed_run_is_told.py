from collections.abc import Callable

from django.urls import resolve

from accounts.models import Role
from notices.models import Notice, NoticeKind
from runs.control import cancel, start_annotate
from runs.requests import RunPlan
from runs.supervision import supervise
from studies.models import Study
from tests import factories
from tests.integration.runs.world import finish_all

PLAN = RunPlan(num_seeds=1, steps=4, teacher_steps=4, max_minutes=1)


def test_a_refused_input_is_told_with_its_reason_and_the_runs_page(make_study: Callable[..., Study]) -> None:
    factories.person(Role.MANAGER)
    study = make_study("refusing")
    run = start_annotate(actor=study.created_by, study=study, plan=PLAN)
    supervise(run_id=run.pk)
    notice = Notice.objects.get(key=f"run:{run.pk}:failed")
    assert (notice.kind, notice.deliveries.exists()) == (NoticeKind.RUN_FAILED, True)
    assert "The model is not there." in notice.body
    assert str(study) in notice.title
    page = resolve(notice.path)
    assert (page.url_name, page.kwargs) == ("run", {"pk": run.pk})


def test_three_crashes_are_told_once(make_study: Callable[..., Study]) -> None:
    study = make_study("crashing")
    start_annotate(actor=study.created_by, study=study, plan=PLAN)
    finish_all()
    assert "3 interrupted attempts" in Notice.objects.get().body


def test_a_run_that_succeeds_or_is_cancelled_is_not_told(study: Study) -> None:
    supervise(run_id=start_annotate(actor=study.created_by, study=study, plan=PLAN).pk)
    other = start_annotate(actor=study.created_by, study=study, num_labels=4, plan=PLAN)
    cancel(actor=study.created_by, run=other)
    assert not Notice.objects.exists()
