import json
from pathlib import Path
from typing import Any

import pytest

from tests.engine.test_a_stopped_run_resumes_bit_for_bit import stop_once
from tests.tiny_runs import RunFolder, Undisturbed, carry_out
from training.spec import SpecInvalid

SEARCH: dict[str, Any] = {"learning_rates": [1e-3, 1e-5], "epochs": [1, 2], "num_seeds": 2}
SEARCHED: dict[str, Any] = {"training": {"steps": None, "epochs": 1}, "search": SEARCH}


def searched(run_folder: RunFolder, name: str = "run", **changes: Any) -> Path:
    return run_folder(name, **SEARCHED | changes)


def test_every_rate_is_tried_with_every_length_on_dev(undisturbed: Undisturbed) -> None:
    result = undisturbed(**SEARCHED)
    tried = {(trial["learning_rate"], trial["epochs"]) for trial in result["search"]}
    assert tried == {(rate, epochs) for rate in SEARCH["learning_rates"] for epochs in SEARCH["epochs"]}


def test_the_best_on_dev_is_repeated_from_every_seed(run_folder: RunFolder) -> None:
    folder = searched(run_folder)
    result = carry_out(folder)
    best = max(result["search"], key=lambda trial: trial["dev"])
    assert [trial["seed"] for trial in result["seeds"]] == [3, 4]
    assert {trial["learning_rate"] for trial in result["seeds"]} == {best["learning_rate"]}
    assert result["metrics"]["test"]["num_seeds"] == 2
    assert result["metrics"]["test"]["interval_over"] == ["examples", "seeds"]
    assert_every_seeds_answers_are_kept(folder / "artifact", result)


def assert_every_seeds_answers_are_kept(artifact: Path, result: dict[str, Any]) -> None:
    saved = [json.loads(line) for line in (artifact / "predictions.jsonl").read_text().splitlines()]
    kept = [json.loads(line) for line in (artifact / "seed_predictions.jsonl").read_text().splitlines()]
    assert [one["uid"] for one in kept] == [one["uid"] for one in saved]
    scores = [sum(k["predicted"][seed] == s["gold"] for k, s in zip(kept, saved, strict=True)) for seed in (0, 1)]
    assert sum(scores) / 2 / len(saved) == pytest.approx(result["metrics"]["test"]["accuracy"]["value"])
    best = max((0, 1), key=lambda seed: result["seeds"][seed]["dev"])
    assert [k["predicted"][best] for k in kept] == [s["predicted"] for s in saved]


def test_a_run_without_a_search_is_one_training(run_folder: RunFolder) -> None:
    folder = run_folder()
    result = carry_out(folder)
    assert len(result["search"]) == len(result["seeds"]) == 1
    assert not (folder / "trials").exists()
    assert not (folder / "artifact" / "seed_predictions.jsonl").exists()
    assert result["metrics"]["test"]["interval_over"] == ["examples"]


def test_a_search_without_dev_is_refused(run_folder: RunFolder) -> None:
    with pytest.raises(SpecInvalid, match="dev"):
        carry_out(searched(run_folder, data={"train": "data/train", "test": "data/test"}))


@pytest.mark.parametrize("looks", [1, 20, 45])
def test_a_search_stopped_anywhere_ends_as_if_it_had_not_been(
    run_folder: RunFolder, undisturbed: Undisturbed, looks: int
) -> None:
    folder = searched(run_folder, "stopped")
    stop_once(folder, looks)
    resumed, whole = carry_out(folder), undisturbed(**SEARCHED)
    assert json.dumps(resumed["seeds"]) == json.dumps(whole["seeds"])
    assert resumed["metrics"]["test"] == whole["metrics"]["test"]


@pytest.mark.parametrize(("name", "value"), [("learning_rates", [0]), ("epochs", [1, 1]), ("num_seeds", 0)])
def test_a_bad_search_is_named(run_folder: RunFolder, name: str, value: object) -> None:
    with pytest.raises(SpecInvalid, match=f"search.{name}"):
        carry_out(searched(run_folder, search={name: value}))
