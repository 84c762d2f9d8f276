"""A manager stops a study and lets it go on; an admin brings prices and corrects one: by keyboard and button."""

from decimal import Decimal

import pytest
from playwright.sync_api import FilePayload, expect

from accounts.models import Role, User
from budgets.cost_kinds import CostKind
from tests import factories
from tests.browser.conftest import OpenPage
from tests.integration.reports import ground


@pytest.fixture
def admin(transactional_db: None) -> User:
    return factories.person(Role.ADMIN)


def test_everything_is_stopped_with_a_reason_and_goes_on(open_page: OpenPage, admin: User) -> None:
    study = factories.study()
    page = open_page(f"/studies/{study.pk}/", user=admin)
    page.get_by_role("link", name="Stop this study").click()
    page.get_by_label("Reason").fill("The guidelines are wrong")
    page.keyboard.press("Enter")
    expect(page.get_by_label("Stopped")).to_contain_text("The guidelines are wrong")
    page.get_by_role("button", name="Resume").click()
    expect(page.get_by_label("Stopped")).to_have_count(0)


def test_a_top_up_that_is_sent_twice_adds_once(open_page: OpenPage, admin: User) -> None:
    study = factories.study(limit="10")
    page = open_page(f"/studies/{study.pk}/budget/", user=admin)
    page.get_by_label("Amount to add").fill("5")
    page.get_by_role("button", name="Top up").dblclick()
    expect(page.get_by_text("$15.00").first).to_be_visible()
    study.budget.refresh_from_db()
    assert study.budget.limit == 15


def test_prices_are_looked_at_before_they_are_imported(open_page: OpenPage, admin: User) -> None:
    book = factories.price_book()
    page = open_page(f"/prices/books/{book.pk}/import/", user=admin)
    content = b"kind,amount,starts_at\nskip,0.02,2026-03-01\n"
    page.get_by_label("CSV file").set_input_files(FilePayload(name="p.csv", mimeType="text/csv", buffer=content))
    page.get_by_role("button", name="Upload and preview").click()
    page.get_by_role("button", name="Add 1 price").click()
    expect(page.get_by_text("New prices in")).to_be_visible()


def test_a_wrong_price_is_corrected_after_a_look(open_page: OpenPage, admin: User) -> None:
    study = factories.study()
    ground.buy_labels(study, 2)
    price = study.budget.price_book.prices.get(kind=CostKind.LABEL)
    page = open_page(f"/prices/{price.pk}/", user=admin)
    page.get_by_role("link", name="Correct entries").click()
    page.get_by_label("The right amount").fill("0.15")
    page.get_by_label("Reason").fill("A typing error")
    page.get_by_role("button", name="Preview").click()
    page.get_by_role("button", name="Correct 2 entries").click()
    expect(page.get_by_text("Entries corrected: 2. The difference is $0.10.")).to_be_visible()
    study.budget.refresh_from_db()
    assert study.budget.spent == Decimal("0.3")
