"""Every page, light and dark, desktop and phone: contrast, names of controls, no sideways scrolling, no errors."""

from pathlib import Path as FilePath

import pytest
from django.urls import reverse

from accounts.models import Role, User
from budgets.models import Path
from runs.models import Run, RunKind, RunState
from studies.models import Study
from studies.operations import draft_import
from tests import factories
from tests.browser.conftest import OpenPage
from tests.integration.reports import ground

LOOKS = (FilePath(__file__).parent / "looks.js").read_text()
LONG = "A study with quite a long name that no phone could show on one line of its small screen"


def paths(study: Study, run: Run) -> list[str]:
    plain = [
        "home",
        "people",
        "prices",
        "add-price",
        "add-price-book",
        "my-work",
        "create-study",
        "change-password",
        "audit",
    ]
    of_study = [
        "study",
        "study-data",
        "import-upload",
        "labelling",
        "publish",
        "runs",
        "start-run",
        "report",
        "compare",
    ]
    batch = draft_import(actor=study.created_by, study=study, file_name="rows.csv", content=b"text,label\nx,odd\n")
    student = ground.annotated(study, num_labels=2)
    price = study.budget.price_book.prices.earliest("pk")
    of_money = [("price", price), ("end-override", price), ("correct-price", price), ("import-prices", price.book)]
    entry = study.budget.entries.earliest("pk")
    return [
        *(reverse(name) for name in plain),
        *(reverse(name, args=[study.pk]) for name in [*of_study, "ledger", "budget"]),
        reverse("import-preview", args=[study.pk, batch.pk]),
        *(reverse(name, args=[one.pk]) for name, one in of_money),
        *(reverse(name, args=[factories.stopped_study().pk]) for name in ["study", "budget"]),
        reverse("stop-everything", args=[study.pk]),
        reverse("run", args=[run.pk]),
        reverse("artifact", args=[student.pk]),
        reverse("reverse-entry", args=[entry.pk]),
        reverse("person", args=[study.created_by.pk]),
        reverse("notices"),
        reverse("webhook-targets"),
        reverse("webhook-target", args=[factories.given_up_delivery().target_id]),
        "/nowhere/",
    ]


@pytest.fixture
def admin(transactional_db: None) -> User:
    return factories.person(Role.ADMIN)


@pytest.mark.parametrize(("look", "device"), [("light", "phone"), ("dark", "desktop"), ("light", "desktop")])
def test_no_page_has_a_stumbling_block(open_page: OpenPage, admin: User, look: str, device: str) -> None:
    study = factories.study(name=LONG, instructions="Choose well.")
    ground.buy_labels(study, 3)
    progress = {"stage": "train", "step": 3, "num_steps": 10, "fraction": 0.3, "loss": 0.7}
    run = ground.run(study, RunKind.FINETUNE_STUDENT, path=Path.ANNOTATE, state=RunState.RUNNING, seconds=[])
    Run.objects.filter(pk=run.pk).update(progress=progress, ended_at=None)
    page = open_page("/", user=admin, look=look, device=device)
    problems: list[str] = []
    page.on("console", lambda message: problems.append(message.text) if message.type == "error" else None)
    page.on("pageerror", lambda error: problems.append(str(error)))
    for path in paths(study, run):
        page.goto(path)
        problems += [f"{path}: {finding}" for finding in page.evaluate(LOOKS)]
    assert [one for one in problems if "status of 404" not in one] == []
