"""Who gets which page: every URL name, by method and role. A new page without a row here fails the build."""

import re
from collections.abc import Iterator
from pathlib import Path as FilePath
from typing import Any, NamedTuple

import pytest
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver, reverse
from pytest_django import DjangoDbBlocker, Settings

from accounts.models import Role
from budgets.limits import set_confirm_above, set_limit
from budgets.models import LimitRequest, Path
from connections.models import Prompt
from runs.models import Artifact, LabelAudit, LabelingJob, Run, RunKind, RunState
from studies.imports import draft_import
from studies.models import Study
from tests import factories
from tests.integration.connections import conftest as connections_of
from tests.integration.reports import ground
from tests.running.lasting import rows_of_a_file
from tests.tiny_artifacts import give_predictions, said_of
from training.reporting.curve import Curve

pytestmark = pytest.mark.django_db


class Codes(NamedTuple):
    """Status codes by who asks."""

    anonymous: int
    annotator: int
    manager: int
    admin: int


# Anonymous people are sent to sign in (302); 405 where a page does not answer the method.
EVERYONE = Codes(302, 200, 200, 200)
MANAGERS = Codes(302, 403, 200, 200)
ADMINS = Codes(302, 403, 403, 200)
NOT_FOR_EVERYONE = Codes(302, 405, 405, 405)
NOT_FOR_MANAGERS = Codes(302, 403, 405, 405)
REDIRECTED = Codes(302, 302, 302, 302)
MANAGERS_REDIRECTED = Codes(302, 403, 302, 302)
ADMINS_REDIRECTED = Codes(302, 403, 403, 302)
NOT_FOR_ADMINS = Codes(302, 403, 403, 405)
BY_SECRET = (Codes(405, 405, 405, 405), Codes(403, 403, 403, 403))

# An empty form is shown again with its errors (200); a button without a form does its work and goes on (302).
TABLE: dict[str, tuple[Codes, Codes]] = {
    "home": (EVERYONE, NOT_FOR_EVERYONE),
    "sign-in": (Codes(200, 302, 302, 302), Codes(200, 302, 302, 302)),
    "sign-out": (Codes(405, 405, 405, 405), REDIRECTED),
    "change-password": (EVERYONE, EVERYONE),
    "people": (ADMINS, ADMINS),
    "person": (ADMINS, ADMINS),
    "unlock-person": (NOT_FOR_ADMINS, ADMINS_REDIRECTED),
    "audit": (ADMINS, Codes(302, 403, 403, 405)),
    "audit-table": (ADMINS, Codes(302, 403, 403, 405)),
    "prices": (MANAGERS, NOT_FOR_MANAGERS),
    "price": (MANAGERS, NOT_FOR_MANAGERS),
    "price-book-file": (MANAGERS, NOT_FOR_MANAGERS),
    "import-prices": (ADMINS, ADMINS),
    "end-override": (ADMINS, ADMINS),
    "correct-price": (ADMINS, ADMINS),
    "add-price": (ADMINS, ADMINS),
    "add-price-book": (ADMINS, ADMINS),
    "connections": (ADMINS, ADMINS),
    "connection": (ADMINS, ADMINS),
    "test-connection": (NOT_FOR_ADMINS, ADMINS_REDIRECTED),
    "choose-mail": (NOT_FOR_MANAGERS, MANAGERS_REDIRECTED),
    "notices": (MANAGERS, NOT_FOR_MANAGERS),
    "send-again": (NOT_FOR_ADMINS, ADMINS_REDIRECTED),
    "webhook-targets": (ADMINS, ADMINS),
    "webhook-target": (ADMINS, ADMINS),
    "test-webhook-target": (NOT_FOR_ADMINS, ADMINS_REDIRECTED),
    "rotate-webhook-secret": (NOT_FOR_ADMINS, ADMINS_REDIRECTED),
    "my-work": (EVERYONE, NOT_FOR_EVERYONE),
    "create-study": (MANAGERS, MANAGERS),
    "study": (MANAGERS, NOT_FOR_MANAGERS),
    "change-study": (MANAGERS, MANAGERS),
    "duplicate-study": (MANAGERS, MANAGERS),
    "archive-study": (MANAGERS, MANAGERS_REDIRECTED),
    "unarchive-study": (NOT_FOR_MANAGERS, MANAGERS_REDIRECTED),
    "study-data": (MANAGERS, NOT_FOR_MANAGERS),
    "data-file": (MANAGERS, NOT_FOR_MANAGERS),
    "import-upload": (MANAGERS, MANAGERS),
    "import-preview": (MANAGERS, MANAGERS),
    "import-progress": (MANAGERS, NOT_FOR_MANAGERS),
    "import-undo": (MANAGERS, MANAGERS),
    "enter-label-studio": (NOT_FOR_EVERYONE, REDIRECTED),
    "labelling": (MANAGERS, NOT_FOR_MANAGERS),
    "publish": (MANAGERS, MANAGERS),
    "publish-quote": (MANAGERS, NOT_FOR_MANAGERS),
    "second-opinions": (MANAGERS, MANAGERS),
    "second-opinions-quote": (MANAGERS, NOT_FOR_MANAGERS),
    "sync-labels": (NOT_FOR_MANAGERS, MANAGERS_REDIRECTED),
    "runs": (MANAGERS, NOT_FOR_MANAGERS),
    "start-run": (MANAGERS, MANAGERS),
    "run-quote": (MANAGERS, NOT_FOR_MANAGERS),
    "run": (MANAGERS, NOT_FOR_MANAGERS),
    "run-live": (MANAGERS, NOT_FOR_MANAGERS),
    "run-curve": (MANAGERS, NOT_FOR_MANAGERS),
    "run-curve-part": (MANAGERS, NOT_FOR_MANAGERS),
    "run-file": (MANAGERS, NOT_FOR_MANAGERS),
    "prompt": (MANAGERS, MANAGERS),
    "preview-prompt": (MANAGERS, MANAGERS),
    "preview-quote": (MANAGERS, NOT_FOR_MANAGERS),
    "labeling-job": (MANAGERS, NOT_FOR_MANAGERS),
    "labeling-job-live": (MANAGERS, NOT_FOR_MANAGERS),
    "stop-labeling-job": (NOT_FOR_MANAGERS, MANAGERS_REDIRECTED),
    "resume-labeling-job": (NOT_FOR_MANAGERS, MANAGERS_REDIRECTED),
    "model-labels": (MANAGERS, NOT_FOR_MANAGERS),
    "start-labeling-job": (MANAGERS, MANAGERS),
    "labeling-job-quote": (MANAGERS, NOT_FOR_MANAGERS),
    "audit-labels": (MANAGERS, MANAGERS),
    "audit-quote": (MANAGERS, NOT_FOR_MANAGERS),
    "review-labels": (MANAGERS, MANAGERS),
    "review-quote": (MANAGERS, NOT_FOR_MANAGERS),
    "publish-audit": (NOT_FOR_MANAGERS, MANAGERS_REDIRECTED),
    "cancel-run": (MANAGERS_REDIRECTED, MANAGERS_REDIRECTED),
    "pause-run": (NOT_FOR_MANAGERS, MANAGERS_REDIRECTED),
    "resume-run": (NOT_FOR_MANAGERS, MANAGERS_REDIRECTED),
    "extend-run": (NOT_FOR_MANAGERS, MANAGERS_REDIRECTED),
    "report": (MANAGERS, NOT_FOR_MANAGERS),
    "print-report": (MANAGERS, NOT_FOR_MANAGERS),
    "what-if": (MANAGERS, NOT_FOR_MANAGERS),
    "compare": (MANAGERS, NOT_FOR_MANAGERS),
    "next-tranche": (MANAGERS, NOT_FOR_MANAGERS),
    "start-pilot": (NOT_FOR_MANAGERS, MANAGERS_REDIRECTED),
    "autopilot": (MANAGERS, MANAGERS),
    "autopilot-off": (NOT_FOR_MANAGERS, MANAGERS_REDIRECTED),
    "report-table": (MANAGERS, NOT_FOR_MANAGERS),
    "planned-table": (MANAGERS, NOT_FOR_MANAGERS),
    "report-chart": (MANAGERS, NOT_FOR_MANAGERS),
    "linked-chart": (MANAGERS, NOT_FOR_MANAGERS),
    "learning-curves": (MANAGERS, NOT_FOR_MANAGERS),
    "learning-table": (MANAGERS, NOT_FOR_MANAGERS),
    "learning-chart": (MANAGERS, NOT_FOR_MANAGERS),
    "learning-part": (MANAGERS, NOT_FOR_MANAGERS),
    "surface-file": (MANAGERS, NOT_FOR_MANAGERS),
    "artifact": (MANAGERS, NOT_FOR_MANAGERS),
    "quality": (MANAGERS, NOT_FOR_MANAGERS),
    "class-table": (MANAGERS, NOT_FOR_MANAGERS),
    "confusion-table": (MANAGERS, NOT_FOR_MANAGERS),
    "try-artifact": (NOT_FOR_MANAGERS, MANAGERS),
    "measure-serving": (NOT_FOR_MANAGERS, MANAGERS_REDIRECTED),
    "artifact-card": (MANAGERS, NOT_FOR_MANAGERS),
    "reliability": (MANAGERS, NOT_FOR_MANAGERS),
    "reliability-part": (MANAGERS, NOT_FOR_MANAGERS),
    "costs": (MANAGERS, NOT_FOR_MANAGERS),
    "cost-table": (MANAGERS, NOT_FOR_MANAGERS),
    "cost-chart": (MANAGERS, NOT_FOR_MANAGERS),
    "cost-part": (MANAGERS, NOT_FOR_MANAGERS),
    "study-cost-part": (MANAGERS, NOT_FOR_MANAGERS),
    "cost-entries": (MANAGERS, NOT_FOR_MANAGERS),
    "cost-file": (MANAGERS, NOT_FOR_MANAGERS),
    "study-costs": (MANAGERS, NOT_FOR_MANAGERS),
    "statement": (MANAGERS, NOT_FOR_MANAGERS),
    "reconciliation": (ADMINS, Codes(302, 403, 403, 405)),
    "ledger": (MANAGERS, NOT_FOR_MANAGERS),
    "entry": (MANAGERS, NOT_FOR_MANAGERS),
    "reverse-entry": (ADMINS, ADMINS),
    "budget": (MANAGERS, MANAGERS),
    "top-up": (NOT_FOR_MANAGERS, MANAGERS),
    "decide-limit": (NOT_FOR_MANAGERS, MANAGERS_REDIRECTED),
    "confirmation": (ADMINS, ADMINS),
    "set-cap": (NOT_FOR_MANAGERS, MANAGERS),
    "remove-cap": (NOT_FOR_MANAGERS, MANAGERS_REDIRECTED),
    "set-thresholds": (NOT_FOR_MANAGERS, MANAGERS_REDIRECTED),
    "stop-everything": (MANAGERS, MANAGERS),
    "resume": (NOT_FOR_MANAGERS, MANAGERS_REDIRECTED),
    "budget-by-id": (MANAGERS_REDIRECTED, NOT_FOR_MANAGERS),
    # Label Studio calls these, with a secret or a seal instead of a session.
    "labeling-webhook": BY_SECRET,
    "labeling-access": BY_SECRET,
    "labeling-lead-time-cut": BY_SECRET,
}


def named_patterns(patterns: list[URLPattern | URLResolver]) -> Iterator[str | None]:
    for pattern in patterns:
        if isinstance(pattern, URLResolver):
            yield from named_patterns(pattern.url_patterns)
        else:
            yield pattern.name


class World(NamedTuple):
    """Rows of every kind, and what each URL needs to name one of them."""

    study: Study
    student: Artifact
    run: Run
    arguments: dict[str, dict[str, Any]]


@pytest.fixture(scope="module")
def world(django_db_setup: None, django_db_blocker: DjangoDbBlocker) -> Iterator[World]:
    with rows_of_a_file(django_db_blocker):
        study = factories.study()
        labels = ground.buy_labels(study, 3)
        student = ground.annotated(study, num_labels=2)
        run = ground.run(study, RunKind.FINETUNE_STUDENT, path=Path.ANNOTATE, state=RunState.SUCCEEDED, seconds=[])
        assert labels[0].entry is not None
        of_entry = {"pk": labels[0].entry.pk}
        arguments = _arguments(study, student, run) | {"entry": of_entry, "reverse-entry": of_entry}
        yield World(study=study, student=student, run=run, arguments=arguments)


@pytest.fixture
def arguments(world: World, settings: Settings, tmp_path: FilePath) -> dict[str, dict[str, Any]]:
    """What each URL needs to name something that is there, with its files."""
    give_predictions(world.student, settings, tmp_path, said_of(["u1", "u2"], right=1))
    world.run.folder.mkdir(parents=True, exist_ok=True)
    (world.run.folder / "spec.json").write_text("{}")
    curve = Curve(world.run.folder)
    curve.begin("", step=0)
    curve.add_loss(1, 0.9)
    curve.write()
    batch = draft_import(
        actor=world.study.created_by, study=world.study, file_name="rows.csv", content=b"text,label\nfine,good\n"
    )
    of_batch = {"pk": world.study.pk, "batch_pk": batch.pk}
    return world.arguments | {f"import-{name}": of_batch for name in ("preview", "progress", "undo")}


def _arguments(study: Study, student: Artifact, run: Run) -> dict[str, dict[str, Any]]:
    of_study, of_run, of_student = {"pk": study.pk}, {"pk": run.pk}, {"pk": student.pk}
    names = """study change-study duplicate-study archive-study unarchive-study study-data import-upload
        enter-label-studio labelling publish publish-quote second-opinions second-opinions-quote sync-labels runs
        start-run run-quote report print-report compare next-tranche start-pilot report-table ledger budget
        study-costs study-cost-part statement learning-curves learning-table learning-part surface-file planned-table
        linked-chart
        autopilot autopilot-off prompt preview-prompt preview-quote
        what-if model-labels start-labeling-job labeling-job-quote audit-labels audit-quote review-labels
        review-quote"""
    return {
        **dict.fromkeys(names.split(), of_study),
        **dict.fromkeys(["run", "run-live", "cancel-run", "pause-run", "resume-run", "extend-run"], of_run),
        **{name: {**of_study, "suffix": "svg"} for name in ("report-chart", "learning-chart")},
        "data-file": {**of_study, "suffix": "jsonl"},
        "run-curve": {"pk": run.pk, "suffix": "csv"},
        "run-curve-part": {"pk": run.pk},
        "run-file": {"pk": run.pk, "name": "spec.json"},
        "cost-chart": {"suffix": "svg"},
        "cost-file": {"name": "csv"},
        **dict.fromkeys(["artifact", "try-artifact", "artifact-card", "measure-serving"], of_student),
        **dict.fromkeys(["quality", "class-table", "confusion-table"], of_student),
        **_of_reliability(study),
        **{name: {"pk": study.created_by.pk} for name in ("person", "unlock-person")},
        **_of_notices(),
        **{name: {"pk": factories.connection().pk} for name in ("connection", "test-connection")},
        **dict.fromkeys(
            ["labeling-job", "labeling-job-live", "stop-labeling-job", "resume-labeling-job"], _labeling_job(study)
        ),
        "publish-audit": {"pk": _audit(study).pk},
        **_of_money(study),
        "labeling-webhook": {"uid": study.labeling_project.uid},
    }


def _of_reliability(study: Study) -> dict[str, dict[str, Any]]:
    scored = _soft_labels(study)
    return {"reliability": {"pk": scored.pk, "suffix": "svg"}, "reliability-part": {"pk": scored.pk}}


def _soft_labels(study: Study) -> Artifact:
    scored = ground.run(study, RunKind.SCORE, path=Path.DISTIL)
    Artifact.objects.filter(run=scored).update(result={"calibration": ground.CALIBRATION})
    return scored.artifact


def _of_money(study: Study) -> dict[str, dict[str, Any]]:
    of_book, of_study = {"pk": study.budget.price_book_id}, {"pk": study.pk}
    of_price = {"pk": study.budget.price_book.prices.earliest("pk").pk}
    return {
        **dict.fromkeys(["price", "end-override", "correct-price"], of_price),
        **dict.fromkeys(["price-book-file", "import-prices", "confirmation"], of_book),
        "decide-limit": {**of_study, "request_pk": _waiting_request(study).pk},
        **dict.fromkeys(["top-up", "set-cap", "set-thresholds", "stop-everything", "resume"], of_study),
        "remove-cap": {**of_study, "cap_pk": 1},
        "budget-by-id": {"pk": study.budget.pk},
    }


def _waiting_request(study: Study) -> LimitRequest:
    book = study.budget.price_book
    set_confirm_above(actor=factories.person(Role.ADMIN), book=book, amount="100")
    set_limit(actor=study.created_by, budget=study.budget, limit="1000")
    return study.budget.limit_requests.get()


def _labeling_job(study: Study) -> dict[str, Any]:
    """A preview of a prompt, which no worker has taken up yet."""
    prompt = Prompt.objects.create(version="0" * 64, payload=connections_of.prompt().payload)
    ids = list(study.examples.values_list("pk", flat=True)[:1])
    fixed = {"connection": factories.connection(), "prompt": prompt, "plan": {"shots": 0}, "example_ids": ids}
    return {
        "pk": study.labeling_jobs.create(purpose=LabelingJob.Purpose.PREVIEW, asked_by=study.created_by, **fixed).pk
    }


def _audit(study: Study) -> LabelAudit:
    return study.label_audits.create(label_ids=[], example_ids=[], created_by=study.created_by)


def _of_notices() -> dict[str, dict[str, Any]]:
    delivery = factories.given_up_delivery()
    names = ["webhook-target", "test-webhook-target", "rotate-webhook-secret"]
    return {**{name: {"pk": delivery.target_id} for name in names}, "send-again": {"pk": delivery.pk}}


def ask(role: Role | None, method: str, url: str) -> int:
    client = Client()
    if role is not None:
        client.force_login(factories.person(role))
    return int(getattr(client, method)(url).status_code)


def test_every_url_has_a_row() -> None:
    assert set(named_patterns(get_resolver().url_patterns)) == set(TABLE)


@pytest.mark.usefixtures("forked_trainers")
@pytest.mark.parametrize("name", TABLE)
def test_each_role_gets_what_the_table_says(name: str, arguments: dict[str, dict[str, Any]]) -> None:
    url = reverse(name, kwargs=arguments.get(name, {}))
    found = tuple(Codes(*(ask(role, method, url) for role in (None, *Role))) for method in ("get", "post"))
    assert found == TABLE[name]


# In no menu: one's own account is reached by one's name.
OUTSIDE_THE_MENU = {"change-password"}


@pytest.mark.parametrize("name", sorted(TABLE.keys() - OUTSIDE_THE_MENU))
def test_a_page_is_under_one_item_of_the_menu_or_one_tab(name: str, arguments: dict[str, dict[str, Any]]) -> None:
    client = Client()
    client.force_login(factories.person(Role.ADMIN))
    page = client.get(reverse(name, kwargs=arguments.get(name, {})))
    shown = "" if page.streaming else page.content.decode(errors="replace")
    lists = re.findall(r'<ul class="(?:tabs|menu)">.*?</ul>', shown, re.DOTALL)
    # A page of a study has both lists; what is no whole page has none.
    assert not lists or "".join(lists).count('aria-current="page"') == 1
