import numpy as np
import pytest

from tests.tiny_runs import TEXT, rows_with
from training.evaluation import SplitAnswers, bootstrap
from training.evaluation.metrics import split_metrics
from training.spec import EvaluationSettings

LABELS = ["a", "b", "c"]
SETTINGS = EvaluationSettings(num_resamples=400)


def answers(share_right: float, count: int, seed: int) -> tuple[list[str], list[str | None]]:
    rng = np.random.default_rng(seed)
    gold = [LABELS[i] for i in rng.integers(0, 3, count)]
    right = rng.random(count) < share_right
    return gold, [g if r else LABELS[(LABELS.index(g) + 1) % 3] for g, r in zip(gold, right, strict=True)]


def interval(seed: int, draw: int = 0) -> tuple[float, float, float]:
    gold, predicted = answers(0.7, 150, draw)
    tally = TEXT.tally(rows=rows_with(gold), predicted=predicted, labels=LABELS)
    found = bootstrap(task_type=TEXT, tallies=[tally], settings=SETTINGS, seed=seed)["accuracy"]
    return found.value, found.low, found.high


def test_the_same_seed_gives_the_same_interval() -> None:
    assert interval(1) == interval(1) != interval(2)


def test_the_interval_holds_its_value() -> None:
    value, low, high = interval(1)
    assert low < value < high


def test_most_intervals_cover_the_truth() -> None:
    intervals = [interval(0, draw) for draw in range(60)]
    covered = sum(low <= 0.7 <= high for _, low, high in intervals)
    assert covered >= 52


def test_the_interval_is_as_wide_as_theory_says() -> None:
    value, low, high = interval(1)
    assert high - low == pytest.approx(2 * 1.96 * (value * (1 - value) / 150) ** 0.5, rel=0.15)


def test_a_perfect_answer_has_no_width() -> None:
    metrics = split_metrics(
        task_type=TEXT,
        rows=rows_with(LABELS),
        answers=SplitAnswers(of_seeds=[LABELS]),
        labels=LABELS,
        settings=SETTINGS,
        seed=0,
    )
    assert metrics["macro_f1"] == {"value": 1.0, "low": 1.0, "high": 1.0}
