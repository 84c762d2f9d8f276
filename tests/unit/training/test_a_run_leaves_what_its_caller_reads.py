import json
from pathlib import Path

import pytest
from transformers import AutoModel, AutoTokenizer

from tests.tiny_runs import RunFolder, carry_out
from training.runtime import file_hash, folder_hash


@pytest.fixture
def finished(run_folder: RunFolder) -> tuple[Path, dict[str, object]]:
    folder = run_folder()
    return folder, carry_out(folder)


def test_the_result_holds_every_figure_of_the_contract(finished: tuple[Path, dict[str, object]]) -> None:
    folder, result = finished
    metrics = json.loads(json.dumps(result))["metrics"]
    assert set(metrics) == {"test", "dev", "baseline", "baselines"}
    counts = {"interval_over", "num_examples", "num_seeds", "num_unparsed"}
    assert set(metrics["test"]) == {"accuracy", "macro_f1", "micro_f1"} | counts
    assert set(metrics["test"]["accuracy"]) == {"value", "low", "high"}
    assert metrics["baseline"] == {"label": "neg", "value": 0.5} == metrics["baselines"]["majority"]
    assert (result["num_train"], result["num_pseudo_labels"]) == (24, 0)
    assert result["artifact_hash"] == folder_hash(folder / "artifact")
    assert float(str(result["device_seconds"])) > 0 and int(str(result["peak_memory_bytes"])) > 1e6


def test_there_is_one_prediction_per_test_example(finished: tuple[Path, dict[str, object]]) -> None:
    lines = (finished[0] / "artifact" / "predictions.jsonl").read_text().splitlines()
    predictions = [json.loads(line) for line in lines]
    assert [p["uid"] for p in predictions] == [f"u{number}" for number in range(200, 210)]
    assert sum(predictions[0]["probabilities"]) == pytest.approx(1.0, abs=1e-5)


def test_the_artifact_has_a_card_that_belongs_to_no_hash(finished: tuple[Path, dict[str, object]]) -> None:
    folder, result = finished
    card = folder / "artifact" / "README.md"
    text = card.read_text()
    for words in ("library_name: ", "| test | accuracy |", "SHA-256", "Not known to the trainer", "| majority | neg |"):
        assert words in text
    card.write_text("other costs")
    assert result["artifact_hash"] == folder_hash(folder / "artifact")


def test_the_result_tells_what_the_run_came_from(finished: tuple[Path, dict[str, object]], tiny_folder: Path) -> None:
    result = json.loads(json.dumps(finished[1]))
    assert result["base"]["name"] == str(tiny_folder)
    assert result["base"]["weights_sha256"] == file_hash(tiny_folder / "model.safetensors")
    assert {name: one["num_rows"] for name, one in result["data"].items()} == {"train": 24, "dev": 10, "test": 10}


def test_any_tool_can_load_the_artifact(finished: tuple[Path, dict[str, object]]) -> None:
    folder = finished[0] / "artifact"
    assert AutoModel.from_pretrained(folder).config.hidden_size == 32
    assert AutoTokenizer.from_pretrained(folder).pad_token == "[PAD]"
    assert json.loads((folder / "label_map.json").read_text())["labels"] == ["neg", "pos"]
    assert (folder / "spec.json").is_file() and (folder / "metrics.json").is_file()


def test_an_artifact_can_be_trained_on(finished: tuple[Path, dict[str, object]], run_folder: RunFolder) -> None:
    model = {"source": "folder", "name": str(finished[0] / "artifact")}
    assert carry_out(run_folder("more", model=model))["num_train"] == 24
