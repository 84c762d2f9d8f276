from pathlib import Path

import pytest
from django.test import Client
from django.urls import reverse
from pytest_django import Settings

from budgets.models import LedgerEntry
from studies.models import Split, Study
from tests import factories
from tests.tiny_model import write_tiny_model

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("forked_trainers")]
WORDS = {"labels": "good\r\nbad", "label_texts": "good | the sun shines | warm and bright"}


@pytest.fixture
def ready(study: Study, settings: Settings, tmp_path: Path) -> Study:
    settings.RUNS_DIR = tmp_path / "runs"
    model = {"source": "folder", "name": str(write_tiny_model(tmp_path / "tiny")), "revision": None}
    Study.objects.filter(pk=study.pk).update(student_model=model)
    factories.examples(study, [f"sun {number}" for number in range(8)])
    study.refresh_from_db()
    return study


def measure(client: Client, study: Study, **values: str) -> str:
    sent = {"name": study.name, "instructions": "", **WORDS, **values, "measure": ""}
    return client.post(reverse("change-study", args=[study.pk]), sent).content.decode()


def label_dev(study: Study, *labels: str) -> None:
    factories.examples(study, ["sun\u2028and sea", "rain"], split=Split.DEV, labels=list(labels))


def test_the_score_on_dev_is_shown_and_nothing_is_saved_or_charged(manager: Client, ready: Study) -> None:
    label_dev(ready, "good", "bad")
    page = measure(manager, ready)
    assert "on dev without labels" in page and "measured on 2." in page
    assert "good | the sun shines | warm and bright</textarea>" in page
    ready.refresh_from_db()
    assert ready.label_texts == {}
    assert not LedgerEntry.objects.exists() and not ready.runs.exists()


def test_what_the_labels_say_is_refused_as_when_they_are_saved(manager: Client, ready: Study) -> None:
    assert "both say “so”" in measure(manager, ready, label_texts="good | so\r\nbad | so")


def test_names_that_say_nothing_are_named(manager: Client, ready: Study) -> None:
    Study.objects.filter(pk=ready.pk).update(labels=["1", "2"])
    label_dev(ready, "1", "2")
    page = measure(manager, ready, labels="1\r\n2", label_texts="")
    assert "the name says nothing. Add a description" in page


def test_without_labels_on_dev_it_says_what_is_missing(manager: Client, ready: Study) -> None:
    assert "The dev split has no labels to measure on." in measure(manager, ready)
