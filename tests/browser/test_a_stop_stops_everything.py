"""A budget that runs out, for real: two people labelling in Chromium, and a student in training."""

import re
import time
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path

import pytest
from django.utils import timezone
from playwright.sync_api import Page, expect

from accounts.models import Role
from budgets.cost_kinds import CostKind
from budgets.models import Budget, LedgerEntry
from budgets.prices import set_price
from labeling.models import Annotation, LabelingProject
from labeling.publishing import publish
from labeling.queries import status
from reports.verify import verify
from runs.control import cancel, start_annotate
from runs.models import Run, RunState
from runs.requests import RunPlan
from studies.models import Split, Study
from tests import factories
from tests.browser.conftest import MINUTE, Visit
from tests.services import PATHS, LabelStudioServer
from tests.tiny_model import write_tiny_model

PATIENCE_SECONDS = 90
# Label Studio's page asks for an example in one of these ways.
NEXT_EXAMPLE = re.compile(r"[?&]id=next_task|/api/projects/\d+/next")
NUM_EXAMPLES = 6
TEXTS = [f"a {mood} {thing}" for mood in ("great", "awful") for thing in ("movie", "film", "day", "game", "match")]
LABELS = ["good"] * 5 + ["bad"] * 5
# Far more than there is time for: it trains until the stop.
PLAN = RunPlan(num_seeds=1, recipe="finetune", steps=200_000, batch_size=4, max_length=16, max_minutes=10)


@pytest.fixture
def study(transactional_db: None, label_studio: LabelStudioServer, tmp_path: Path) -> Study:
    """Six examples at 0.10 and ten minutes of training at 0.10: all of its 0.70 is held, and a skip costs 0.05."""
    model = {"source": "folder", "name": str(write_tiny_model(tmp_path / "tiny")), "revision": None}
    made = factories.study(name="Films", limit="0.70", student_model=model, teacher_model=model)
    admin, book = factories.person(Role.ADMIN), made.budget.price_book
    set_price(actor=admin, book=book, kind=CostKind.SKIP, amount="0.05", starts_at=timezone.now())
    for split in Split:
        factories.examples(made, [f"{text}, {split}" for text in TEXTS], split=split, labels=LABELS)
    factories.examples(made, [f"number {number}" for number in range(NUM_EXAMPLES)])
    return made


def wait_until(is_so: Callable[[], bool], what: str) -> None:
    end = time.monotonic() + PATIENCE_SECONDS
    while not is_so():
        assert time.monotonic() < end, f"it never came to pass that {what}"
        time.sleep(0.2)


def open_label_studio(page: Page) -> None:
    page.goto("/")
    page.get_by_role("button", name=re.compile("^Label")).click()
    page.get_by_test_id("bottombar-submit-button").wait_for()


def skip(page: Page) -> None:
    """Skip what is open, and ask for nothing more: whether a stop or that request comes first is not for us to say."""
    page.route(NEXT_EXAMPLE, lambda route: route.abort())
    send(page, "bottombar-skip-button")


def submit(page: Page) -> None:
    page.locator("input[name=good]").check(force=True)
    send(page, "bottombar-submit-button")


def send(page: Page, button: str) -> None:
    with page.expect_response(lambda answer: answer.request.method == "POST" and "annotations" in answer.url) as sent:
        page.get_by_test_id(button).click()
    assert sent.value.status == 201


def is_withdrawn(study: Study) -> bool:
    return LabelingProject.objects.get(study=study).withdrawn_at is not None


def is_in(run: Run, state: RunState) -> bool:
    run.refresh_from_db()
    return run.state == state


def started_training(study: Study) -> Run:
    run = start_annotate(actor=study.created_by, study=study, num_labels=10, plan=PLAN)
    wait_until(lambda: Run.objects.get(pk=run.pk).progress.get("step", 0) > 0, "the run trains")
    return run


def test_a_budget_that_runs_out_stops_labelling_and_training_and_a_top_up_lets_both_go_on(
    visit: Visit, study: Study
) -> None:
    people = [factories.person(Role.ANNOTATOR) for _ in range(3)]
    publish(actor=study.created_by, study=study)
    run = started_training(study)
    assert available(study) == 0
    first, second, third = (visit.as_(person) for person in people)
    for page in (first, second, third):
        open_label_studio(page)

    skip(third)  # Its pay is not there: the budget has run out.
    wait_until(lambda: is_withdrawn(study), "what nobody had open is withdrawn")
    wait_until(lambda: is_in(run, RunState.PAUSED), "the run pauses")
    step = Run.objects.get(pk=run.pk).progress["step"]
    assert (PATHS.data / "runs" / str(run.pk) / "checkpoint").is_dir()
    stop = status(study).stop
    assert stop is not None and (stop.num_kept, stop.num_people) == (2, 2)
    assert "skip" in stop.reason

    for page in (first, second):
        submit(page)
        expect(page.get_by_text("No More Tasks Left in Queue")).to_be_visible(timeout=MINUTE)
    third.unroute(NEXT_EXAMPLE)
    third.goto("/")
    expect(third.get_by_text("Nothing is waiting to be labelled right now")).to_be_visible()
    wait_until(lambda: accepted(study) == 2, "what was open is accepted")
    overshoot = LedgerEntry.objects.filter(budget=study.budget, overshoot=True, kind=CostKind.LABEL)
    assert sorted(overshoot.values_list("payee", flat=True)) == sorted(person.pk for person in people[:2])
    assert verify(budgets=[Budget.objects.get(pk=study.budget_id)]) == []

    top_up(visit.as_(factories.person(Role.MANAGER)), study, "5")
    wait_until(lambda: not is_withdrawn(study) and status(study).stop is None, "labelling resumes")
    wait_until(lambda: is_in(run, RunState.RUNNING), "the run resumes")
    wait_until(lambda: Run.objects.get(pk=run.pk).progress.get("step", 0) > step, "it resumes from its checkpoint")
    open_label_studio(third)
    submit(third)
    wait_until(lambda: accepted(study) == 3, "the next annotation is accepted")
    wait_until(lambda: LedgerEntry.objects.filter(kind=CostKind.SKIP).count() == 1, "the skip is paid")

    cancel(actor=study.created_by, run=run)
    wait_until(lambda: is_in(run, RunState.CANCELLED), "the run ends")
    assert verify(budgets=[Budget.objects.get(pk=study.budget_id)]) == []


def available(study: Study) -> Decimal:
    return Budget.objects.get(pk=study.budget_id).available


def accepted(study: Study) -> int:
    return Annotation.objects.filter(example__study=study, state=Annotation.State.ACCEPTED).count()


def top_up(page: Page, study: Study, amount: str) -> None:
    page.goto(f"/studies/{study.pk}/budget/")
    page.get_by_label("Amount to add").fill(amount)
    page.get_by_role("button", name="Top up").click()
    expect(page.get_by_text("This study is stopped")).to_have_count(0)
