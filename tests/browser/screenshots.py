"""Take the pictures in docs/screenshots from a running Fulcrum, each page in light, in dark and on a phone.

PYTHONPATH=.:platform python -m tests.browser.screenshots URL EMAIL PASSWORD STUDY_ID docs/screenshots
"""

import argparse
import re
from pathlib import Path
from typing import Literal

from playwright.sync_api import FilePayload, Page, ViewportSize, sync_playwright

from embedded.installation import find_chromium
from tests.browser.launching import launch

DESKTOP, PHONE = ViewportSize(width=1280, height=900), ViewportSize(width=390, height=844)
FACES: dict[str, tuple[Literal["light", "dark"], ViewportSize]] = {
    "light": ("light", DESKTOP),
    "dark": ("dark", DESKTOP),
    "phone": ("light", PHONE),
}
SECONDS_TO_ANSWER = 60
PAGES = {
    "home": "/",
    "my-work": "/work/",
    "prices": "/prices/",
    "price": "/prices/1/",
    "add-price": "/prices/add/",
    "add-price-book": "/prices/books/add/",
    "connections": "/connections/",
    "audit": "/audit/",
    "notices": "/notices/",
    "webhook-targets": "/notices/targets/",
    "people": "/people/",
    "person": "/people/1/",
    "change-password": "/password/",
    "new-study": "/studies/new/",
    "study": "/studies/{study}/",
    "change-study": "/studies/{study}/change/",
    "duplicate-study": "/studies/{study}/duplicate/",
    "archive-study": "/studies/{study}/archive/",
    "data": "/studies/{study}/data/",
    "import": "/studies/{study}/import/",
    "labelling": "/studies/{study}/labelling/",
    "publish": "/studies/{study}/labelling/publish/",
    "second-opinions": "/studies/{study}/labelling/second-opinions/",
    "runs": "/studies/{study}/runs/",
    "start-run": "/studies/{study}/runs/start/",
    "report": "/studies/{study}/report/",
    "print-report": "/studies/{study}/report/print/",
    "autopilot": "/studies/{study}/autopilot/",
    "ledger": "/studies/{study}/ledger/",
    "budget": "/studies/{study}/budget/",
    "stop": "/studies/{study}/budget/stop/",
    "correct-price": "/prices/1/correct/",
    "confirmation": "/prices/books/1/confirmation/",
    "import-prices": "/prices/books/1/import/",
    "costs": "/costs/",
    "cost-entries": "/costs/entries/",
    "entry": "/ledger/1/",
    "study-costs": "/studies/{study}/costs/",
    "statement": "/studies/{study}/statement/",
    "reconciliation": "/reconciliation/",
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    for name in ("url", "email", "password", "study", "folder"):
        parser.add_argument(name)
    given = parser.parse_args()
    folder = Path(given.folder)
    folder.mkdir(parents=True, exist_ok=True)
    program = find_chromium()
    assert program is not None, "Chromium is missing: `python3 manage.py test` installs it"
    with sync_playwright() as playwright:
        browser = launch(playwright, program)
        for face, (look, size) in FACES.items():
            page = browser.new_context(base_url=given.url, color_scheme=look, viewport=size).new_page()
            _take_all(page, given, folder, face)
        browser.close()


def _take_all(page: Page, given: argparse.Namespace, folder: Path, face: str) -> None:
    page.goto("/sign-in/")
    page.screenshot(path=folder / f"sign-in-{face}.png")
    page.get_by_label("Email").fill(given.email)
    page.get_by_label("Password").fill(given.password)
    page.get_by_role("button", name="Sign in").click()
    page.get_by_text("Sign out").wait_for()
    for name, path in PAGES.items():
        page.goto(path.format(study=given.study))
        page.screenshot(path=folder / f"{name}-{face}.png")
    _preview_import(page, given.study, folder / f"import-preview-{face}.png")
    _enter_label_studio(page, folder / f"label-studio-{face}.png")
    _follow(page, f"/studies/{given.study}/runs/", "tbody th a", folder / f"run-{face}.png")
    _follow(page, f"/studies/{given.study}/report/", "tbody th a", folder / f"student-{face}.png")
    _try_model(page, folder / f"model-tried-{face}.png")
    _compare(page, given.study, folder / f"compare-{face}.png")


def _preview_import(page: Page, study: str, picture: Path) -> None:
    """Picture what a small file would bring; the upload stays a draft, and nothing is imported."""
    page.goto(f"/studies/{study}/import/")
    content = b"text,label\nis the new engine worth its price,cars\n,cars\nwho won the game last night,sports\n"
    page.get_by_label("File").set_input_files(FilePayload(name="more.csv", mimeType="text/csv", buffer=content))
    page.get_by_role("button", name="Upload and preview").click()
    page.get_by_text("Rows with errors").first.wait_for()
    page.screenshot(path=picture)


def _enter_label_studio(page: Page, picture: Path) -> None:
    """Picture the next example in Label Studio, where one waits."""
    page.goto("/")
    label = page.get_by_role("button", name=re.compile("^Label"))
    if label.count():
        label.first.click()
        page.get_by_test_id("bottombar-submit-button").wait_for()
        page.screenshot(path=picture)


def _follow(page: Page, path: str, link: str, picture: Path) -> None:
    """Picture the page behind the first such link, where there is one."""
    page.goto(path)
    if page.locator(link).count():
        page.locator(link).first.click()
        page.wait_for_load_state("networkidle")
        page.screenshot(path=picture)


def _try_model(page: Page, picture: Path) -> None:
    """Ask the model whose page is open, and picture its answer."""
    box = page.locator("#try")
    box.get_by_label("Text").fill("the pitcher threw the ball and the home team won the game")
    box.get_by_role("button", name="Predict").click()
    page.locator("#try .answer").wait_for(timeout=SECONDS_TO_ANSWER * 1000)
    box.scroll_into_view_if_needed()
    page.screenshot(path=picture)


def _compare(page: Page, study: str, picture: Path) -> None:
    """Picture the report's last two students beside each other, from the form on."""
    page.goto(f"/studies/{study}/report/compare/")
    page.get_by_role("button", name="Compare").click()
    page.wait_for_load_state("networkidle")
    page.screenshot(path=picture, full_page=True)


if __name__ == "__main__":
    main()
