import json
from itertools import chain, combinations

import numpy as np
import pytest

from tests.tiny_runs import EVERY_TASK_TYPE, SameMeaning, answered_rows, rows_with
from training.evaluation.metrics import baseline_scores, metric_value
from training.tasks import TASK_TYPES, TaskType

LABELS = ["a", "b", "c", "d"]
SETS = [list(one) for one in chain.from_iterable(combinations(LABELS, size) for size in range(5))]
SPANS = [[{"start": 0, "end": 4, "label": "a"}], [{"start": 0, "end": 1, "label": "b"}], []]


@EVERY_TASK_TYPE
def test_every_report_has_a_majority_a_constant_and_a_copied_answer(task_type: TaskType) -> None:
    rows, task_type = answered_rows(task_type), task_type.measured_with(SameMeaning())
    for metric in task_type.metrics:
        found = baseline_scores(task_type=task_type, train=rows, test=rows, labels=LABELS, metric=metric)
        assert {"majority", "constant", "copy"} <= set(found)
        assert found["constant"]["value"] >= found["majority"]["value"]


@pytest.mark.parametrize("metric", ["accuracy", "micro_f1", "macro_f1"])
@pytest.mark.parametrize("seed", range(5))
def test_no_constant_set_of_labels_is_better(metric: str, seed: int) -> None:
    task_type = TASK_TYPES["multi_label_classification"]
    drawn = np.random.default_rng(seed).random((30, 4)) < [0.6, 0.3, 0.2, 0.05]
    gold = [json.dumps([label for label, applies in zip(LABELS, row, strict=True) if applies]) for row in drawn]
    rows = rows_with(gold, task_type=task_type)
    values = [
        metric_value(task_type=task_type, rows=rows, predicted=[json.dumps(one)] * 30, labels=LABELS, metric=metric)
        for one in SETS
    ]
    found = baseline_scores(task_type=task_type, train=rows, test=rows, labels=LABELS, metric=metric)
    assert found["constant"]["value"] == pytest.approx(max(values))


def test_for_entities_it_is_nothing_or_every_word() -> None:
    task_type = TASK_TYPES["entity_extraction"]
    gold = [json.dumps(spans) for spans in SPANS]
    rows = rows_with(gold, texts=["good", "x y", "bad day"], task_type=task_type)
    found = {
        metric: baseline_scores(task_type=task_type, train=rows, test=rows, labels=LABELS, metric=metric)["constant"]
        for metric in ("micro_f1", "accuracy")
    }
    assert found["micro_f1"] == {"label": "every word: a", "value": pytest.approx(2 / 7)}
    assert found["accuracy"] == {"label": "no entity", "value": pytest.approx(1 / 3)}
