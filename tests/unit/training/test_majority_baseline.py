from tests.tiny_runs import TEXT, rows_with
from training.evaluation.metrics import baseline_scores


def baselines(train_gold: list[str], test_gold: list[str]) -> dict[str, dict[str, object]]:
    test = rows_with(test_gold)
    return baseline_scores(
        task_type=TEXT, train=rows_with(train_gold), test=test, labels=["a", "b", "c"], metric="accuracy"
    )


def test_the_most_frequent_training_label_is_scored_on_test() -> None:
    assert baselines(["a", "b", "b"], ["a", "a", "a", "b"])["majority"] == {"label": "b", "value": 0.25}


def test_of_equally_frequent_labels_the_first_is_taken() -> None:
    assert baselines(["b", "a"], ["a"])["majority"]["label"] == "a"


def test_the_best_constant_answer_needs_no_training_data() -> None:
    assert baselines(["b"], ["a", "c", "c", "b"])["constant"] == {"label": "c", "value": 0.5}
