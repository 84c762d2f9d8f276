"""The start page with all that a distillation asks for: folded at first, and fit for everyone when it is not."""

import os
from pathlib import Path as FilePath

import pytest
from django.urls import reverse
from playwright.sync_api import expect

from accounts.models import Role, User
from runs.models import ModelLicence
from studies.models import Split, Study
from tests import factories
from tests.browser.conftest import OpenPage

LOOKS = (FilePath(__file__).parent / "looks.js").read_text()


@pytest.fixture
def manager(transactional_db: None) -> User:
    return factories.person(Role.MANAGER)


@pytest.fixture
def study(transactional_db: None) -> Study:
    """A study of whose teacher's licence nobody knows."""
    study = factories.study(teacher_model={"source": "hub", "name": "some/teacher", "revision": None})
    ModelLicence.objects.all().delete()
    for split in (Split.POOL, Split.TEST):
        factories.examples(study, [f"{split} {number}" for number in range(4)], split=split, labels=["good", "bad"] * 2)
    return study


def test_only_a_distillation_is_asked_for_its_settings(open_page: OpenPage, manager: User, study: Study) -> None:
    page = open_page(reverse("start-run", args=[study.pk]), user=manager)
    unlabelled, temperature = (
        page.get_by_role("spinbutton", name="Unlabelled examples"),
        page.get_by_label("Temperature", exact=True),
    )
    expect(unlabelled).to_be_hidden()
    page.get_by_label("Hybrid").check()
    expect(unlabelled).to_be_visible()
    expect(temperature).to_be_hidden()
    page.get_by_text("Distilling", exact=True).click()
    expect(temperature).to_be_visible()


def test_a_licence_is_confirmed_on_the_page(open_page: OpenPage, manager: User, study: Study) -> None:
    page = open_page(reverse("start-run", args=[study.pk]), user=manager)
    confirmed = page.get_by_label("I have read the teacher's licence")
    expect(confirmed).to_be_hidden()
    page.get_by_label("Distil:").check()
    expect(page.get_by_text("No one has confirmed whether its outputs")).to_be_visible()
    confirmed.check()
    page.get_by_label("Time limit (minutes)").fill("30")
    expect(page.locator(".note").first).to_contain_text("Holds $0.90")
    expect(confirmed).to_be_checked()


@pytest.mark.parametrize(("look", "device"), [("light", "phone"), ("dark", "desktop")])
def test_it_is_fit_for_everyone_when_it_is_unfolded(
    open_page: OpenPage, manager: User, study: Study, look: str, device: str
) -> None:
    page = open_page(reverse("start-run", args=[study.pk]), user=manager, look=look, device=device)
    page.get_by_label("Distil:").check()
    expect(page.get_by_text("No one has confirmed whether its outputs")).to_be_visible()
    for title in ("Search", "The model", "Distilling"):
        page.get_by_text(title, exact=True).click()
    if os.environ.get("SHOTS"):
        page.screenshot(path=f"{os.environ['SHOTS']}/start-{look}-{device}.png", full_page=True)
    assert page.evaluate(LOOKS) == []
