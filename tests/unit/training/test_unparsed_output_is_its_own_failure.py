import numpy as np

from tests.tiny_runs import TEXT, rows_with
from training.data import ModelOutputs
from training.evaluation.metrics import SplitAnswers, split_metrics
from training.learners import learner_of
from training.spec import EvaluationSettings


def test_output_that_is_no_number_is_no_label() -> None:
    logits = np.array([[np.nan, 1.0], [0.0, 1.0], [np.inf, 0.0]], dtype=np.float32)
    assert learner_of(TEXT).decode(
        outputs=ModelOutputs.one_per_row(logits), rows=rows_with(["a"] * 3), labels=["a", "b"]
    ) == [
        None,
        "b",
        None,
    ]


def test_unparsed_answers_are_counted_and_wrong_even_for_the_first_label() -> None:
    metrics = split_metrics(
        task_type=TEXT,
        rows=rows_with(["a", "a", "b"]),
        answers=SplitAnswers(of_seeds=[[None, "a", "b"]]),
        labels=["a", "b"],
        settings=EvaluationSettings(num_resamples=10),
        seed=0,
    )
    assert metrics["num_unparsed"] == 1
    assert metrics["accuracy"]["value"] == 2 / 3
