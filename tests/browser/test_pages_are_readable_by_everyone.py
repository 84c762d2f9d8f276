"""Every page, light and dark, desktop and phone: contrast, names of controls, no sideways scrolling, no errors."""

from pathlib import Path as FilePath
from typing import Literal

import pytest
from django.urls import reverse
from playwright.sync_api import Page
from pytest_django import Settings

from accounts.models import Role, User
from budgets.cost_kinds import CostKind
from budgets.limits import set_confirm_above, set_limit
from budgets.models import Path
from budgets.prices import price_at
from labeling.models import Assignment, Batch, Publication
from runs.models import Run, RunKind, RunState
from studies.editing import archive_study
from studies.imports import draft_import
from studies.models import Study
from tests import factories
from tests.browser.conftest import OpenPage
from tests.factories import place_hold
from tests.integration.reports import ground
from tests.tiny_artifacts import give_predictions, said_of

LOOKS = (FilePath(__file__).parent / "looks.js").read_text()
FOREIGN = """() => {
  const script = Object.assign(document.createElement("script"), {id: "foreign-script", text: "window.foreign = 1"});
  const style = Object.assign(document.createElement("style"), {id: "foreign-style"});
  style.textContent = "body { outline: 1px solid red }";
  document.body.append(script, style);
}"""
# The other look needs no other page, only the browser's word.
LOOKED_AT: tuple[Literal["light", "dark"], ...] = ("light", "dark")
LONG = "A study with quite a long name that no phone could show on one line of its small screen"

PLAIN = [
    "home",
    "people",
    "prices",
    "add-price",
    "add-price-book",
    "my-work",
    "create-study",
    "change-password",
    "audit",
    "costs",
    "cost-entries",
    "reconciliation",
]
OF_STUDY = [
    "study",
    "change-study",
    "duplicate-study",
    "archive-study",
    "study-data",
    "import-upload",
    "labelling",
    "publish",
    "second-opinions",
    "runs",
    "start-run",
    "report",
    "autopilot",
    "compare",
    "learning-curves",
    "study-costs",
    "statement",
]


def paths(study: Study, run: Run, settings: Settings, runs_dir: FilePath) -> list[str]:
    batch = draft_import(actor=study.created_by, study=study, file_name="rows.csv", content=b"text,label\nx,odd\n")
    student = ground.annotated(study, num_labels=2)
    give_predictions(student, settings, runs_dir, said_of([f"u{number}" for number in range(30)], right=20))
    price = study.budget.price_book.prices.earliest("pk")
    set_confirm_above(actor=factories.person(Role.ADMIN), book=price.book, amount="100")
    set_limit(actor=factories.person(), budget=study.budget, limit="1000000")
    of_money = [("price", price), ("end-override", price), ("correct-price", price), ("import-prices", price.book)]
    entry = study.budget.entries.earliest("pk")
    return [
        *(reverse(name) for name in PLAIN),
        *(reverse(name, args=[study.pk]) for name in [*OF_STUDY, "ledger", "budget"]),
        *(reverse(f"import-{name}", args=[study.pk, batch.pk]) for name in ("preview", "undo")),
        *(reverse(name, args=[one.pk]) for name, one in of_money),
        *(reverse(name, args=[factories.stopped_study().pk]) for name in ["study", "budget"]),
        reverse("study", args=[_archived().pk]),
        reverse("stop-everything", args=[study.pk]),
        reverse("run", args=[run.pk]),
        reverse("artifact", args=[student.pk]),
        reverse("quality", args=[student.pk]),
        reverse("reverse-entry", args=[entry.pk]),
        reverse("entry", args=[entry.pk]),
        reverse("cancel-run", args=[run.pk]),
        reverse("confirmation", args=[price.book.pk]),
        reverse("prices") + f"?book={price.book.pk}&show=all",
        reverse("reconciliation") + "?budget=all",
        reverse("person", args=[study.created_by.pk]),
        reverse("notices"),
        reverse("webhook-targets"),
        reverse("connections"),
        reverse("connection", args=[factories.connection().pk]),
        reverse("webhook-target", args=[factories.given_up_delivery().target_id]),
        "/nowhere/",
    ]


def _archived() -> Study:
    made = factories.study()
    return archive_study(actor=made.created_by, study=made)


@pytest.fixture
def admin(transactional_db: None) -> User:
    return factories.person(Role.ADMIN)


@pytest.mark.parametrize("device", ["narrow", "desktop"])
def test_no_page_has_a_stumbling_block(
    open_page: OpenPage, admin: User, settings: Settings, tmp_path: FilePath, device: str
) -> None:
    study = factories.study(name=LONG, instructions="Choose well.")
    ground.buy_labels(study, 3)
    progress = {"stage": "train", "step": 3, "num_steps": 10, "fraction": 0.3, "loss": 0.7}
    run = ground.run(study, RunKind.FINETUNE_STUDENT, path=Path.ANNOTATE, state=RunState.RUNNING, seconds=[])
    Run.objects.filter(pk=run.pk).update(progress=progress, ended_at=None)
    page = open_page("/", user=admin, device=device)
    assert findings(page, paths(study, run, settings, tmp_path)) == []


@pytest.mark.parametrize("device", ["narrow", "desktop"])
def test_no_page_of_an_annotator_has_one(open_page: OpenPage, transactional_db: None, device: str) -> None:
    study = factories.study(name=LONG, instructions="Choose well.")
    annotator = ground.buy_labels(study, 1)[0].annotator
    assert annotator
    offer(study)
    User.objects.filter(pk=annotator.pk).update(role=Role.ANNOTATOR)
    page = open_page("/", user=annotator, device=device)
    assert page.get_by_role("heading", name=LONG).is_visible()
    assert findings(page, [reverse(name) for name in ("home", "my-work", "change-password", "prices")]) == []


def test_what_is_not_ours_does_not_run(open_page: OpenPage, transactional_db: None) -> None:
    page = open_page("/sign-in/")
    refused: list[str] = []
    page.on("console", lambda message: refused.append(message.text) if message.type == "error" else None)
    page.evaluate(FOREIGN)
    page.wait_for_function("document.querySelectorAll('#foreign-script, #foreign-style').length === 2")
    assert page.evaluate("window.foreign") is None
    assert page.evaluate("getComputedStyle(document.body).outlineStyle") == "none"
    assert len([one for one in refused if "Content Security Policy" in one]) == 2


def findings(page: Page, addresses: list[str]) -> list[str]:
    """What a reader would trip over on each page in either look, and what the browser complains of."""
    problems: list[str] = []
    page.on("console", lambda message: problems.append(message.text) if message.type == "error" else None)
    page.on("pageerror", lambda error: problems.append(str(error)))
    for address in addresses:
        page.goto(address)
        for look in LOOKED_AT:
            page.emulate_media(color_scheme=look)
            problems += [f"{address} ({look}): {finding}" for finding in page.evaluate(LOOKS)]
    return [one for one in problems if "status of 404" not in one and "status of 403" not in one]


def offer(study: Study) -> None:
    """Put an example on offer, as publishing does."""
    (example,) = factories.examples(study, ["one more"])
    state = Batch.State.PUBLISHED
    batch = Batch.objects.create(project=study.labeling_project, created_by=study.created_by, state=state)
    publication = Publication.objects.create(batch=batch, example=example, label_studio_id=1)
    price = price_at(book=study.budget.price_book, kind=CostKind.LABEL, at=ground.NOW)
    key = f"assignment:{example.uid}:1"
    hold = place_hold(budget=study.budget, source_key=key, amount=price.rate, price=price, path=Path.ANNOTATE)
    Assignment.objects.create(publication=publication, number=1, hold=hold)
