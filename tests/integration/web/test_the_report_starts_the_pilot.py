from collections.abc import Sequence
from decimal import Decimal
from io import StringIO
from urllib.parse import parse_qsl, urlsplit

import pytest
from django.core.management import call_command
from django.http import HttpResponse
from django.test import Client
from django.urls import reverse

from budgets.limits import set_limit
from budgets.models import Hold
from reports.advice import NextTranche, next_tranche, recommend
from runs.models import Run, RunKind, RunState
from studies.models import Split, Study
from tests import factories
from tests.integration.reports import ground
from tests.integration.web.test_the_start_page_takes_what_a_plan_has import any_model

__all__ = ["any_model"]

pytestmark = pytest.mark.django_db


def made(*, num_labels: int = 40, num_new: int = 200, limit: str = "100") -> Study:
    study = factories.study(limit=limit)
    labels = ["good", "bad"] * (num_labels // 2)
    factories.examples(study, [f"row {number}" for number in range(num_labels)], labels=labels)
    factories.examples(study, [f"test {number}" for number in range(20)], labels=["good", "bad"] * 10, split=Split.TEST)
    factories.examples(study, [f"new {number}" for number in range(num_new)])
    return study


@pytest.fixture
def study(db: None) -> Study:
    return made()


def advised(study: Study) -> NextTranche:
    study.refresh_from_db()
    recommend(study=study)
    return next_tranche(study)


def names(found: NextTranche) -> Sequence[str]:
    return [one.name for one in found.pilot]


def report(client: Client, study: Study) -> str:
    return client.get(reverse("report", args=[study.pk])).content.decode()


def press(client: Client, study: Study, shown: str, **sent: str) -> HttpResponse:
    return client.post(reverse("start-pilot", args=[study.pk]), {"shown": shown, **sent}, follow=True)  # type: ignore[return-value]  # followed


def state(found: NextTranche) -> str:
    assert found.recommendation is not None
    return found.recommendation.state


def words(found: NextTranche) -> str:
    assert found.recommendation is not None
    return found.recommendation.words


def test_the_page_lists_the_pilot_with_its_price_and_one_button(manager: Client, study: Study) -> None:
    found = advised(study)
    page = report(manager, study)
    assert names(found) == [
        "a student of 20 labels",
        "a student of 40 labels",
        "the teacher of 40 labels",
        "a student of 40 labels and 20 pseudo-labels",
    ]
    assert words(found).startswith("Cannot tell yet: nothing is measured. $")
    assert words(found).endswith(" for a pilot of 4 measurements comes first.")
    assert all(name[0].upper() + name[1:] in page for name in names(found))
    assert page.count("Start the pilot") == 1
    assert "Start the run" not in page


def test_a_shared_teacher_is_paid_and_held_for_once(study: Study) -> None:
    found = advised(study)
    half, every, look, taught = found.pilot
    assert found.pilot_price < sum((one.price for one in found.pilot), Decimal(0))
    assert taught.pilot_adds == taught.price - look.price
    # An hour is 0.60: a run each, and two of the student that the teacher alone teaches.
    assert [one.pilot_holds for one in (half, every, look, taught)] == list(map(Decimal, ("0.6", "0.6", "0.6", "1.2")))


def test_the_button_starts_exactly_its_runs_and_holds_what_it_says(manager: Client, study: Study) -> None:
    found = advised(study)
    page = press(manager, study, state(found)).content.decode()
    assert "The pilot is started: 5 runs queued." in page
    kinds = study.runs.order_by("pk").values_list("kind", flat=True)
    students, teacher = [RunKind.FINETUNE_STUDENT] * 2, RunKind.FINETUNE_TEACHER
    assert list(kinds) == [*students, teacher, RunKind.SCORE, RunKind.DISTIL]
    assert [run.num_labels for run in study.runs.order_by("pk")] == [20, 40, 40, 40, 40]
    assert sum(hold.amount for hold in Hold.objects.filter(budget=study.budget)) == found.pilot_holds
    assert study.runs.latest("pk").num_unlabelled == 20


def test_pressed_twice_it_starts_once(manager: Client, study: Study) -> None:
    shown = state(advised(study))
    press(manager, study, shown)
    page = press(manager, study, shown).content.decode()
    assert "not the present one: 5 runs requested. Nothing was started." in page
    assert study.runs.count() == 5
    press(manager, study, state(advised(study)))
    assert study.runs.count() == 5


def test_while_it_is_in_progress_nothing_else_is_named(manager: Client, study: Study) -> None:
    press(manager, study, state(advised(study)))
    found = advised(study)
    assert words(found) == "Cannot tell yet: what the runs in progress measure comes first."
    assert (found.pilot, found.best) == ([], None)


def test_the_rest_of_it_is_named_beside_what_can_be_forecast(manager: Client, study: Study) -> None:
    ground.annotated(study, num_labels=40)
    found = advised(study)
    assert "The rest of the pilot is 3 measurements for $" in words(found)
    page = report(manager, study)
    assert page.count("Start the pilot") == 1
    assert "Start the run" not in page


def test_what_has_failed_is_in_the_pilot_again(manager: Client, study: Study) -> None:
    press(manager, study, state(advised(study)))
    run = study.runs.get(snapshot__num_examples=20)
    Run.objects.filter(pk=run.pk).update(state=RunState.FAILED)
    found = advised(study)
    assert names(found) == ["a student of 20 labels"]
    press(manager, study, state(found))
    assert study.runs.count() == 6


def test_one_that_is_stale_starts_nothing_and_the_new_one_is_shown(manager: Client, study: Study) -> None:
    shown = state(advised(study))
    factories.examples(study, ["later 1", "later 2"], labels=["good", "bad"])
    page = press(manager, study, shown).content.decode()
    assert "not the present one: 2 labels new or changed. Nothing was started." in page
    assert "Start the pilot" not in page
    assert not study.runs.exists()
    found = advised(study)
    assert "A student of 42 labels" in report(manager, study)
    assert state(found) != shown


def test_what_the_money_left_cannot_hold_beside_the_rest_is_left_out(study: Study) -> None:
    set_limit(actor=study.created_by, budget=study.budget, limit="1.30")
    found = advised(study)
    assert names(found) == ["a student of 20 labels", "a student of 40 labels"]
    assert found.recommendation is not None
    left_out = [note for note in found.recommendation.notes if note.startswith("Left out of the pilot")]
    assert [note.endswith("the teacher of 40 labels.") for note in left_out][:1] == [True]


def test_money_that_is_gone_when_it_is_pressed_starts_nothing(
    manager: Client, study: Study, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = advised(study)
    set_limit(actor=study.created_by, budget=study.budget, limit="1.30")
    # As if the money went between the comparison of states and the start.
    monkeypatch.setattr("web.views.next_tranche.next_tranche", lambda study: found)
    page = press(manager, study, state(found)).content.decode()
    assert "would fit" in page
    assert not study.runs.exists()
    assert not Hold.objects.filter(budget=study.budget).exists()


def test_a_teacher_whose_licence_nobody_has_confirmed_starts_nothing_until_somebody_does(
    manager: Client, study: Study, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("runs.preflight.licences.PACKAGE_LICENCES", {})
    found = advised(study)
    assert 'name="licence_confirmed"' in report(manager, study)
    assert "No one has confirmed" in press(manager, study, state(found)).content.decode()
    assert not study.runs.exists()
    press(manager, study, state(found), licence_confirmed="on")
    assert study.runs.count() == 5


def test_without_labels_what_none_come_to_starts_and_labels_come_next(manager: Client) -> None:
    study = made(num_labels=0)
    found = advised(study)
    assert names(found) == [
        *("a student of no labels", "10 more labels and a student of 10 labels"),
        *("the teacher of no labels", "a student of no labels and 20 pseudo-labels"),
    ]
    press(manager, study, state(found))
    assert [run.num_labels for run in study.runs.all()] == [0, 0, 0, 0]
    step = manager.get(reverse("report", args=[study.pk])).context["labels_step"]
    assert step is None
    advised(study)
    response = manager.get(reverse("report", args=[study.pk]))
    step = response.context["labels_step"]
    assert dict(parse_qsl(urlsplit(step.url).query)) == {"num_examples": "10", "split": "pool"}
    assert step.text == "Publish 10 examples"
    assert "the runs come next" in response.content.decode()
    assert "Start the pilot" not in response.content.decode()


def test_once_the_pilot_is_measured_there_is_none(study: Study) -> None:
    ground.annotated(study, num_labels=20, utility=0.6)
    ground.annotated(study, num_labels=40, utility=0.7)
    teacher = ground.teacher(study, num_labels=40)
    ground.evaluate(teacher, 0.9)
    student = ground.distilled(study, teacher=teacher)
    Run.objects.filter(pk=student.run_id).update(num_unlabelled=50)
    assert advised(study).pilot == []


def test_where_nothing_is_to_be_chosen_it_is_said_instead(manager: Client) -> None:
    found = advised(made(num_new=0))
    assert words(found).startswith("No measurement can change what to buy: only students of the labels there are on ")
    assert "for a student of 40 labels tells what they are worth. Every example of the pool is labelled" in words(found)
    assert found.pilot == []
    assert found.best is not None and (found.best.labels, found.best.pseudo_labels) == (40, 0)
    assert "Start the pilot" not in report(manager, found.study)


def test_the_command_prints_the_pilot_and_its_price(study: Study) -> None:
    printed = StringIO()
    call_command("advise", str(study.pk), stdout=printed)
    found = next_tranche(study)
    assert "Pilot" in printed.getvalue()
    assert f"${found.pilot_price:.2f}" in printed.getvalue()
