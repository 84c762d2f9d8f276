import subprocess
import sys

import numpy as np
import pytest

from tests.tiny_runs import ANSWERS, EVERY_TASK_TYPE, TEXT, TEXTS, SameMeaning
from training.answers import PairedAnswers, PairedTest, paired_test
from training.answers.paired import mcnemar_p_value
from training.tasks import TASK_TYPES, TaskType

LABELS = ["a", "b", "c"]


def answers(*shares_right: float, count: int = 200, seed: int = 0) -> PairedAnswers:
    """Give two models' answers that are right on these shares of the examples, independently."""
    rng = np.random.default_rng(seed)
    gold = [LABELS[i] for i in rng.integers(0, 3, count)]
    said = [
        [g if r else LABELS[(LABELS.index(g) + 1) % 3] for g, r in zip(gold, rng.random(count) < share, strict=True)]
        for share in shares_right
    ]
    return PairedAnswers(gold=gold, first=[said[0]], second=[said[1]])


def compared(paired: PairedAnswers, *, metric: str = "accuracy", task_type: TaskType = TEXT) -> PairedTest:
    return paired_test(task_type=task_type, labels=LABELS, answers=paired, metric=metric, num_resamples=300, seed=1)


@pytest.mark.parametrize(("only_first", "only_second", "p_value"), [(0, 0, 1.0), (1, 9, 0.021484375), (3, 3, 1.0)])
def test_mcnemar_is_the_tail_of_a_fair_coin(only_first: int, only_second: int, p_value: float) -> None:
    assert mcnemar_p_value(only_first=only_first, only_second=only_second) == p_value


def test_mcnemar_bears_very_many_examples() -> None:
    assert 0 <= mcnemar_p_value(only_first=20_000, only_second=10_000) < 1e-300
    assert mcnemar_p_value(only_first=10_000, only_second=10_000) == 1.0


@pytest.mark.parametrize("metric", ["accuracy", "macro_f1"])
def test_a_model_that_is_much_better_is_found_so(metric: str) -> None:
    found = compared(answers(0.9, 0.6), metric=metric)
    assert 0 < found.low < found.difference < found.high
    assert found.p_value < 0.01


def test_the_other_way_round_the_difference_is_the_same_below_zero() -> None:
    paired = answers(0.9, 0.6)
    turned = PairedAnswers(gold=paired.gold, first=paired.second, second=paired.first)
    assert compared(turned).difference == -compared(paired).difference
    assert compared(turned).p_value == compared(paired).p_value


@pytest.mark.parametrize("metric", ["accuracy", "macro_f1"])
def test_equally_good_models_are_seldom_told_apart(metric: str) -> None:
    found = [compared(answers(0.7, 0.7, seed=seed), metric=metric).p_value < 0.05 for seed in range(40)]
    assert sum(found) <= 5


@EVERY_TASK_TYPE
def test_a_model_does_not_differ_from_itself(task_type: TaskType) -> None:
    gold = ANSWERS[task_type.name]
    paired = PairedAnswers(gold=gold, first=[gold], second=[gold], texts=TEXTS)
    for metric in task_type.metrics:
        found = compared(paired, metric=metric, task_type=task_type.measured_with(SameMeaning()))
        assert (found.difference, found.low, found.high, found.p_value) == (0.0, 0.0, 0.0, 1.0)


def test_what_a_checkpoint_measures_needs_what_it_measured() -> None:
    gold, generation = ANSWERS["text_generation"], TASK_TYPES["text_generation"]
    paired = PairedAnswers(gold=gold, first=[gold], second=[gold], texts=TEXTS)
    with pytest.raises(ValueError, match="bert_ibleu is measured by package:all-MiniLM-L6-v2, which is not at hand"):
        compared(paired, metric="bert_ibleu", task_type=generation)


def test_an_answer_that_is_none_counts_as_wrong() -> None:
    found = compared(PairedAnswers(gold=["a", "b"], first=[["a", "b"]], second=[["a", None]]))
    assert (found.difference, found.num_examples) == (0.5, 2)


def test_lists_that_do_not_pair_are_refused() -> None:
    with pytest.raises(ValueError, match="cannot be paired"):
        PairedAnswers(gold=["a", "b"], first=[["a"]], second=[["a", "b"]])
    with pytest.raises(ValueError, match="no examples to compare on"):
        PairedAnswers(gold=[], first=[[]], second=[[]])


def test_one_seed_is_not_compared_with_several() -> None:
    gold = ["a", "b"]
    with pytest.raises(ValueError, match="Give one model of each"):
        compared(PairedAnswers(gold=gold, first=[gold, gold], second=[gold]))
    with pytest.raises(ValueError, match="at least one seed"):
        PairedAnswers(gold=gold, first=[gold], second=[])


def seeds(shares_right: list[float], *, gold: list[str]) -> list[list[str | None]]:
    """Give the answers of seeds that are right on their first so many examples."""
    wrong = {"a": "b", "b": "c", "c": "a"}
    return [
        [one if number < share * len(gold) else wrong[one] for number, one in enumerate(gold)] for share in shares_right
    ]


@pytest.mark.parametrize("metric", ["accuracy", "macro_f1"])
def test_seeds_that_differ_among_themselves_make_a_difference_less_sure(metric: str) -> None:
    gold = LABELS * 100
    alike = PairedAnswers(
        gold=gold, first=seeds([0.80, 0.81, 0.79], gold=gold), second=seeds([0.70, 0.71, 0.69], gold=gold)
    )
    apart = PairedAnswers(
        gold=gold, first=seeds([0.70, 0.90, 0.80], gold=gold), second=seeds([0.60, 0.80, 0.70], gold=gold)
    )
    sure, unsure = compared(alike, metric=metric), compared(apart, metric=metric)
    assert sure.is_over_seeds and unsure.is_over_seeds
    assert sure.difference == pytest.approx(0.1, abs=0.01) and unsure.difference == pytest.approx(0.1, abs=0.01)
    assert 0 < sure.low < sure.difference < sure.high and sure.p_value < 0.05
    assert unsure.low < 0 < unsure.high and unsure.p_value > 0.05


def test_recipes_that_answer_alike_do_not_differ() -> None:
    gold = LABELS * 10
    found = compared(PairedAnswers(gold=gold, first=[gold, gold], second=[gold, gold]))
    assert (found.difference, found.low, found.high, found.p_value) == (0.0, 0.0, 0.0, 1.0)


def test_what_a_metric_needs_is_asked_for() -> None:
    entities = TASK_TYPES["entity_extraction"]
    paired = PairedAnswers(gold=["[]"], first=[["[]"]], second=[["[]"]])
    with pytest.raises(ValueError, match="Give them, or compare by another metric"):
        compared(paired, metric="compat_f1", task_type=entities)
    with pytest.raises(ValueError, match=r"has no metric bleu\. It has accuracy"):
        compared(paired, metric="bleu")


def test_a_page_can_compare_without_torch() -> None:
    code = "import sys; import training.answers.paired; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
