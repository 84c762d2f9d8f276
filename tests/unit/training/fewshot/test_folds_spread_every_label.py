import numpy as np

from training.fewshot.folds import num_folds, stratified_folds


def test_each_label_is_spread_evenly() -> None:
    gold_N = np.repeat([0, 1, 2], [20, 10, 5])
    fold_N = stratified_folds(np.eye(3)[gold_N], count=5, seed=0)
    for label, count in ((0, 4), (1, 2), (2, 1)):
        assert np.bincount(fold_N[gold_N == label], minlength=5).tolist() == [count] * 5


def test_a_row_of_several_labels_goes_by_the_rarest() -> None:
    targets_NC = np.ones((20, 2))
    targets_NC[4:, 1] = 0
    fold_N = stratified_folds(targets_NC, count=4, seed=0)
    assert sorted(fold_N[:4].tolist()) == [0, 1, 2, 3]


def test_rows_without_a_label_are_dealt_too() -> None:
    fold_N = stratified_folds(np.zeros((9, 3)), count=3, seed=0)
    assert np.bincount(fold_N).tolist() == [3, 3, 3]


def test_another_seed_deals_other_folds() -> None:
    targets_NC = np.eye(2)[np.arange(40) % 2]
    first, second = (stratified_folds(targets_NC, count=5, seed=seed) for seed in (0, 1))
    assert not np.array_equal(first, second)


def test_few_rows_make_many_folds_and_too_few_none() -> None:
    assert [num_folds(num_rows=n, num_units=n) for n in (3, 4, 60, 600)] == [1, 4, 10, 5]
    assert num_folds(num_rows=600, num_units=9_000) == 3
    assert num_folds(num_rows=600, num_units=9_000, num_outputs=30) == 2
