"""A manager reads costs and a run's curves by pointer and by keyboard, and shows a part of them."""

import pytest
from playwright.sync_api import expect

from accounts.models import Role, User
from studies.models import Study
from tests import factories
from tests.browser.conftest import MINUTE, OpenPage
from tests.browser.test_the_chart_can_be_worked_with import LOOKS
from tests.integration.reports import ground


@pytest.fixture
def manager(transactional_db: None) -> User:
    return factories.person(Role.MANAGER)


@pytest.fixture
def study(transactional_db: None) -> Study:
    study = factories.study(name="Is it sport?")
    ground.buy_labels(study, 3)
    ground.annotated(study, num_labels=2)
    return study


def test_bars_of_costs_speak_hide_and_lead_to_their_entries(open_page: OpenPage, manager: User, study: Study) -> None:
    page = open_page(f"/studies/{study.pk}/costs/", user=manager, look="dark", device="phone")
    refused: list[str] = []
    page.on("console", lambda message: refused.append(message.text) if message.type == "error" else None)
    tip, marks = page.locator(".chart-tip"), page.locator("#drawn-chart svg:visible .spoken")
    expect(marks).to_have_count(2, timeout=MINUTE)
    page.get_by_role("link", name="All months").focus()
    page.keyboard.press("Tab")
    expect(tip).to_contain_text("2026-01, ")
    first = tip.inner_text()
    page.keyboard.press("ArrowRight")
    expect(tip).not_to_contain_text(first)
    page.get_by_label("Device hour", exact=True).check()
    expect(marks).to_have_count(1, timeout=MINUTE)
    assert page.url.endswith("/costs/?hide=device_hour")
    page.reload()
    expect(marks).to_have_count(1, timeout=MINUTE)
    assert page.evaluate(LOOKS) == []
    marks.first.click()
    expect(page.get_by_role("cell", name="Accepted label annotation:").first).to_be_visible()
    assert "/ledger/?kind=label&first_month=2026-01&last_month=2026-01" in page.url
    assert refused == []


def test_one_of_several_plots_is_dragged_over(open_page: OpenPage, manager: User, study: Study) -> None:
    run = ground.run_with_curves(study)
    page = open_page(f"/runs/{run.pk}/", user=manager)
    marks = page.locator("#drawn-chart svg:visible .spoken")
    expect(marks).to_have_count(3, timeout=MINUTE)
    marks.first.focus()
    expect(page.locator(".chart-tip")).to_contain_text("step 1: loss 0.9")
    # The last fifth of the steps.
    plots = page.locator("#drawn-chart svg:visible .role-scope > g > path.background")
    plot = next(box for box in (one.bounding_box() for one in plots.all()) if box and box["width"] > 100)
    at = plot["y"] + plot["height"] / 2
    page.mouse.move(plot["x"] + plot["width"] * 0.8, at)
    page.mouse.down()
    page.mouse.move(plot["x"] + plot["width"] + 9, at, steps=4)
    page.mouse.up()
    expect(marks).to_have_count(2, timeout=MINUTE)
    assert "?from=1.6" in page.url and page.url.endswith("&to=2")
    expect(page.get_by_label("From, steps")).to_have_value("1.6")
    assert page.evaluate(LOOKS) == []
