"""An annotator's own hand in Label Studio's real page: what a browser counts must be what Fulcrum keeps."""

import json
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from accounts.models import Role
from labeling.models import Annotation
from labeling.publishing import publish
from labeling.sign_in import ticket_url
from studies.models import Study
from tests import factories
from tests.browser.conftest import MINUTE
from tests.integration.labeling.conftest import project_id, synced
from tests.services import LabelStudioServer

pytestmark = pytest.mark.django_db

TEXT = "🧪 <b>add</b> &amp;  5\tmL\r\nof NaCl, 日本語"
LABELS = ("Amount", "Reagent")
# Where a text stands on the page, found in its text nodes as a person's eye would.
PLACE = """([root, words]) => {
    const walker = document.createTreeWalker(root, NodeFilter.SHOW_TEXT);
    for (let node = walker.nextNode(); node; node = walker.nextNode()) {
        const start = node.data.indexOf(words);
        if (start < 0) continue;
        const range = document.createRange();
        range.setStart(node, start);
        range.setEnd(node, start + words.length);
        const box = range.getBoundingClientRect();
        return {left: box.left, right: box.right, y: (box.top + box.bottom) / 2};
    }
}"""


@pytest.fixture
def page(browser: Browser, label_studio: LabelStudioServer) -> Iterator[Page]:
    context = browser.new_context(reduced_motion="reduce")
    context.set_default_timeout(MINUTE)
    yield context.new_page()
    context.close()


def published(task_type: str, *texts: str) -> Study:
    study = factories.study(task_type=task_type, labels=LABELS)
    factories.examples(study, list(texts))
    publish(actor=study.created_by, study=study)
    return study


def enter(page: Page, study: Study) -> None:
    person = factories.person(Role.ANNOTATOR)
    page.goto(ticket_url(person=person, page=f"/projects/{project_id(study)}/data?labeling=1"))
    page.get_by_test_id("bottombar-submit-button").wait_for()


def mark(page: Page, label: str, words: str) -> None:
    """Choose a label, then drag over the words."""
    page.locator(f".lsf-label:has-text('{label}')").click()
    root = page.locator(".lsf-richtext__container").first.element_handle()
    place = page.evaluate(PLACE, [root, words])
    page.mouse.move(place["left"] + 1, place["y"])
    page.mouse.down()
    page.mouse.move(place["right"] - 1, place["y"], steps=5)
    page.mouse.up()


def submit(page: Page) -> None:
    with page.expect_response(lambda answer: answer.request.method == "POST" and "annotations" in answer.url) as sent:
        page.get_by_test_id("bottombar-submit-button").click()
    assert sent.value.status == 201


def test_spans_marked_by_hand_are_the_words_that_were_marked(page: Page) -> None:
    study = published("entity_extraction", TEXT)
    enter(page, study)
    mark(page, "Reagent", "NaCl")
    mark(page, "Amount", "日本語")
    assert page.locator("[class*=highlight]").all_inner_texts() == ["NaCl", "日本語"]
    submit(page)
    (annotation,) = synced(study)
    assert annotation.state == Annotation.State.ACCEPTED, annotation.reason
    text = annotation.example.fields["text"]
    marked = [(one["label"], text[one["start"] : one["end"]]) for one in json.loads(annotation.example.label.value)]
    assert marked == [("Reagent", "NaCl"), ("Amount", "日本語")]


def test_several_labels_are_chosen_and_none_may_be_submitted(page: Page) -> None:
    study = published("multi_label_classification", "one", "two")
    enter(page, study)
    for label in LABELS:
        page.locator(f"input[name={label}]").check(force=True)
    submit(page)
    expect(page.locator("input[name=Amount]")).not_to_be_checked()
    submit(page)
    assert sorted(one.value for one in synced(study)) == ['["Amount", "Reagent"]', "[]"]
