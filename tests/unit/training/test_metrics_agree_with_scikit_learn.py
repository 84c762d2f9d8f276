import numpy as np
import pytest
from sklearn.metrics import accuracy_score, f1_score

from tests.tiny_runs import TEXT, rows_with
from training.evaluation.metrics import metric_value

LABELS = ["a", "b", "c", "never seen"]


@pytest.mark.parametrize("seed", range(5))
def test_accuracy_and_f1_are_those_of_scikit_learn(seed: int) -> None:
    rng = np.random.default_rng(seed)
    gold = [LABELS[i] for i in rng.integers(0, 3, 40)]
    predicted: list[str | None] = [LABELS[i] for i in rng.integers(0, 2, 40)]
    expected = {
        "accuracy": accuracy_score(gold, predicted),
        "macro_f1": f1_score(gold, predicted, average="macro"),
        "micro_f1": f1_score(gold, predicted, average="micro"),
    }
    for metric, value in expected.items():
        found = metric_value(task_type=TEXT, rows=rows_with(gold), predicted=predicted, labels=LABELS, metric=metric)
        assert found == pytest.approx(value)
