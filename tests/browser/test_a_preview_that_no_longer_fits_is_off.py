"""Buttons that confirm a preview, before a browser: off as soon as the form says something else."""

import re

import pytest
from django.urls import reverse
from playwright.sync_api import FilePayload, Route, expect

from accounts.models import Role, User
from budgets.cost_kinds import CostKind
from studies.models import Study
from tests import factories
from tests.browser.conftest import OpenPage
from tests.integration.reports import ground

ROWS = b"text,kind\nfine day,good\nawful day,bad\n"


@pytest.fixture
def admin(transactional_db: None) -> User:
    return factories.person(Role.ADMIN)


def test_columns_chosen_after_the_preview_are_previewed_and_come_along(open_page: OpenPage, admin: User) -> None:
    study = factories.study(labels=("good", "bad"))
    page = open_page(reverse("import-upload", args=[study.pk]), user=admin)
    page.get_by_label("File").set_input_files(FilePayload(name="rows.csv", mimeType="text/csv", buffer=ROWS))
    page.get_by_role("button", name="Upload and preview").click()
    page.wait_for_load_state()
    button = page.get_by_role("button", name="Import 2 examples")
    expect(button).to_be_enabled()
    page.get_by_label("Column with the label").select_option("kind")
    expect(button).to_be_disabled()
    page.get_by_role("button", name="Preview again").click()
    expect(page.get_by_text("2 with a label")).to_be_visible()
    button.click()
    expect(page.get_by_text("2 examples imported from rows.csv")).to_be_visible()
    assert study.examples.filter(label__isnull=False).count() == 2


def test_an_amount_typed_after_the_preview_is_previewed_first(open_page: OpenPage, admin: User) -> None:
    study = factories.study()
    ground.buy_labels(study, 2)
    price = study.budget.price_book.prices.get(kind=CostKind.LABEL)
    page = open_page(reverse("correct-price", args=[price.pk]), user=admin)
    page.get_by_label("The right amount").fill("0.15")
    page.get_by_label("Reason").fill("A typing error")
    page.get_by_role("button", name="Preview").click()
    page.wait_for_load_state()
    button = page.get_by_role("button", name="Correct 2 entries")
    expect(button).to_be_enabled()
    page.get_by_label("The right amount").fill("0.20")
    expect(button).to_be_disabled()


def test_what_is_published_waits_for_its_quote(open_page: OpenPage, admin: User) -> None:
    study = factories.study()
    factories.examples(study, ["one", "two", "three"])
    page = open_page(reverse("publish", args=[study.pk]), user=admin)
    held_back: list[Route] = []
    page.route(re.compile("/publish/quote"), lambda route: held_back.append(route))
    with page.expect_request(re.compile("/publish/quote")):
        page.get_by_label("How many").fill("2")
    button = page.get_by_role("button", name="Publish")
    expect(button).to_be_disabled()
    expect(button).to_have_attribute("title", "Wait for the new quote.")
    held_back[0].continue_()
    expect(page.get_by_text("2 examples: expected")).to_be_visible()
    expect(button).to_be_enabled()


def test_an_import_is_undone_by_hand(open_page: OpenPage, admin: User) -> None:
    study: Study = factories.study(labels=("good", "bad"))
    factories.import_csv(study, "text,label\none,good\n")
    page = open_page(reverse("study-data", args=[study.pk]), user=admin)
    page.get_by_role("link", name="Undo").click()
    page.get_by_role("button", name="Undo the import").click()
    expect(page.get_by_text("is undone: its examples and labels are removed")).to_be_visible()
    assert not study.examples.exists()
