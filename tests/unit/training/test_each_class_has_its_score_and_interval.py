"""Precision, recall and F1 of each class, which class was taken for which, and intervals that cover."""

import numpy as np
import pytest
from scipy.stats import binomtest
from sklearn.metrics import confusion_matrix, precision_recall_fscore_support

from tests.tiny_runs import ANSWERS, EVERY_LABELLED_TYPE
from training.answers import ClassAnswers, ClassCounts, ClassScore, Item, Ratio, class_differences
from training.tasks import TaskType

NUM_WORLDS = 400


def counted(gold: list[int], predicted: list[int]) -> ClassCounts:
    counts = ClassCounts(is_exclusive=True)
    for one, other in zip(gold, predicted, strict=True):
        counts.add(gold=frozenset({(one,)}), predicted=frozenset({(other,)}))
    return counts


def drawn(seed: int, count: int = 60) -> tuple[list[int], list[int]]:
    """Gold classes 0 to 2 and answers of which two thirds are right."""
    rng = np.random.default_rng(seed)
    gold = rng.integers(0, 3, count)
    return gold.tolist(), np.where(rng.random(count) < 2 / 3, gold, rng.integers(0, 3, count)).tolist()


@pytest.mark.parametrize("seed", range(3))
def test_scores_are_those_of_scikit_learn(seed: int) -> None:
    gold, predicted = drawn(seed)
    found = counted(gold, predicted).scores(num_classes=3)
    expected = np.stack(precision_recall_fscore_support(gold, predicted, labels=[0, 1, 2]), axis=1)
    values = [[one.precision, one.recall, one.f1] for one in found]
    assert [[part and part.value for part in row] for row in values] == pytest.approx(expected[:, :3])
    assert [one.num_gold for one in found] == expected[:, 3].tolist()


def test_the_confusions_are_those_of_scikit_learn() -> None:
    gold, predicted = drawn(0)
    confused = counted(gold, predicted).confused
    matrix = confusion_matrix(gold, predicted)
    assert [[confused[one, other] for other in range(3)] for one in range(3)] == matrix.tolist()


@pytest.mark.parametrize(("hits", "count"), [(0, 8), (3, 8), (8, 8), (70, 200)])
def test_of_one_answer_an_example_the_interval_is_wilsons(hits: int, count: int) -> None:
    ratio = Ratio()
    for number in range(count):
        ratio.add(hits=int(number < hits), total=1)
    expected = binomtest(hits, count).proportion_ci(method="wilson")
    found = ratio.interval()
    assert found and (found.low, found.high) == pytest.approx((expected.low, expected.high), abs=1e-9)


def test_intervals_of_f1_cover() -> None:
    """Of a class of a tenth of 300 examples, told with recall 0.7 and precision near 0.6."""
    rng, inside = np.random.default_rng(1), 0
    recall, false = 0.7, 0.05
    truth = 2 * 0.1 * recall / (0.1 + 0.1 * recall + 0.9 * false)
    for _ in range(NUM_WORLDS):
        is_gold = rng.random(300) < 0.1
        is_told = rng.random(300) < np.where(is_gold, recall, false)
        ratio = Ratio()
        for gold, told in zip(is_gold.tolist(), is_told.tolist(), strict=True):
            ratio.add(hits=2 * (gold and told), total=gold + told)
        found = ratio.interval()
        inside += found is not None and found.low <= truth <= found.high
    assert 0.92 <= inside / NUM_WORLDS <= 0.99


def test_intervals_cover_where_items_of_an_example_are_alike() -> None:
    """Of eight spans a text, all of a text found or missed together more often than not."""
    rng, inside = np.random.default_rng(2), 0
    for _ in range(NUM_WORLDS):
        ratio = Ratio()
        for share in rng.beta(0.7, 0.3, 60):
            ratio.add(hits=int(rng.binomial(8, share)), total=8)
        found = ratio.interval()
        inside += found is not None and found.low <= 0.7 <= found.high
    assert 0.92 <= inside / NUM_WORLDS <= 0.99


def test_examples_that_are_all_alike_leave_an_interval() -> None:
    ratio = Ratio()
    for _ in range(10):
        ratio.add(hits=1, total=2)
    found = ratio.interval()
    assert found and found.low < 0.3 and found.high > 0.7


def test_a_class_that_is_not_there_has_no_score() -> None:
    score = counted([0], [0]).scores(num_classes=2)[1]
    assert score == ClassScore(place=1, num_gold=0, num_predicted=0, num_hits=0, precision=None, recall=None, f1=None)


@EVERY_LABELLED_TYPE
def test_answers_of_every_task_type_are_counted(task_type: TaskType) -> None:
    place = {"a": 0, "b": 1, "c": 2}
    gold = [task_type.items(answer=answer, place=place) for answer in ANSWERS[task_type.name]]
    counts = ClassCounts(is_exclusive=task_type.is_exclusive)
    for items in gold:
        counts.add(gold=items, predicted=items)
    assert [one.f1 and one.f1.value for one in counts.scores(num_classes=3)] == [1.0, 1.0, 1.0]
    assert dict(counts.confused) == ({(i, i): 1 for i in range(3)} if task_type.is_exclusive else {})


def test_a_class_that_one_training_tells_better_is_found() -> None:
    gold = [number % 3 for number in range(300)]
    better = [[_told(one, number, wrong=20 + seed) for number, one in enumerate(gold)] for seed in range(3)]
    worse = [[_told(one, number, wrong=3) for number, one in enumerate(gold)] for _ in range(3)]
    first, second, third = class_differences(
        answers=ClassAnswers(gold=[frozenset({(one,)}) for one in gold], first=better, second=worse),
        num_classes=3,
        confidence=0.95,
        num_resamples=200,
        rng=np.random.default_rng(0),
    )
    assert first.low > 0.05 and second.low > 0.05
    assert third.low <= 0 <= third.high


def _told(gold: int, number: int, *, wrong: int) -> frozenset[Item]:
    """Class 2 is always told; of the others, every so many rows are taken for each other."""
    return frozenset({(1 - gold,)}) if gold < 2 and number % wrong == 0 else frozenset({(gold,)})
