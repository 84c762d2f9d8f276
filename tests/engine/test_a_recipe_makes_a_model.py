import json
from pathlib import Path
from typing import Any

import pytest

from tests.tiny_runs import EVERY_LABELLED_TYPE, RunFolder, carry_out, examples, write_dataset
from training.contract import TRIALS
from training.data import DataInvalid, InputLine, ModelOutputs
from training.distil import read_soft_labels
from training.evaluation.predict import load_predictor
from training.learners import HeldOut
from training.recipes import NothingKnown, RecipeUnusable, deciding
from training.runtime import StopFlag
from training.spec import SpecInvalid, recipes
from training.tasks import TaskType

SAID = {"pos": ["good great fine", "happy love"], "neg": ["bad awful poor", "sad hate"]}
DATA = {"train": "data/train", "dev": "data/dev", "test": "data/test", "pool": "data/unlabelled"}
NO_LABELS = {"test": "data/test", "pool": "data/unlabelled"}


@pytest.fixture(autouse=True)
def few_are_enough(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(recipes, "FEWEST_LABELS", 10)


def answers_of(folder: Path) -> list[str | None]:
    """Return what the artifact of a run says of its test rows, once it is loaded again."""
    lines = [json.loads(line) for line in (folder / "artifact" / "predictions.jsonl").read_text().splitlines()]
    task_type = json.loads((folder / "spec.json").read_text())["task_type"]
    rows = examples(task_type, 10, start=200)
    predictor = load_predictor(folder / "artifact", stop=StopFlag())
    names = predictor.task_type.input_fields
    asked = [
        InputLine(number=n, uid=uid, texts={name: rows[name][n] for name in names}) for n, uid in enumerate(rows["uid"])
    ]
    assert [line["predicted"] for line in lines] == [answer.predicted for answer in predictor.answers(asked)]
    return [line["predicted"] for line in lines]


@EVERY_LABELLED_TYPE
@pytest.mark.parametrize("recipe", ["names", "frozen", "probe", "auto"])
def test_each_recipe_makes_a_model_of_each_task_type(recipe: str, task_type: TaskType, run_folder: RunFolder) -> None:
    folder = run_folder(task_type=task_type.name, training={"recipe": recipe}, data=DATA, label_texts=SAID)
    result = carry_out(folder)
    choice = result["choice"]
    assert choice["why"].endswith(".") and choice["device_seconds"] > 0
    assert {"name", "score"} <= set(choice["candidates"][0])
    is_trained = choice["chosen"] in ("probe", "contrast", "finetune")
    assert (result["seeds"][0]["num_steps"] > 0) == is_trained
    is_told = not is_trained and task_type.unit != "word"
    assert ("over_labels" in result["metrics"]["test"][task_type.metrics[0]]) == is_told
    assert len(answers_of(folder)) == 10


@pytest.mark.parametrize("task_type", ["text_classification", "multi_label_classification"])
def test_texts_are_drawn_together_by_their_labels(task_type: str, run_folder: RunFolder) -> None:
    training = {"recipe": "contrast", "steps": 40}
    folder = run_folder(task_type=task_type, training=training, data=DATA, label_texts=SAID)
    result = carry_out(folder)
    assert (result["choice"]["chosen"], result["seeds"][0]["num_steps"]) == ("contrast", 40)
    assert len(answers_of(folder)) == 10
    assert result["metrics"]["dev"]["accuracy"]["value"] >= 0.8


def test_texts_without_a_label_in_common_are_not_paired(run_folder: RunFolder) -> None:
    folder = run_folder(training={"recipe": "contrast"}, data={**DATA, "train": "data/two"})
    write_dataset(folder / "data" / "two", examples("text_classification", 2))
    with pytest.raises(RecipeUnusable, match=r"contrast cannot be used\. No two labelled texts have a label in common"):
        carry_out(folder)


@pytest.mark.parametrize("recipe", ["names", "auto"])
def test_no_label_is_needed_where_labels_say_what_they_are(recipe: str, run_folder: RunFolder) -> None:
    folder = run_folder(training={"recipe": recipe}, data=NO_LABELS, label_texts=SAID, role="teacher")
    result = carry_out(folder)
    assert (result["num_train"], result["choice"]["judged_on"]) == (0, "nothing")
    assert result["metrics"]["test"]["num_examples"] == 10
    assert "what labels say of themselves" in (folder / "artifact" / "README.md").read_text()


@pytest.mark.parametrize("recipe", ["names", "auto"])
def test_nothing_is_made_of_nothing(recipe: str, run_folder: RunFolder) -> None:
    folder = run_folder(training={"recipe": recipe}, data=NO_LABELS, labels=["1", "2"])
    write_dataset(folder / "data" / "test2", {**examples("text_classification", 4), "label": ["1", "2", "1", "2"]})
    payload = json.loads((folder / "spec.json").read_text())
    (folder / "spec.json").write_text(json.dumps({**payload, "data": {**NO_LABELS, "test": "data/test2"}}))
    with pytest.raises(NothingKnown, match=r"'1', '2'.*Describe the labels"):
        carry_out(folder)
    assert not (folder / "artifact").exists()


def test_auto_compares_with_fine_tuning_on_folds_where_dev_is_small(run_folder: RunFolder) -> None:
    folder = run_folder(training={"recipe": "auto", "steps": 4}, data=DATA)
    choice = carry_out(folder)["choice"]
    assert choice["judged_on"] == "folds"
    scored = {one["name"]: one["score"] for one in choice["candidates"]}
    assert scored["probe"] is not None and "labels left out in turn" in choice["why"]


@pytest.mark.parametrize(("learning_rate", "num_folds"), [(0.1, 1), (1e-7, 3)], ids=["spoilt", "as-good"])
def test_folds_go_on_until_one_recipe_is_clearly_ahead(
    learning_rate: float, num_folds: int, run_folder: RunFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(deciding, "FEWEST_JUDGED", 5)
    training = {"recipe": "auto", "steps": 30, "learning_rate": learning_rate}
    without_dev = {name: place for name, place in DATA.items() if name != "dev"}
    folder = run_folder(training=training, data=without_dev, label_texts=SAID)
    choice = carry_out(folder)["choice"]
    kept = sorted(path.name for path in (folder / TRIALS).glob("probe-fold-*"))
    assert kept == [f"probe-fold-{number + 1}" for number in range(num_folds)]
    assert f"{8 * num_folds} labels left out in turn" in choice["why"] and choice["chosen"] != "probe"


@pytest.mark.parametrize("pooling", ["mean", "bi_encoder"])
def test_auto_compares_on_dev_where_that_is_large(
    pooling: str, run_folder: RunFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(recipes, "FEWEST_DEV", 10)
    training = {"recipe": "auto", "steps": 4, "pooling": pooling}
    result = carry_out(run_folder(task_type="pair_classification", training=training, data=DATA))
    assert result["choice"]["judged_on"] == "dev"
    names = {one["name"] for one in result["choice"]["candidates"]}
    # Read as one text, a pair can be fine-tuned in another way too.
    assert ("finetune" in names) == (pooling == "mean") and "probe" in names


def test_few_labels_are_not_fine_tuned(run_folder: RunFolder) -> None:
    folder = run_folder(training={"recipe": "auto"}, data=DATA)
    write_dataset(folder / "data" / "few", examples("text_classification", 6))
    payload = json.loads((folder / "spec.json").read_text())
    (folder / "spec.json").write_text(json.dumps({**payload, "data": {**DATA, "train": "data/few"}}))
    result = carry_out(folder)
    lacking = {one["name"]: one.get("lacks") for one in result["choice"]["candidates"]}
    assert lacking["probe"] == "6 labels; fine-tuning is tried from 16 on"
    assert result["seeds"][0]["num_steps"] == 0 and result["num_train"] == 6


def test_a_run_of_finetune_is_the_same_as_one_without_a_recipe(run_folder: RunFolder) -> None:
    with_recipe, without = (
        carry_out(run_folder(name, training=one)) for name, one in (("with", {"recipe": "finetune"}), ("without", {}))
    )
    assert "choice" not in with_recipe
    assert with_recipe["seeds"] == without["seeds"] and with_recipe["metrics"] == without["metrics"]


def test_auto_is_fine_tuning_where_labels_are_plenty(run_folder: RunFolder, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(recipes, "PLENTY_PER_LABEL", 10)
    monkeypatch.setattr(recipes, "PLENTY_ROWS", 20)
    result, plain = (carry_out(run_folder(recipe, training={"recipe": recipe})) for recipe in ("auto", "finetune"))
    assert result["choice"]["chosen"] == "finetune" and "12 labels per class" in result["choice"]["why"]
    assert result["seeds"] == plain["seeds"]


def test_labels_of_one_kind_are_refused_where_they_are_to_be_told_apart(run_folder: RunFolder) -> None:
    rows = examples("text_classification", 12)
    for recipe, error in (("frozen", DataInvalid), ("probe", DataInvalid)):
        folder = run_folder(recipe, training={"recipe": recipe}, data={**DATA, "train": "data/alike"})
        write_dataset(folder / "data" / "alike", {**rows, "label": ["pos"] * 12})
        with pytest.raises(error, match="all 12 examples are labelled 'pos'"):
            carry_out(folder)


def test_a_zero_label_teacher_scores_and_teaches(run_folder: RunFolder) -> None:
    data: dict[str, Any] = {"unlabelled": "data/unlabelled"}
    scoring = run_folder("scoring", kind="score", data=data, training={"recipe": "names"}, label_texts=SAID)
    scored = carry_out(scoring)
    assert scored["choice"]["chosen"] in ("names", "names_and_pool") and scored["num_pseudo_labels"] == 30
    data = {"soft_labels": str(scoring / "soft_labels"), "test": "data/test"}
    result = carry_out(run_folder("student", kind="distil", data=data, training={"recipe": "auto"}, label_texts=SAID))
    assert result["choice"]["chosen"] == "probe" and result["num_pseudo_labels"] == 30
    assert {"label_names"} <= set(result["metrics"]["baselines"])


def test_a_checkpoint_scores_only_by_a_recipe_that_does_not_train(run_folder: RunFolder) -> None:
    data = {"unlabelled": "data/unlabelled"}
    with pytest.raises(SpecInvalid, match=r"training\.recipe: probe trains"):
        carry_out(run_folder(kind="score", data=data, training={"recipe": "probe"}))


def test_what_a_frozen_teacher_says_of_its_own_rows_is_by_heads_that_they_did_not_teach(run_folder: RunFolder) -> None:
    teacher = run_folder("teacher", role="teacher", training={"recipe": "frozen"}, data=DATA)
    carry_out(teacher)
    held_out = HeldOut.read(teacher / "artifact")
    assert held_out is not None and len(held_out.uids) == 24
    data = {"unlabelled": "data/train"}
    scoring = run_folder("scoring", kind="score", model=None, teacher_artifact=str(teacher / "artifact"), data=data)
    carry_out(scoring)
    soft = read_soft_labels(
        folder=scoring / "soft_labels", task_type="text_classification", input_fields=("text",), labels=["neg", "pos"]
    )
    assert soft.rows.uids == held_out.uids
    assert isinstance(soft.outputs, ModelOutputs)
    assert (soft.outputs.values_UC == held_out.outputs.values_UC).all()


def test_baselines_say_what_few_lines_come_to(run_folder: RunFolder) -> None:
    found = carry_out(run_folder(task_type="pair_classification"))["metrics"]["baselines"]
    assert {"majority", "constant", "copy", "frozen_labels", "cosine", "tf_idf"} <= set(found)
    assert all(0 <= one["value"] <= 1 and one["label"] for one in found.values())
