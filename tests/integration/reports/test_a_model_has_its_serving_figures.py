"""How fast a model answers, and what 1,000 requests cost: on its page, in its card, by the price book."""

import json
import shutil
from decimal import Decimal
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.test import Client
from django.urls import reverse
from pytest_django import Settings

from budgets.models import LedgerEntry, Price
from reports.cards import model_card
from reports.serving import serving_of
from runs.models import Artifact
from runs.results import PredictionFailed, measure_latency, serving_figures
from tests import factories
from tests.integration.reports import ground
from tests.tiny_artifacts import give_model
from tests.tiny_runs import write_dataset
from tests.tiny_t5 import write_tiny_t5

pytestmark = pytest.mark.django_db
FIGURES: dict[str, Any] = {
    **{"p50_ms": 19.5, "p95_ms": 30.0, "requests_per_second": 50.0, "texts_per_second": 200.0, "megabytes": 66.0},
    **{"metric": "accuracy", "utility": 0.8, "agreement": 1.0, "difference": 0.0, "low": 0.0, "high": 0.0},
    **{"rows": "dev", "num_examples": 100, "device": "cpu", "processor": "Some CPU", "num_threads": 1},
    "measured_at": "2026-11-30T12:00:00+00:00",
}
INT8 = {**FIGURES, "requests_per_second": 100.0, "utility": 0.78, "difference": -0.02, "low": -0.05, "high": 0.01}
KINDS = ("good", "bad")


@pytest.fixture
def student(settings: Settings, tmp_path: Path) -> Artifact:
    study = factories.study()
    ground.buy_labels(study, 1)
    artifact = ground.annotated(study, num_labels=1)
    settings.RUN_THREADS = 1
    give_model(artifact, settings, tmp_path)
    return artifact


@pytest.fixture
def measured(student: Artifact) -> Artifact:
    payload = {"torch": FIGURES, "onnx": FIGURES, "int8": INT8}
    (student.path.parent / "serving.json").write_text(json.dumps(payload))
    return student


def give_rows(student: Artifact) -> None:
    """Give a model's run the dev rows that it is measured on."""
    rows = {"uid": list("abcdef"), "text": ["good film", "bad day"] * 3, "label": list(KINDS) * 3}
    write_dataset(student.path.parent / "data" / "dev", rows)
    spec = {"version": 1, "kind": "finetune", "task_type": "text_classification", "labels": student.run.study.labels}
    spec |= {"model": {"source": "folder", "name": "/tiny"}, "data": {"train": "data/dev", "dev": "data/dev"}}
    (student.path.parent / "spec.json").write_text(json.dumps({**spec, "training": {"steps": 1}}))


def hourly(artifact: Artifact) -> Decimal:
    return Price.objects.get(book=artifact.run.study.budget.price_book, kind="device_hour", device="cpu").rate


def page(client: Client, artifact: Artifact) -> str:
    client.force_login(artifact.run.study.created_by)
    return client.get(reverse("artifact", kwargs={"pk": artifact.pk})).content.decode()


def test_a_thousand_requests_cost_their_share_of_a_device_hour(measured: Artifact) -> None:
    torch, _, int8 = serving_figures(measured)
    # At 50 a second, 1,000 take 20 seconds.
    assert torch.cost_of_requests == (hourly(measured) * 20 / 3600).quantize(Decimal("0.000001"))
    assert torch.cost_of_texts == (hourly(measured) * 5 / 3600).quantize(Decimal("0.000001"))
    assert int8.cost_of_requests == (hourly(measured) * 10 / 3600).quantize(Decimal("0.000001"))


def test_without_a_price_there_is_no_cost(measured: Artifact) -> None:
    path = measured.path.parent / "serving.json"
    path.write_text(json.dumps({"torch": {**FIGURES, "device": "abacus"}}))
    assert [one.cost_of_requests for one in serving_figures(measured)] == [None]
    assert "| no price |" in model_card(artifact=measured)


@pytest.mark.parametrize("odd", [{}, 5, {**INT8, "requests_per_second": 0}, {**INT8, "added_later": 1}])
def test_figures_of_a_format_that_cannot_be_read_leave_the_others(measured: Artifact, odd: object) -> None:
    payload = {"torch": FIGURES, "int8": odd, "onnx": FIGURES}
    (measured.path.parent / "serving.json").write_text(json.dumps(payload))
    assert [one.format for one in serving_figures(measured)] == ["torch", "onnx"]


@pytest.mark.parametrize("content", ["", "[]", '{"torch": {}}', '{"torch": 5}', '{"torch": {"device": "cpu"}}'])
def test_figures_that_cannot_be_read_are_none(measured: Artifact, content: str) -> None:
    (measured.path.parent / "serving.json").write_text(content)
    assert serving_figures(measured) == []


def test_int8_stands_beside_the_original_on_page_and_card(measured: Artifact, client: Client) -> None:
    shown = page(client, measured)
    assert "78.0 %" in shown and "80.0 %" in shown
    assert "-2.0 (-5.0 to +1.0)" in shown
    (line,) = [line for line in model_card(artifact=measured).splitlines() if line.startswith("| int8 |")]
    assert "19.5 | 30.0 | 100.0 | 200.0 | 78.0 %" in line


def test_the_report_takes_the_original_even_where_an_export_costs_less(measured: Artifact, client: Client) -> None:
    (served,) = serving_of(measured.run.study).models
    assert (served.artifact, served.figures.format) == (measured, "torch")
    assert served.per_thousand == (hourly(measured) * 20 / 3600).quantize(Decimal("0.000001"))
    client.force_login(measured.run.study.created_by)
    shown = client.get(reverse("report", kwargs={"pk": measured.run.study.pk})).content.decode()
    assert "19.5 ms" in shown and "on one thread of the CPU" in shown


def test_a_model_that_was_not_measured_has_a_button_and_the_commands(student: Artifact, client: Client) -> None:
    shown = page(client, student)
    assert "Measure latency" in shown and f"manage.py export_model {student.pk} --format onnx" in shown
    assert shown.count(">Serving</h2>") == 1 and serving_of(student.run.study).models == []


def test_no_export_is_offered_of_a_model_that_writes(student: Artifact, client: Client) -> None:
    shutil.rmtree(student.path)
    write_tiny_t5(student.path)
    shown = page(client, student)
    assert f"manage.py serve {student.pk}" in shown
    assert "export_model" not in shown and "an exported folder" not in shown


@pytest.mark.usefixtures("forked_trainers")
def test_the_button_measures_the_original_and_keeps_exports_beside_it(measured: Artifact, client: Client) -> None:
    give_rows(measured)
    before = LedgerEntry.objects.count()
    client.force_login(measured.run.study.created_by)
    client.post(reverse("measure-serving", kwargs={"pk": measured.pk}))
    torch, onnx, int8 = serving_figures(measured)
    assert (torch.rows, torch.num_examples, torch.num_threads) == ("dev", 6, 1)
    assert 0 < torch.p50_ms <= torch.p95_ms and torch.measured_at > onnx.measured_at
    assert (onnx.p50_ms, int8.utility) == (19.5, 0.78)
    assert "on 6 dev rows" in (measured.path / "README.md").read_text()
    assert LedgerEntry.objects.count() == before


@pytest.mark.usefixtures("forked_trainers")
def test_without_labelled_rows_nothing_is_measured(student: Artifact) -> None:
    with pytest.raises(PredictionFailed, match="no labelled rows to measure it on"):
        measure_latency(actor=student.run.study.created_by, artifact=student)
    assert serving_figures(student) == []


def test_a_measurement_that_takes_too_long_is_ended(measured: Artifact, settings: Settings) -> None:
    settings.TRY_SECONDS = 0
    with pytest.raises(PredictionFailed, match="not measured within 0 seconds"):
        measure_latency(actor=measured.run.study.created_by, artifact=measured)
    assert serving_figures(measured)[0].p50_ms == 19.5


@pytest.mark.usefixtures("forked_trainers")
def test_the_command_exports_and_measures(student: Artifact, tmp_path: Path) -> None:
    give_rows(student)
    told, target = StringIO(), tmp_path / "out"
    call_command("export_model", str(student.pk), out=target, stdout=told)
    assert "per 1,000; accuracy" in told.getvalue() and (target / "model.onnx").is_file()
    assert [one.format for one in serving_figures(student)] == ["torch", "onnx"]
    assert "## What it takes to serve" in (student.path / "README.md").read_text()
    with pytest.raises(CommandError, match="is there already"):
        call_command("export_model", str(student.pk), out=target, stdout=told)
