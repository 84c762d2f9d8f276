"""A study for entities on our own pages: made, filled and looked through, on a phone in the dark too."""

import json
from pathlib import Path

from django.urls import reverse
from playwright.sync_api import FilePayload, expect

from accounts.models import Role
from studies.models import Study
from tests import factories
from tests.browser.conftest import OpenPage

LOOKS = (Path(__file__).parent / "looks.js").read_text()
LONG_LABEL = "The device that the step is carried out with, if any"
SPANS = [{"start": 2, "end": 5, "label": "Action"}, {"start": 6, "end": 10, "label": LONG_LABEL}]
ROWS = [{"text": "🧪 add 5 mL", "label": SPANS, "split": "pool"}, {"text": "wait", "label": [], "split": "pool"}]


def test_a_study_for_entities_is_made_and_filled(open_page: OpenPage, transactional_db: None) -> None:
    factories.price_book()
    page = open_page("/studies/new/", user=factories.person(Role.MANAGER), look="dark", device="phone")
    page.get_by_label("Task type").select_option(label="Entity extraction")
    expect(page.get_by_text("Parts of each text are marked")).to_be_visible()
    expect(page.get_by_label("Utility is measured as").locator("option")).to_have_text(
        ["Span F1", "Span F1, mean over labels", "Accuracy of whole texts", "F1 as in Kang et al. (2023)"]
    )
    page.get_by_label("Name", exact=True).fill("Protocols")
    page.locator("#id_labels").fill(f"Action\n{LONG_LABEL}")
    page.locator("#id_limit").fill("10")
    page.get_by_role("button", name="Create study").click()
    expect(page.get_by_role("heading", name="Protocols", level=1)).to_be_visible()
    lines = "\n".join(json.dumps(row) for row in ROWS).encode()
    page.goto(reverse("import-upload", args=[Study.objects.get().pk]))
    page.get_by_label("File").set_input_files(FilePayload(name="rows.jsonl", mimeType="text/plain", buffer=lines))
    page.get_by_role("button", name="Upload and preview").click()
    page.get_by_role("button", name="Import 2 examples").click()
    expect(page.get_by_text("no entity", exact=True)).to_be_visible()
    expect(page.locator(".mark", has_text="Action")).to_be_visible()
    assert page.evaluate(LOOKS) == []
