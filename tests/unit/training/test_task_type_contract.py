from pathlib import Path

import numpy as np
import pytest

from tests.tiny_model import vocabulary
from tests.tiny_runs import CPU
from training.artifact import load_classifier
from training.batches import collate
from training.data import Rows, encode_rows
from training.spec import ModelSource
from training.task_types import TASK_TYPES, TaskTypeUnknown, task_type_named
from training.task_types.base import TaskType

LABELS = ["a", "b", "c"]
EVERY_TASK_TYPE = pytest.mark.parametrize("task_type", TASK_TYPES.values(), ids=TASK_TYPES.keys())


def rows_of(task_type: TaskType) -> Rows:
    columns = {field: ["good movie", "a very bad and sad film", "star"] for field in task_type.input_fields}
    return Rows(uids=["1", "2", "3"], columns=columns, gold=LABELS)


@EVERY_TASK_TYPE
def test_rows_become_one_answer_each(task_type: TaskType, tiny_folder: Path) -> None:
    source = ModelSource(source="folder", name=str(tiny_folder))
    classifier = load_classifier(source=source, task_type=task_type, labels=LABELS, max_length=16)
    rows = encode_rows(rows=rows_of(task_type), task_type=task_type, tokenizer=classifier.tokenizer, max_length=16)
    assert rows.lengths.max() <= 16
    batch = collate(rows=rows, indices=np.arange(3), device=CPU.device)
    logits = classifier.model(batch).detach().numpy()
    assert set(task_type.decode(logits_NC=logits, labels=LABELS)) <= set(LABELS)
    assert int(batch["input_ids"].max()) < len(vocabulary())


@EVERY_TASK_TYPE
def test_gold_answers_score_one_and_unparsed_ones_nothing(task_type: TaskType) -> None:
    for predicted, expected in ((list(LABELS), 1.0), ([None] * 3, 0.0)):
        tally = task_type.tally(gold=LABELS, predicted=predicted, labels=LABELS)
        scores = task_type.score(totals_RK=tally.sum(axis=0, keepdims=True))
        assert set(scores) == set(task_type.metrics)
        assert all(value[0] == pytest.approx(expected) for value in scores.values())


@EVERY_TASK_TYPE
def test_targets_keep_the_order_of_the_labels(task_type: TaskType) -> None:
    assert len(task_type.targets(gold=["c", "a"], labels=LABELS)) == 2


@EVERY_TASK_TYPE
def test_a_task_type_is_known_by_its_name(task_type: TaskType) -> None:
    assert task_type_named(name=task_type.name, metric=task_type.metrics[0]) is task_type


def test_a_pair_is_read_as_two_segments(tiny_folder: Path) -> None:
    pair = TASK_TYPES["pair_classification"]
    source = ModelSource(source="folder", name=str(tiny_folder))
    tokenizer = load_classifier(source=source, task_type=pair, labels=LABELS, max_length=16).tokenizer
    columns = {"text_a": ["good"], "text_b": ["bad film"]}
    encoded = pair.encode(tokenizer=tokenizer, columns=columns, max_length=16)
    assert encoded[0]["token_type_ids"] == [0, 0, 0, 1, 1, 1]


def test_an_unknown_task_type_and_an_unknown_metric_are_refused() -> None:
    with pytest.raises(TaskTypeUnknown, match="task_type"):
        task_type_named(name="poetry", metric="accuracy")
    with pytest.raises(TaskTypeUnknown, match="has accuracy"):
        task_type_named(name="text_classification", metric="bleu")
