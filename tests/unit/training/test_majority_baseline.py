from training.evaluate import majority_baseline
from training.task_types import TASK_TYPES

TEXT = TASK_TYPES["text_classification"]


def test_the_most_frequent_training_label_is_scored_on_test() -> None:
    baseline = majority_baseline(
        task_type=TEXT,
        train_gold=["a", "b", "b"],
        test_gold=["a", "a", "a", "b"],
        labels=["a", "b"],
        metric="accuracy",
    )
    assert baseline == {"label": "b", "value": 0.25}


def test_of_equally_frequent_labels_the_first_is_taken() -> None:
    baseline = majority_baseline(
        task_type=TEXT, train_gold=["b", "a"], test_gold=["a"], labels=["a", "b"], metric="accuracy"
    )
    assert baseline["label"] == "a"
