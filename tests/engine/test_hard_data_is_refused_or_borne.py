import json
import tracemalloc
from typing import Any

import numpy as np
import pytest

from tests.tiny_runs import EVERY_LABELLED_TYPE, TEXT, RunFolder, carry_out, examples, rows_with, write_dataset
from training.data import DataInvalid
from training.learners import learner_of
from training.learners.entity_extraction import TokenizerUnusable
from training.spec import SpecInvalid
from training.tasks import TASK_TYPES, TaskType

MANY = [f"class {number}" for number in range(10_000)]


def train(run_folder: RunFolder, rows: dict[str, list[str]], **changes: Any) -> dict[str, Any]:
    folder = run_folder(data={"train": "data/hard", "test": "data/hard"}, **changes)
    write_dataset(folder / "data" / "hard", rows)
    return carry_out(folder)


def refusal(run_folder: RunFolder, task_type: str, label: str) -> str:
    rows = examples(task_type, 6)
    rows["label"][4] = label
    with pytest.raises(DataInvalid) as refused:
        train(run_folder, rows, task_type=task_type)
    return str(refused.value)


def spans(*parts: tuple[Any, Any, Any]) -> str:
    return json.dumps([{"start": start, "end": end, "label": label} for start, end, label in parts])


@pytest.mark.parametrize(
    ("label", "words"),
    [
        (spans((0, 5, "pos"), (3, 8, "neg")), "overlapping spans: 0 to 4 (pos) and 3 to 8 (neg). Keep one"),
        (spans((0, 5, "pos"), (0, 5, "pos")), "overlapping spans"),
        (spans((0, 999, "pos")), "a span 0 to 999"),
        (spans((-1, 3, "pos")), "a span -1 to 3"),
        (spans((5, 3, "pos")), "with nothing in it"),
        (spans((4, 5, "pos")), "with nothing in it"),
        (spans(("0", 3, "pos")), "a span 0 to 3"),
        (spans((0, 3, "maybe")), "The labels are neg, pos"),
        (spans((0, 3, ["pos"])), "The labels are neg, pos"),
        ("pos", "no list of spans"),
        ("{}", "no list of spans"),
        ('["pos"]', "no list of spans"),
        ("3", "no list of spans"),
        ('[{"start": 1}]', "no list of spans"),
    ],
)
def test_a_list_of_spans_that_cannot_be_is_named_by_its_example(run_folder: RunFolder, label: str, words: str) -> None:
    message = refusal(run_folder, "entity_extraction", label)
    assert "data.train: example u4" in message and words in message


@pytest.mark.parametrize(
    ("label", "words"),
    [
        ("pos", "no list of labels"),
        ("{}", "no list of labels"),
        ("null", "no list of labels"),
        ('["maybe"]', "has label 'maybe'. The labels are neg, pos"),
        ("[3]", "has label 3"),
        ("[[]]", "The labels are neg, pos"),
    ],
)
def test_a_list_of_labels_that_cannot_be_is_named_by_its_example(run_folder: RunFolder, label: str, words: str) -> None:
    message = refusal(run_folder, "multi_label_classification", label)
    assert "data.train: example u4" in message and words in message


def test_white_space_at_a_spans_ends_means_nothing() -> None:
    gold = TASK_TYPES["entity_extraction"].read_gold(
        gold=[spans((3, 8, "a"))], columns={"text": ["the  cat "]}, labels=["a"]
    )
    assert gold == [spans((5, 8, "a"))]


@EVERY_LABELLED_TYPE
def test_one_answer_only_is_nothing_to_learn(run_folder: RunFolder, task_type: TaskType) -> None:
    rows = examples(task_type.name, 6)
    nothing = "[]" if task_type.name in ("entity_extraction", "multi_label_classification") else "pos"
    rows["label"] = [nothing] * 6
    with pytest.raises(DataInvalid, match="all 6 examples are labelled"):
        train(run_folder, rows, task_type=task_type.name)


@EVERY_LABELLED_TYPE
def test_three_labelled_rows_are_enough_to_train_on(run_folder: RunFolder, task_type: TaskType) -> None:
    result = train(run_folder, examples(task_type.name, 3), task_type=task_type.name)
    assert result["metrics"]["test"]["num_examples"] == 3


@EVERY_LABELLED_TYPE
def test_a_text_of_a_hundred_thousand_characters_is_cut(run_folder: RunFolder, task_type: TaskType) -> None:
    rows = examples(task_type.name, 4)
    for field in task_type.input_fields:
        rows[field][0] += " the movie" * 10_000
    assert train(run_folder, rows, task_type=task_type.name)["num_train"] == 4


def test_entities_may_have_one_label_and_classes_may_not(run_folder: RunFolder) -> None:
    rows = examples("entity_extraction", 4)
    rows["label"] = [label.replace("pos", "neg") for label in rows["label"]]
    assert train(run_folder, rows, task_type="entity_extraction", labels=["neg"])["num_train"] == 4
    with pytest.raises(SpecInvalid, match="Give at least 2"):
        train(run_folder, rows, labels=["neg"])


@pytest.mark.parametrize("name", ["text_classification", "multi_label_classification"])
def test_ten_thousand_classes_are_scored_in_little_memory(name: str) -> None:
    chosen = [MANY[index] for index in np.random.default_rng(0).integers(0, len(MANY), 2_000)]
    gold = chosen if name == TEXT.name else [json.dumps([label]) for label in chosen]
    predicted = [*gold[:1_000], *[None] * 1_000]
    weights = np.random.default_rng(1).multinomial(2_000, [1 / 2_000] * 2_000, size=50)
    tracemalloc.start()
    tally = TASK_TYPES[name].tally(rows=rows_with(gold), predicted=predicted, labels=MANY)
    scores = TASK_TYPES[name].score(totals_RK=tally.totals(weights))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert scores["accuracy"].mean() == pytest.approx(0.5, abs=0.01)
    assert peak < 100e6


def test_an_unknown_label_among_many_is_named_without_all_of_them() -> None:
    with pytest.raises(ValueError, match="class 19 and 9,980 more"):
        TEXT.read_gold(gold=["maybe"], columns={"text": ["a"]}, labels=MANY)


def test_a_tokenizer_that_does_not_know_its_characters_is_refused() -> None:
    class Slow:
        is_fast = False

    with pytest.raises(TokenizerUnusable, match=r"tokenizer\.json"):
        learner_of(TASK_TYPES["entity_extraction"]).encode(tokenizer=Slow(), columns={"text": ["a"]}, max_length=8)


@pytest.mark.parametrize("task_type", ["entity_extraction", "multi_label_classification", "text_generation"])
def test_a_label_that_is_long_is_named_by_its_beginning(run_folder: RunFolder, task_type: str) -> None:
    message = refusal(run_folder, task_type, "very " * 100_000)
    assert "has label 'very very" in message and len(message) < 600
