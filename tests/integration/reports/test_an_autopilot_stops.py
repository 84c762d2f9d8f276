from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal
from io import StringIO
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone

from accounts.models import AuditRecord, Role, User
from accounts.permissions import Forbidden
from budgets.ledger import BudgetStopped
from budgets.limits import resume, stop_everything
from notices.models import Notice, NoticeKind
from reports.advice import recommend
from reports.autopilot import AutopilotSettings, status_of, step, switch_off, switch_on
from reports.models import Autopilot, AutopilotStep
from runs.control import cancel
from runs.models import Run, RunState
from studies.models import Study
from tests import factories
from tests.integration.reports import ground
from tests.integration.reports.autopilots import outside, ready_study, recommended, switched_on

__all__ = ["outside"]

pytestmark = pytest.mark.django_db


@pytest.fixture
def study(db: None) -> Study:
    return ready_study()


def after_a_step(study: Study) -> Autopilot:
    step(study_id=study.pk)
    return Autopilot.objects.get(study=study)


def stopped_because(study: Study) -> str:
    """Why it stopped; it did once, and whoever gets notices is told once."""
    found = after_a_step(study)
    step(study_id=study.pk)
    assert not found.is_on
    assert AuditRecord.objects.filter(action="autopilot.stop").count() == 1
    notice = Notice.objects.get(kind=NoticeKind.AUTOPILOT_STOPPED)
    assert found.reason in notice.body
    return found.reason


def demoted(person: User) -> None:
    User.objects.filter(pk=person.pk).update(role=Role.ANNOTATOR)


def closed(person: User) -> None:
    User.objects.filter(pk=person.pk).update(is_active=False)


@pytest.mark.parametrize("lose", [demoted, closed])
def test_it_stops_when_the_person_it_acts_for_loses_the_right(study: Study, lose: Callable[[User], None]) -> None:
    switched_on(study)
    recommended(study)
    lose(study.created_by)
    assert "may not start runs, publish examples and ask language models any more" in stopped_because(study)
    assert not AutopilotStep.objects.exists()


def test_a_stop_of_everything_stops_it_also_when_it_was_resumed_before_the_next_look(study: Study) -> None:
    switched_on(study)
    recommended(study)
    stop_everything(actor=study.created_by, budget=study.budget, reason="Enough.")
    resume(actor=study.created_by, budget=study.budget)
    assert stopped_because(study) == "The study was stopped: Enough."
    assert not AutopilotStep.objects.exists()


def test_a_stopped_study_switches_none_on(study: Study) -> None:
    stop_everything(actor=study.created_by, budget=study.budget, reason="Enough.")
    with pytest.raises(BudgetStopped):
        switched_on(study)


def test_it_stops_at_its_target(study: Study) -> None:
    switched_on(study, target="0.7")
    recommended(study)
    assert stopped_because(study) == "The target is reached: 70.0 % of the 70.0 % asked for."


def test_below_its_target_it_goes_on(study: Study) -> None:
    switched_on(study, target="0.71")
    recommended(study)
    assert after_a_step(study).is_on
    assert AutopilotStep.objects.count() == 1


def test_it_buys_on_its_last_day_and_stops_after_it(study: Study, monkeypatch: pytest.MonkeyPatch) -> None:
    today = timezone.localdate()
    switched_on(study, until=today)
    monkeypatch.setattr("reports.autopilot.deciding.timezone.localdate", lambda at=None: today + timedelta(days=1))
    recommended(study)
    assert stopped_because(study) == f"Its last day was {today}."


@pytest.mark.parametrize("unknown", [{"can_tell": False}, {"gain": 4.9}, {"gain": None}])
def test_it_stops_when_it_cannot_tell(study: Study, unknown: dict[str, Any]) -> None:
    switched_on(study)
    kept = recommended(study, **unknown)
    assert stopped_because(study) == kept.words


def test_it_stops_where_a_gain_is_worth_less_than_its_price(study: Study) -> None:
    Study.objects.filter(pk=study.pk).update(worth_per_point=Decimal("0.000001"))
    for num_labels in (10, 40):
        ground.annotated(study, num_labels=num_labels)
    switched_on(study)
    study.refresh_from_db()
    kept = recommend(study=study)
    assert kept.words.startswith("Stop: ")
    assert stopped_because(study) == kept.words


@pytest.mark.parametrize("state", [RunState.FAILED, RunState.CANCELLED])
def test_it_stops_when_what_it_started_came_to_nothing(study: Study, state: RunState) -> None:
    switched_on(study)
    recommended(study)
    step(study_id=study.pk)
    run = Run.objects.latest("pk")
    if state == RunState.CANCELLED:
        cancel(actor=study.created_by, run=run)
    else:
        Run.objects.filter(pk=run.pk).update(state=state, error="It broke.")
    recommended(study, num_labels=30)
    assert stopped_because(study).startswith(f"{run}, which it started, {state.label.lower()}: ")
    assert AutopilotStep.objects.count() == 1


def test_a_person_switches_it_off_and_is_named(study: Study) -> None:
    switched_on(study)
    recommended(study)
    other = factories.person()
    switch_off(actor=other, study=study)
    switch_off(actor=other, study=study)
    found = after_a_step(study)
    assert (found.is_on, found.reason) == (False, f"{other.email} switched it off.")
    assert AuditRecord.objects.get(action="autopilot.off").actor == other
    assert not AutopilotStep.objects.exists()
    assert not Notice.objects.filter(kind=NoticeKind.AUTOPILOT_STOPPED).exists()


def test_annotators_switch_nothing(study: Study) -> None:
    annotator = factories.person(Role.ANNOTATOR)
    with pytest.raises(Forbidden):
        switch_on(actor=annotator, study=study, settings=AutopilotSettings(share_a_day="1", cap="1"))
    with pytest.raises(Forbidden):
        switch_off(actor=annotator, study=study)


def test_a_change_of_settings_is_recorded_with_what_they_were(study: Study) -> None:
    switched_on(study)
    switched_on(study, cap="60")
    record = AuditRecord.objects.filter(action="autopilot.on").latest("pk")
    assert (record.before, record.after) == ({"cap": "50.00"}, {"cap": "60.00"})


def test_what_it_would_do_next_is_told_while_it_is_off(study: Study) -> None:
    switched_on(study)
    recommended(study, num_new=20)
    switch_off(actor=study.created_by, study=study)
    found = status_of(Autopilot.objects.get(study=study))
    assert found.next_words.startswith("Buy 20 more labels, for a student of 60 labels: $2.00 expected, $2.00 held")


def test_the_command_switches_it_and_tells_how_it_stands(study: Study) -> None:
    printed = StringIO()
    asked = ["--on", "--share-a-day", "0.1", "--cap", "50", "--target", "0.9"]
    call_command("autopilot", str(study.pk), *asked, stdout=printed)
    assert "on, for " in printed.getvalue()
    assert "Today: $0.00 of $10.00. In all: $0.00 of $50.00." in printed.getvalue()
    call_command("autopilot", study.name, "--off", stdout=printed)
    assert "switched it off." in printed.getvalue()
    with pytest.raises(CommandError, match="--share-a-day and --cap"):
        call_command("autopilot", study.name, "--on")
