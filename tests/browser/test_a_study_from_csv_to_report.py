"""The whole way of a study, by hand, in a real browser, with every service real."""

import re
from decimal import Decimal

from playwright.sync_api import FilePayload, Locator, Page, expect

from accounts.models import Role
from budgets.models import LedgerEntry, Origin
from budgets.queries import differences
from labeling.models import Annotation
from studies.models import Study
from tests import factories
from tests.browser.conftest import MINUTE, Visit

NUM_PUBLISHED = 20
GOOD = "what a lovely film, warm and clever, number"
BAD = "what a dreadful film, dull and far too long, number"


def rows(split: str, start: int, count: int, *, is_labelled: bool) -> list[str]:
    texts = [(GOOD, "good"), (BAD, "bad")]
    chosen = [(*texts[number % 2], number) for number in range(start, start + count)]
    return [f'"{text} {number}",{label if is_labelled else ""},{split}' for text, label, number in chosen]


CSV = "\n".join(
    [
        "review,label,split",
        *rows("pool", 0, NUM_PUBLISHED, is_labelled=False),
        *rows("dev", 100, 10, is_labelled=True),
        *rows("test", 200, 40, is_labelled=True),
    ]
)


def create_study(page: Page) -> None:
    page.goto("/studies/new/")
    page.get_by_label("Name", exact=True).fill("Films")
    page.locator("#id_labels").fill("good\nbad")
    page.locator("#id_limit").fill("10")
    page.get_by_role("button", name="Create study").click()
    expect(page.get_by_role("heading", name="Films", level=1)).to_be_visible()


def import_csv(page: Page) -> None:
    page.get_by_role("link", name="Data").click()
    page.get_by_role("link", name=re.compile("Import")).first.click()
    page.get_by_label("File").set_input_files(FilePayload(name="films.csv", mimeType="text/csv", buffer=CSV.encode()))
    page.get_by_role("button", name="Upload and preview").click()
    page.get_by_role("button", name="Import 70 examples").click()
    expect(page.get_by_text("70").first).to_be_visible()


def publish(page: Page, study: Study) -> None:
    page.goto(f"/studies/{study.pk}/labelling/publish/")
    page.get_by_label("How many").fill(str(NUM_PUBLISHED))
    page.get_by_role("button", name="Publish").click()
    expect(figure(page, "Published")).to_have_text(str(NUM_PUBLISHED), timeout=MINUTE)


def figure(page: Page, name: str) -> Locator:
    return page.locator("dl.figures > div", has=page.get_by_text(name, exact=True)).locator("dd")


def label_all(page: Page) -> None:
    """Press Label, then click the right choice and Submit until Label Studio has no more."""
    page.goto("/")
    page.get_by_role("button", name=re.compile("^Label")).click()
    submit = page.get_by_test_id("bottombar-submit-button")
    for number in range(NUM_PUBLISHED):
        submit.wait_for()
        text = page.locator(".lsf-richtext__container, .lsf-richtext").first.inner_text()
        page.locator(f"input[name={'good' if 'lovely' in text else 'bad'}]").check(force=True)
        with page.expect_response(lambda answer: answer.request.method == "POST" and "annotations" in answer.url):
            submit.click()
        if number + 1 < NUM_PUBLISHED:
            page.wait_for_function("text => !document.body.innerText.includes(text)", arg=text.strip())
    expect(page.get_by_text("No More Tasks Left in Queue")).to_be_visible()


def start_run(page: Page, study: Study) -> None:
    page.goto(f"/studies/{study.pk}/runs/start/")
    page.get_by_label("Student steps").fill("20")
    page.get_by_role("spinbutton", name="Seeds").fill("1")
    page.get_by_label("Time limit (minutes)").fill("10")
    page.get_by_role("button", name="Start", exact=True).click()
    expect(page.get_by_text("Succeeded").first).to_be_visible(timeout=4 * MINUTE)


def test_a_manager_and_an_annotator_bring_a_study_from_csv_to_report(visit: Visit) -> None:
    factories.price_book()
    manager, annotator = factories.person(Role.MANAGER), factories.person(Role.ANNOTATOR)
    office = visit.as_(manager)
    create_study(office)
    import_csv(office)
    study = Study.objects.get()
    publish(office, study)
    study.budget.refresh_from_db()
    assert (study.budget.held, study.budget.spent) == (Decimal("2"), 0)

    label_all(visit.as_(annotator))
    office.goto(f"/studies/{study.pk}/labelling/")
    office.get_by_role("button", name="Sync now").click()
    expect(figure(office, "Annotations accepted")).to_have_text(str(NUM_PUBLISHED), timeout=MINUTE)
    study.budget.refresh_from_db()
    assert (study.budget.held, study.budget.spent) == (0, Decimal("2"))
    assert set(Annotation.objects.values_list("annotator", "origin")) == {(annotator.pk, Origin.PERSON)}

    start_run(office, study)
    office.goto(f"/studies/{study.pk}/report/")
    expect(office.get_by_role("rowheader").get_by_role("link", name=re.compile("^Student"))).to_have_count(1)
    office.locator("tbody td a strong").first.click()
    expect(office.get_by_text("annotation:").first).to_be_visible()
    study.budget.refresh_from_db()
    assert differences(study.budget) == []
    assert LedgerEntry.objects.filter(budget=study.budget).count() == NUM_PUBLISHED + 1
