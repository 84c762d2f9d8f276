"""The page of a model: how it was trained, what it took, its card, and a box to try it."""

from collections.abc import Callable
from pathlib import Path

import pytest
from django.test import Client
from django.urls import reverse
from pytest_django import Settings

from accounts.models import Role
from budgets.models import Path as SpendingPath
from runs.models import Artifact, RunKind
from studies.models import Study
from tests.integration.reports import ground
from tests.tiny_artifacts import give_model

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("forked_trainers")]
TRIAL = {"learning_rate": 2e-4, "epochs": 3, "steps": None, "seed": 7, "dev": 0.8, "best_step": 24}
RESULT = {
    "metrics": {"baselines": {"constant": {"label": "good", "value": 0.55}}},
    "search": [TRIAL, {**TRIAL, "learning_rate": 1e-3, "dev": 0.7}],
    "seeds": [TRIAL, {**TRIAL, "seed": 8}],
}


@pytest.fixture
def student(study: Study) -> Artifact:
    ground.buy_labels(study, 1)
    artifact = ground.annotated(study, num_labels=1)
    Artifact.objects.filter(pk=artifact.pk).update(result=RESULT)
    artifact.refresh_from_db()
    return artifact


def page(client: Client, artifact: Artifact) -> str:
    return client.get(reverse("artifact", kwargs={"pk": artifact.pk})).content.decode()


def ask(client: Client, artifact: Artifact, text: str, **headers: str) -> str:
    url = reverse("try-artifact", kwargs={"pk": artifact.pk})
    return client.post(url, {"text": text}, headers=headers).content.decode()


def test_it_shows_the_search_the_seeds_and_the_baselines(manager: Client, student: Artifact) -> None:
    text = page(manager, student)
    assert 'rate 0.0002, 3 epochs <span class="mark">chosen</span>' in text
    assert "Means over 2 seeds" in text
    assert "best constant answer (“good”) 55.0 %" in text


def test_a_folder_that_is_not_whole_is_named(manager: Client, student: Artifact) -> None:
    assert "Missing: its configuration, its weights" in page(manager, student)


def test_its_card_is_there_to_download(manager: Client, student: Artifact) -> None:
    response = manager.get(reverse("artifact-card", kwargs={"pk": student.pk}))
    assert 'filename="README.md"' in response["Content-Disposition"]
    assert "| **Total** |" in response.content.decode()


def test_a_text_is_answered_in_the_box(manager: Client, student: Artifact, settings: Settings, tmp_path: Path) -> None:
    settings.RUN_THREADS = 1
    give_model(student, settings, tmp_path)
    box = ask(manager, student, "a good film", **{"HX-Request": "true"})
    assert box.lstrip().startswith('<section id="try"')
    assert "including loading the model" in box and "Probability" in box
    whole = ask(manager, student, " ")
    assert "Study" in whole and "Is empty. Write something" in whole


def test_a_model_that_is_gone_says_so_beside_the_box(manager: Client, student: Artifact) -> None:
    Artifact.objects.filter(pk=student.pk).update(folder="nowhere")
    assert "is missing" in ask(manager, student, "a good film", **{"HX-Request": "true"})


def test_soft_labels_show_their_reliability_and_are_not_tried(manager: Client, study: Study) -> None:
    scored = ground.run(study, RunKind.SCORE, path=SpendingPath.DISTIL).artifact
    assert "scored without a dev split" in page(manager, scored)
    Artifact.objects.filter(pk=scored.pk).update(result={"calibration": ground.CALIBRATION})
    assert "10.0 % before, 5.0 % after" in page(manager, scored)
    assert manager.post(reverse("try-artifact", kwargs={"pk": scored.pk})).status_code == 404
    assert manager.get(reverse("artifact-card", kwargs={"pk": scored.pk})).status_code == 404


def test_annotators_have_no_way_in(signed_in: Callable[[Role], Client], student: Artifact) -> None:
    url = reverse("try-artifact", kwargs={"pk": student.pk})
    assert signed_in(Role.ANNOTATOR).post(url, {"text": "a"}).status_code == 403
