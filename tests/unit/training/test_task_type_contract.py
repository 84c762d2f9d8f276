from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from tests.tiny_model import vocabulary
from tests.tiny_runs import ANSWERS, CPU, EVERY_LABELLED_TYPE, EVERY_TASK_TYPE, SameMeaning, answered_rows
from training.data import collate
from training.evaluation import predict_logits
from training.learners import encode_rows, learner_of, load_classifier
from training.runtime import StopFlag
from training.spec import ModelSource
from training.tasks import TASK_TYPES, TaskType, TaskTypeUnknown, task_type_named

LABELS = ["a", "b", "c"]


@EVERY_LABELLED_TYPE
def test_rows_become_one_answer_each(task_type: TaskType, tiny_folder: Path) -> None:
    source = ModelSource(source="folder", name=str(tiny_folder))
    classifier = load_classifier(source=source, task_type=task_type, labels=LABELS, max_length=16)
    rows = answered_rows(task_type)
    encoded = encode_rows(rows=rows, task_type=task_type, tokenizer=classifier.tokenizer, max_length=16)
    assert encoded.lengths.max() <= 16
    outputs = predict_logits(model=classifier.model, rows=encoded, compute=CPU, stop=StopFlag())
    predicted = learner_of(task_type).decode(outputs=outputs, rows=rows, labels=LABELS)
    said = [answer for answer in predicted if answer is not None]
    assert task_type.read_gold(gold=said, columns=rows.columns, labels=LABELS) == predicted
    shares = learner_of(task_type).probabilities(outputs=outputs, labels=LABELS)
    assert shares.shape == (3, 3) and 0 <= shares.min() <= shares.max() <= 1
    assert outputs.values_UC.shape[1] == len(task_type.output_names(LABELS))


@EVERY_LABELLED_TYPE
def test_a_batch_holds_what_the_vocabulary_has(task_type: TaskType, tiny_folder: Path) -> None:
    source = ModelSource(source="folder", name=str(tiny_folder))
    tokenizer = load_classifier(source=source, task_type=task_type, labels=LABELS, max_length=16).tokenizer
    encoded = encode_rows(rows=answered_rows(task_type), task_type=task_type, tokenizer=tokenizer, max_length=16)
    batch = collate(rows=encoded, indices=np.arange(3), device=CPU.device)
    assert int(batch["input_ids"].max()) < len(vocabulary())


def score(task_type: TaskType, predicted: Sequence[str | None]) -> dict[str, float]:
    task_type = task_type.measured_with(SameMeaning())
    tally = task_type.tally(rows=answered_rows(task_type), predicted=predicted, labels=LABELS)
    return {name: float(value[0]) for name, value in task_type.score(totals_RK=tally.totals()).items()}


@EVERY_TASK_TYPE
def test_gold_answers_score_one_and_unparsed_ones_nothing(task_type: TaskType) -> None:
    assert score(task_type, ANSWERS[task_type.name]) == dict.fromkeys(task_type.metrics, pytest.approx(1.0))
    assert score(task_type, [None] * 3) == dict.fromkeys(task_type.metrics, 0.0)


@EVERY_TASK_TYPE
def test_gold_answers_are_read_as_they_are_written(task_type: TaskType) -> None:
    rows = answered_rows(task_type)
    gold = task_type.read_gold(gold=ANSWERS[task_type.name], columns=rows.columns, labels=LABELS)
    assert gold == ANSWERS[task_type.name]


@EVERY_TASK_TYPE
def test_baselines_answer_each_test_row(task_type: TaskType) -> None:
    rows = answered_rows(task_type)
    found = task_type.baselines(train=rows, test=rows, labels=LABELS)
    assert {"majority", "copy"} <= set(found)
    for baseline in (*found.values(), *task_type.constants(test=rows, labels=LABELS)):
        assert len(baseline.predicted) == 3
        task_type.read_gold(gold=baseline.predicted, columns=rows.columns, labels=LABELS)


@EVERY_TASK_TYPE
def test_a_task_type_is_known_by_its_name(task_type: TaskType) -> None:
    assert task_type_named(name=task_type.name, metric=task_type.metrics[0]) is task_type


def test_a_pair_is_read_as_two_segments(tiny_folder: Path) -> None:
    pair = TASK_TYPES["pair_classification"]
    source = ModelSource(source="folder", name=str(tiny_folder))
    tokenizer = load_classifier(source=source, task_type=pair, labels=LABELS, max_length=16).tokenizer
    columns = {"text_a": ["good"], "text_b": ["bad film"]}
    encoded = learner_of(pair).encode(tokenizer=tokenizer, columns=columns, max_length=16)
    assert encoded[0]["token_type_ids"] == [0, 0, 0, 1, 1, 1]


def test_an_unknown_task_type_and_an_unknown_metric_are_refused() -> None:
    with pytest.raises(TaskTypeUnknown, match="task_type"):
        task_type_named(name="poetry", metric="accuracy")
    with pytest.raises(TaskTypeUnknown, match="has accuracy"):
        task_type_named(name="text_classification", metric="bleu")
