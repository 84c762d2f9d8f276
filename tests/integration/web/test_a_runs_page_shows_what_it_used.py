"""Settings, loss and curves of a run are those of the training that was kept, and are marked where it was not."""

from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from budgets.models import Path
from reports.charts import curve_chart
from runs.models import Artifact, Run, RunKind, RunState
from runs.results import curve_points, settings_used
from studies.models import Study
from tests.integration.reports import ground
from training.reporting.curve import Curve

pytestmark = pytest.mark.django_db
SEARCH = {"learning_rates": [0.0001, 0.0003], "num_seeds": 2}
KEPT = {"learning_rate": 0.0001, "steps": 4, "epochs": None}
TRIALS = {"rate-0.0001-4-steps-seed-0": 0.5, "rate-0.0003-4-steps-seed-0": 0.9}


@pytest.fixture
def searched(study: Study) -> Run:
    """A run that tried two rates, of which the lower one was kept and the higher one was trained last."""
    ground.buy_labels(study, 1)
    artifact = ground.annotated(study, num_labels=1)
    seeds = [{**KEPT, "seed": seed} for seed in (0, 1)]
    Artifact.objects.filter(pk=artifact.pk).update(result={"seeds": seeds})
    training: dict[str, Any] = {"learning_rate": 0.0002, "steps": 4, "epochs": None, "batch_size": 16}
    Run.objects.filter(pk=artifact.run_id).update(search=SEARCH, training=training, progress={"loss": 0.9})
    run = Run.objects.get(pk=artifact.run_id)
    run.folder.mkdir(parents=True)
    curve = Curve(run.folder)
    for name, loss in TRIALS.items():
        curve.begin(name, step=0)
        curve.add_loss(1, loss)
    curve.write()
    return run


def test_the_rate_that_was_used_stands_among_the_settings(searched: Run) -> None:
    told = dict(settings_used(searched))
    assert told["learning_rate"] == "0.0001, chosen on dev from 0.0001 and 0.0003"
    assert told["seed"] == "0 to 1"
    assert "epochs" not in told


def test_before_the_end_it_is_said_what_is_tried(searched: Run) -> None:
    Artifact.objects.filter(run=searched).update(result={})
    told = dict(settings_used(Run.objects.get(pk=searched.pk)))
    assert told["learning_rate"] == "0.0001 and 0.0003 are tried on dev"


def test_without_a_search_the_setting_is_what_was_asked_for(searched: Run) -> None:
    searched.search = {}
    assert dict(settings_used(searched))["learning_rate"] == "0.0002"


def test_the_page_shows_the_loss_and_the_rate_of_what_was_kept(manager: Client, searched: Run) -> None:
    page = manager.get(reverse("run", args=[searched.pk])).content.decode()
    assert "<dd>0.5000</dd>" in page and "<dd>0.9000</dd>" not in page
    assert "0.0001, chosen on dev from 0.0001 and 0.0003" in page
    assert "0.0002</dd>" not in page


def test_a_training_that_was_not_chosen_is_marked_in_the_curves(searched: Run) -> None:
    points = curve_points(searched)
    assert {point.trial: point.is_kept for point in points} == {
        "rate 0.0001, 4 steps, seed 0": True,
        "rate 0.0003, 4 steps, seed 0 (not chosen)": False,
    }
    assert "loss 0.5 at step 1" in curve_chart(points, metric="Accuracy").spec["description"]
    assert "0.9" not in curve_chart(points, metric="Accuracy").spec["description"]


def test_while_nothing_is_chosen_no_training_is_marked(study: Study) -> None:
    run = ground.run(study, RunKind.FINETUNE_STUDENT, path=Path.ANNOTATE, state=RunState.RUNNING, seconds=[])
    run.folder.mkdir(parents=True)
    curve = Curve(run.folder)
    for name in TRIALS:
        curve.begin(name, step=0)
        curve.add_loss(1, 0.5)
    curve.write()
    assert all(point.is_kept for point in curve_points(run))
