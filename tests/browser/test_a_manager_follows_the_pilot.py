"""The pilot, then what is recommended, by the buttons, with every service real; labels are replayed."""

import re
from datetime import timedelta
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from accounts.models import Role
from budgets.limits import set_cap
from budgets.models import Budget
from budgets.models import Path as SpendingPath
from labeling.models import Annotation
from labeling.replay import replay
from reports.models import ForecastOutcome
from reports.verify import verify
from runs.models import Run, RunState
from studies.models import Example, Split, Study
from tests import factories
from tests.browser.conftest import MINUTE, Visit
from tests.browser.test_a_stop_stops_everything import wait_until
from tests.integration.reports import ground
from tests.services import LabelStudioServer
from tests.tiny_model import write_tiny_model

# So few that the pilot's students are soon trained, and two of them count; the further labels are all there is.
NUM_LABELS, NUM_NEW = 15, 15
MOODS = ("great", "awful", "good", "bad", "fine", "poor")
THINGS = ("movie", "film", "day", "game", "match")


def answer(example: Example) -> str:
    return "good" if any(word in example.fields["text"] for word in ("great", "good", "fine")) else "bad"


def texts(split: str, how_many: int) -> list[str]:
    return [f"{split} {number}: a {MOODS[number % 6]} {THINGS[number % 5]}" for number in range(how_many)]


def labelled(study: Study, split: Split, how_many: int) -> None:
    labels = [("good", "bad")[number % 2] for number in range(how_many)]
    factories.examples(study, texts(split, how_many), split=split, labels=labels)


@pytest.fixture
def study(transactional_db: None, label_studio: LabelStudioServer, tmp_path: Path) -> Study:
    """Labels, as many further texts and a test split.

    The pilot is short: distilling is capped away, and a student of no labels is measured already.
    """
    model = {"source": "folder", "name": str(write_tiny_model(tmp_path / "tiny")), "revision": None}
    made = factories.study(name="Films", limit="100", student_model=model, teacher_model=model)
    labelled(made, Split.POOL, NUM_LABELS)
    labelled(made, Split.TEST, 40)
    factories.examples(made, texts("new", NUM_NEW))
    ground.annotated_none(made, utility=0.5)
    set_cap(actor=made.created_by, budget=made.budget, path=SpendingPath.DISTIL, limit="0.01")
    return made


def all_succeeded(study: Study, num_runs: int) -> bool:
    """Whether so many runs, besides the one that was there at first, have succeeded."""
    states = list(Run.objects.filter(study=study).order_by("pk").values_list("state", flat=True))[1:]
    assert RunState.FAILED not in states
    return states == [RunState.SUCCEEDED] * num_runs


def follow(page: Page, study: Study, text: str) -> None:
    """Follow the recommendation's button, once a worker has the words for the present state."""
    page.goto(f"/studies/{study.pk}/report/")
    page.locator("#next-tranche").get_by_role("link", name=re.compile(text)).click(timeout=MINUTE)


def test_the_point_lands_inside_or_outside_its_band_and_the_page_says_so(visit: Visit, study: Study) -> None:
    office = visit.as_(factories.person(Role.MANAGER))
    office.goto(f"/studies/{study.pk}/report/")
    office.get_by_role("button", name="Start the pilot").click(timeout=MINUTE)
    expect(office.get_by_text("The pilot is started: 2 runs queued.")).to_be_visible()
    wait_until(lambda: all_succeeded(study, 2), "the pilot is measured")

    follow(office, study, r"^Publish \d+ examples")
    office.get_by_role("button", name="Publish").click()
    expect(office.get_by_text(re.compile(r"\d+ more examples published in Label Studio"))).to_be_visible()
    people = [factories.person(Role.ANNOTATOR, is_replay=True) for _ in range(2)]
    made = replay(study=study, annotators=people, answers=answer, lead_time=lambda _: timedelta(seconds=3))
    wait_until(lambda: Annotation.objects.filter(state="accepted").count() == made.num_made, "labels arrive")

    follow(office, study, "^Start the run")
    office.get_by_label("Student steps").fill("20")
    office.get_by_role("spinbutton", name="Seeds").fill("1")
    office.get_by_role("button", name="Start", exact=True).click()
    expect(office).to_have_url(re.compile(r"/runs/\d+/$"))
    wait_until(lambda: all_succeeded(study, 3), "what was recommended is measured")

    run = Run.objects.latest("pk")
    office.goto(f"/studies/{study.pk}/report/")
    came = office.locator("#next-tranche tr", has=office.get_by_role("link", name=f"Student {run.artifact.pk}"))
    expect(came).to_contain_text("recommended", timeout=MINUTE)
    outcome = ForecastOutcome.objects.get(artifact__run=run)
    assert outcome.labels == NUM_LABELS + made.num_made == run.num_labels
    inside = (outcome.low_80 <= outcome.came <= outcome.high_80, outcome.low_90 <= outcome.came <= outcome.high_90)
    said = {(True, True): "both", (False, True): "90 % only", (False, False): "neither"}[inside]
    expect(came.get_by_role("cell").last).to_have_text(said)
    assert verify(budgets=[Budget.objects.get(pk=study.budget_id)]) == []
