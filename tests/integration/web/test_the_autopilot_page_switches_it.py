import pytest
from django.test import Client
from django.urls import reverse

from reports.autopilot import step
from reports.models import Autopilot, AutopilotStep
from studies.models import Study
from tests.integration.reports.autopilots import outside, ready_study, recommended

__all__ = ["outside"]

pytestmark = pytest.mark.django_db
SENT = {"share_a_day": "10", "cap": "50", "target": "90", "until": ""}


@pytest.fixture
def study(db: None) -> Study:
    return ready_study()


def page(client: Client, study: Study, name: str = "autopilot") -> str:
    return client.get(reverse(name, args=[study.pk])).content.decode()


def switch_on(client: Client, study: Study, **sent: str) -> str:
    response = client.post(reverse("autopilot", args=[study.pk]), {**SENT, **sent}, follow=True)
    return response.content.decode()


def test_it_is_off_until_somebody_switches_it_on(manager: Client, study: Study) -> None:
    assert "The autopilot is off." in page(manager, study)
    assert "Switch off the autopilot" not in page(manager, study)
    assert "The autopilot is on, with these settings." in switch_on(manager, study)
    found = Autopilot.objects.get(study=study)
    assert (found.is_on, f"{found.share_a_day} {found.cap} {found.target}") == (True, "0.1000 50.000000 0.9")
    assert 'value="90"' in page(manager, study)


@pytest.mark.parametrize("name", ["study", "report", "autopilot"])
def test_its_switch_is_on_the_pages_of_the_study(manager: Client, study: Study, name: str) -> None:
    assert "Switch off the autopilot" not in page(manager, study, name)
    switch_on(manager, study)
    assert "Switch off the autopilot" in page(manager, study, name)
    shown = manager.post(reverse("autopilot-off", args=[study.pk]), follow=True).content.decode()
    assert "The autopilot is off" in shown
    assert not Autopilot.objects.get(study=study).is_on


def test_the_page_tells_what_comes_next_and_what_was_bought(manager: Client, study: Study) -> None:
    switch_on(manager, study)
    kept = recommended(study)
    assert "Buy a student of 40 labels: " in page(manager, study)
    step(study_id=study.pk)
    (run,) = AutopilotStep.objects.get().runs.all()
    shown = page(manager, study)
    assert f"Recommendation {kept.pk}: {kept.words}" in shown
    assert reverse("run", args=[run.pk]) in shown and f"?run=run:{run.pk}" in shown
    assert "Gain 10.0 points (6.0 to 14.0, 90 %)" in shown
    assert f"{run} is queued; what it measures comes first." in shown
    assert "(by <a" in manager.get(reverse("run", args=[run.pk])).content.decode()


def test_a_value_that_cannot_be_is_explained_at_its_field(manager: Client, study: Study) -> None:
    assert "0 must be more than zero." in switch_on(manager, study, cap="0")
    assert not Autopilot.objects.exists()
