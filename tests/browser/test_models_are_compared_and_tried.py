"""A manager compares two students on the report, and asks one of them."""

from pathlib import Path as FilePath

import pytest
from playwright.sync_api import expect
from pytest_django import Settings

from accounts.models import Role, User
from budgets.models import Path
from runs.models import Artifact, RunKind
from studies.models import Study
from tests import factories
from tests.browser.conftest import MINUTE, OpenPage
from tests.integration.reports import ground
from tests.tiny_artifacts import give_model, give_predictions, said_of

LOOKS = (FilePath(__file__).parent / "looks.js").read_text()
UIDS = [f"u{number}" for number in range(60)]
BASELINES = {"majority": {"label": "good", "value": 0.52}, "constant": {"label": "bad", "value": 0.56}}
TRIAL = {"learning_rate": 2e-4, "epochs": 3, "steps": None, "seed": 7, "dev": 0.8, "best_step": 24}
RESULT = {
    "metrics": {"baselines": BASELINES},
    "search": [TRIAL, {**TRIAL, "learning_rate": 1e-3, "dev": 0.7}],
    "seeds": [TRIAL, {**TRIAL, "seed": 8, "dev": 0.77}, {**TRIAL, "seed": 9, "dev": 0.79}],
}


@pytest.fixture
def admin(transactional_db: None) -> User:
    return factories.person(Role.ADMIN)


@pytest.fixture
def study(transactional_db: None) -> Study:
    study = factories.study(name="Is it sport?")
    ground.buy_labels(study, 4)
    return study


@pytest.fixture
def students(study: Study, settings: Settings, tmp_path: FilePath) -> list[Artifact]:
    """An annotated student that no one needs, and a distilled one that is good."""
    poor = ground.annotated(study, num_labels=2, utility=0.55)
    good = ground.distilled(study, teacher=ground.teacher(study, num_labels=2), utility=0.83)
    for artifact, right in ((poor, 30), (good, 50)):
        Artifact.objects.filter(pk=artifact.pk).update(result=RESULT)
        artifact.refresh_from_db()
        give_model(artifact, settings, tmp_path)
        give_predictions(artifact, settings, tmp_path, said_of(UIDS, right=right))
    return [poor, good]


@pytest.mark.parametrize(("look", "device"), [("light", "desktop"), ("dark", "phone")])
def test_a_manager_compares_and_asks(
    open_page: OpenPage, admin: User, study: Study, students: list[Artifact], look: str, device: str
) -> None:
    poor, good = students
    refused: list[str] = []
    page = open_page(f"/studies/{study.pk}/report/", user=admin, look=look, device=device)
    expect(page.get_by_text(f"{poor} is no better than the best constant answer (“bad”), 56.0 %")).to_be_visible()
    expect(page.get_by_text(f"{good} is better than {poor}, by 33.3 percentage points.")).to_be_visible()
    page.get_by_label("Is", exact=True).select_option(str(poor.pk))
    expect(page.get_by_text(f"{poor} is on both sides")).to_be_visible()
    assert page.evaluate(LOOKS) == []
    page.get_by_role("link", name=str(good)).first.click()
    page.get_by_label("Text", exact=True).fill("a very good film")
    # As dragging its corner does: htmx would copy the style to the new box, which our policy refuses.
    page.evaluate("document.querySelector('#try_text').style.height = '12rem'")
    page.on("console", lambda message: refused.append(message.text) if message.type == "error" else None)
    page.get_by_role("button", name="Predict").click()
    expect(page.get_by_text("including loading the model")).to_be_visible(timeout=MINUTE)
    assert refused == []
    assert page.evaluate(LOOKS) == []


def test_soft_labels_show_how_reliable_their_teacher_is(open_page: OpenPage, admin: User, study: Study) -> None:
    scored = ground.run(study, RunKind.SCORE, path=Path.DISTIL).artifact
    Artifact.objects.filter(pk=scored.pk).update(result={"calibration": ground.CALIBRATION})
    page = open_page(f"/artifacts/{scored.pk}/", user=admin)
    expect(page.get_by_text("10.0 % before, 5.0 % after")).to_be_visible()
    expect(page.locator(".chart svg:visible .spoken")).to_have_count(2, timeout=MINUTE)
    assert page.evaluate(LOOKS) == []
