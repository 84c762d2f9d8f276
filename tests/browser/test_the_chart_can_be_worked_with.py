"""A manager reads the chart by pointer and by keyboard, shows a part of it, and prints the report."""

from pathlib import Path as FilePath

import pytest
from playwright.sync_api import expect

from accounts.models import Role, User
from runs.models import Artifact
from studies.models import Study
from tests import factories
from tests.browser.conftest import MINUTE, OpenPage
from tests.integration.reports import ground

LOOKS = (FilePath(__file__).parent / "looks.js").read_text()


@pytest.fixture
def manager(transactional_db: None) -> User:
    return factories.person(Role.MANAGER)


@pytest.fixture
def study(transactional_db: None) -> Study:
    study = factories.study(name="Is it sport?")
    ground.buy_labels(study, 6)
    return study


@pytest.fixture
def students(study: Study) -> list[Artifact]:
    cheap = ground.annotated(study, num_labels=2, utility=0.55)
    dear = ground.annotated(study, num_labels=6, utility=0.72)
    taught = ground.distilled(study, teacher=ground.teacher(study, num_labels=2), utility=0.83)
    return [cheap, dear, taught]


def test_the_chart_speaks_hides_and_zooms(
    open_page: OpenPage, manager: User, study: Study, students: list[Artifact]
) -> None:
    cheap, dear, taught = students
    page = open_page(f"/studies/{study.pk}/report/", user=manager, look="dark", device="phone")
    refused: list[str] = []
    page.on("console", lambda message: refused.append(message.text) if message.type == "error" else None)
    chart, tip = page.locator("#drawn-chart"), page.locator(".chart-tip")
    marks = chart.locator("svg:visible a")
    expect(marks).to_have_count(3, timeout=MINUTE)
    marks.first.focus()
    expect(tip).to_contain_text(f"{cheap}: Annotate, 2 labels")
    page.keyboard.press("ArrowRight")
    expect(tip).not_to_contain_text(f"{cheap}:")
    page.keyboard.press("Escape")
    expect(tip).to_be_hidden()
    marks.last.hover()
    expect(tip).to_contain_text(f"{taught}: Distil, ")
    page.get_by_label("Distil", exact=True).check()
    expect(marks).to_have_count(2, timeout=MINUTE)
    assert page.url.endswith("/report/?hide=distil")
    expect(page.get_by_label("Distil", exact=True)).to_be_focused()
    plot = chart.locator("svg:visible path.background").first.bounding_box()
    assert plot is not None
    at = plot["y"] + plot["height"] * 0.1
    page.mouse.move(plot["x"] + plot["width"] * 0.7, at)
    page.mouse.down()
    page.mouse.move(plot["x"] + plot["width"] - 1, at, steps=4)
    page.mouse.up()
    expect(marks).to_have_count(1, timeout=MINUTE)
    expect(marks.first).to_have_attribute("href", f"{page.url.split('/studies')[0]}/artifacts/{dear.pk}/")
    assert "hide=distil&from=0." in page.url
    # The address is that of what is shown, and the files have the same part.
    page.reload()
    expect(marks).to_have_count(1, timeout=MINUTE)
    query = page.url.partition("?")[2]
    for name in ("CSV", "SVG", "PNG"):
        assert query in str(page.get_by_role("link", name=name, exact=True).get_attribute("href"))
    page.get_by_role("link", name="All dollars").click()
    expect(marks).to_have_count(2, timeout=MINUTE)
    assert refused == []
    assert page.evaluate(LOOKS) == []


def test_the_report_is_printed_on_a4(
    open_page: OpenPage, manager: User, study: Study, students: list[Artifact]
) -> None:
    page = open_page(f"/studies/{study.pk}/report/", user=manager, look="dark")
    page.get_by_role("link", name="Print", exact=True).click()
    expect(page.get_by_text(f"requested by {manager.name} ({manager.email})")).to_be_visible()
    expect(page.get_by_role("navigation")).to_have_count(0)
    expect(page.get_by_role("button", name="Print or save as PDF")).to_be_visible()
    page.wait_for_load_state("load", timeout=MINUTE)
    assert page.evaluate("document.querySelector('.chart img').naturalWidth") > 0
    assert page.evaluate(LOOKS) == []
    page.emulate_media(media="print")
    expect(page.get_by_role("button", name="Print or save as PDF")).to_be_hidden()
    # 210 mm less the margins, at 96 dots an inch: nothing is cut off at the right.
    page.set_viewport_size({"width": 695, "height": 1000})
    assert page.evaluate("document.documentElement.scrollWidth") <= 695
    assert page.pdf(prefer_css_page_size=True).startswith(b"%PDF")
