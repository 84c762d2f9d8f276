"""How fast an exported model answers, and what 1,000 requests cost: on its page, in its card, by the price book."""

import json
from decimal import Decimal
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.test import Client
from django.urls import reverse
from pytest_django import Settings

from budgets.models import Price
from reports.cards import model_card
from runs.models import Artifact
from runs.results import serving_figures
from tests import factories
from tests.integration.reports import ground
from tests.tiny_artifacts import give_model
from tests.tiny_runs import write_dataset

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


def test_a_model_that_was_not_exported_says_how_to_measure_it(student: Artifact, client: Client) -> None:
    assert f"manage.py export_model {student.pk} --format onnx" in page(client, student)


def test_the_command_exports_and_measures(student: Artifact, tmp_path: Path) -> None:
    rows = {"uid": list("abcdef"), "text": ["good film", "bad day"] * 3, "label": list(KINDS) * 3}
    write_dataset(student.path.parent / "data" / "dev", rows)
    spec = {"version": 1, "kind": "finetune", "task_type": "text_classification", "labels": student.run.study.labels}
    spec |= {"model": {"source": "folder", "name": "/tiny"}, "data": {"train": "data/dev", "dev": "data/dev"}}
    (student.path.parent / "spec.json").write_text(json.dumps({**spec, "training": {"steps": 1}}))
    told, target = StringIO(), tmp_path / "out"
    call_command("export_model", str(student.pk), out=target, stdout=told)
    assert "per 1,000; accuracy" in told.getvalue() and (target / "model.onnx").is_file()
    assert [one.format for one in serving_figures(student)] == ["torch", "onnx"]
    assert "## What it takes to serve" in (student.path / "README.md").read_text()
    with pytest.raises(CommandError, match="is there already"):
        call_command("export_model", str(student.pk), out=target, stdout=told)
