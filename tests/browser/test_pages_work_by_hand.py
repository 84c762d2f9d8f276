import re

import pytest
from django.urls import reverse
from playwright.sync_api import FilePayload, Page, expect

from accounts.models import Role, User
from budgets.models import Path
from runs.models import Run, RunKind, RunState
from studies.models import Study
from tests import factories
from tests.browser.conftest import OpenPage
from tests.integration.reports import ground


@pytest.fixture
def manager(transactional_db: None) -> User:
    return factories.person(Role.MANAGER)


@pytest.fixture
def study(transactional_db: None) -> Study:
    return factories.study()


def test_signing_in_needs_no_mouse(open_page: OpenPage, manager: User) -> None:
    page = open_page("/sign-in/")
    page.get_by_label("Email").focus()
    page.keyboard.type(manager.email)
    page.keyboard.press("Tab")
    page.keyboard.type(factories.PASSWORD)
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Studies")).to_be_visible()


def test_the_first_tab_offers_the_way_past_the_menu(open_page: OpenPage, manager: User) -> None:
    page = open_page("/", user=manager)
    page.keyboard.press("Tab")
    expect(page.get_by_text("Skip to the content")).to_be_focused()
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.id") == "content"


def test_a_runs_page_follows_it_and_stops_at_its_end(open_page: OpenPage, manager: User, study: Study) -> None:
    run = ground.run(study, RunKind.FINETUNE_STUDENT, path=Path.ANNOTATE, state=RunState.RUNNING, seconds=[])
    rows = Run.objects.filter(pk=run.pk)
    page = open_page(reverse("run", args=[run.pk]), user=manager)
    rows.update(progress={"stage": "train", "step": 7, "num_steps": 10, "fraction": 0.7})
    expect(page.get_by_role("progressbar")).to_have_attribute("aria-valuenow", "70.0")
    rows.update(state=RunState.FAILED, error="The trainer ran out of memory.")
    expect(page.get_by_text("The trainer ran out of memory.")).to_be_visible()
    assert asked_within(page, 3) == []


def test_a_live_page_leaves_the_keyboards_place_alone(open_page: OpenPage, manager: User, study: Study) -> None:
    run = ground.run(study, RunKind.FINETUNE_STUDENT, path=Path.ANNOTATE, state=RunState.RUNNING, seconds=[])
    page = open_page(reverse("run", args=[run.pk]), user=manager)
    page.get_by_role("link", name="Cancel this run").focus()
    Run.objects.filter(pk=run.pk).update(progress={"step": 7, "num_steps": 10})
    expect(page.get_by_text("of 10")).to_be_visible()
    expect(page.get_by_role("link", name="Cancel this run")).to_be_focused()


def test_at_the_end_of_a_run_the_whole_page_is_news(open_page: OpenPage, manager: User, study: Study) -> None:
    run = ground.run(study, RunKind.FINETUNE_STUDENT, path=Path.ANNOTATE, state=RunState.RUNNING, seconds=[])
    Run.objects.filter(pk=run.pk).update(ended_at=None)
    page = open_page(reverse("run", args=[run.pk]), user=manager)
    expect(page.get_by_role("heading", name="More minutes")).to_be_visible()
    Run.objects.filter(pk=run.pk).update(state=RunState.SUCCEEDED)
    expect(page.get_by_role("heading", name="More minutes")).to_be_hidden()
    expect(page.get_by_text("so far")).to_be_hidden()


def test_cancelling_by_hand_asks_first(open_page: OpenPage, manager: User, study: Study) -> None:
    run = ground.run(study, RunKind.FINETUNE_STUDENT, path=Path.ANNOTATE, state=RunState.QUEUED, seconds=[])
    page = open_page(reverse("run", args=[run.pk]), user=manager)
    page.get_by_role("link", name="Cancel this run").click()
    expect(page.get_by_text("stays charged")).to_be_visible()
    page.get_by_role("button", name="Cancel this run").click()
    expect(page.locator("#live .state")).to_have_text("Cancelled")


def asked_within(page: Page, seconds: int) -> list[str]:
    """The addresses that a page asks for by itself."""
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.wait_for_timeout(seconds * 1000)
    return asked


def test_the_quote_follows_the_form(open_page: OpenPage, manager: User, study: Study) -> None:
    page = open_page(reverse("start-run", args=[study.pk]), user=manager)
    expect(page.locator(".note")).to_contain_text("Holds $0.60")
    page.get_by_label(re.compile("Distil:")).check()
    expect(page.locator(".note")).to_contain_text("Holds $1.80")
    page.get_by_label("Time limit (minutes)").fill("30")
    expect(page.locator(".note")).to_contain_text("Holds $0.90")


def test_a_models_name_is_asked_for_only_where_it_is_needed(open_page: OpenPage, manager: User, study: Study) -> None:
    page = open_page(reverse("create-study"), user=manager)
    name = page.get_by_label("Teacher's hub name or folder")
    expect(name).to_be_hidden()
    page.get_by_label("Teacher", exact=True).select_option("hub")
    expect(name).to_be_visible()


def test_a_manager_imports_a_file_by_hand(open_page: OpenPage, manager: User, study: Study) -> None:
    page = open_page(reverse("study-data", args=[study.pk]), user=manager)
    page.get_by_role("link", name="Import examples").click()
    rows = b"text,label\nfine day,good\nawful day,bad\n"
    page.get_by_label("File").set_input_files(FilePayload(name="rows.csv", mimeType="text/csv", buffer=rows))
    page.get_by_role("button", name="Upload and preview").click()
    page.get_by_role("button", name="Import 2 examples").click()
    expect(page.get_by_text("2 examples imported from rows.csv")).to_be_visible()
    assert study.examples.count() == 2
