"""Simulated: 95 % intervals cover 90 to 98 %, and paired tests of equally good recipes raise at most 6 % false alarms.

Each case has 800 repetitions (of one seed 1,000) of two recipes with the same mean accuracy, whose seeds differ by a
given standard deviation, on the same test rows. The arithmetic is the engine's; only the tallies are left out, so that
a case takes a second.
"""

import numpy as np
import numpy.typing as npt
import pytest
from scipy.special import ndtr, ndtri

from training.answers import SeedScores, mean_difference, mean_interval
from training.answers.paired import mcnemar_p_value

NUM_REPEATS = 800
# One seed takes little time, and McNemar's test comes near 5 %.
NUM_REPEATS_OF_ONE_SEED = 1_000
NUM_RESAMPLES = 100
SEED = 1
FEW_ROWS = 50
ACCURACY = 0.65
# How much harder some rows are than others, for all models alike: it makes their answers agree.
SPREAD_OF_ROWS = 1.5

SEED_SPREADS = pytest.mark.parametrize("spread", [0.0, 0.02, 0.04])
ROWS = pytest.mark.parametrize("num_rows", [50, 600, 3000])


def right_answers(
    rng: np.random.Generator, *, accuracy_S: npt.NDArray[np.float64], num_rows: int
) -> npt.NDArray[np.bool_]:
    """Say which rows each model gets right, (S, N), with the given expected accuracy for each."""
    ability_S1 = ndtri(accuracy_S)[:, None] * np.hypot(1, SPREAD_OF_ROWS)
    difficulty_N = SPREAD_OF_ROWS * rng.standard_normal(num_rows)
    found: npt.NDArray[np.bool_] = rng.random((len(accuracy_S), num_rows)) < ndtr(ability_S1 - difficulty_N)
    return found


def scores_of(rng: np.random.Generator, right_SN: npt.NDArray[np.bool_]) -> SeedScores:
    """Score models on all rows and on resamples of them; of many rows the resampled means are normal."""
    values_S, num_rows = right_SN.mean(axis=1), right_SN.shape[1]
    if num_rows > FEW_ROWS:
        spread_SS = np.atleast_2d(np.cov(right_SN, bias=True)) / num_rows
        draws_RS = rng.multivariate_normal(values_S, spread_SS, size=NUM_RESAMPLES, method="eigh")
    else:
        weights_RN = rng.multinomial(num_rows, np.full(num_rows, 1 / num_rows), size=NUM_RESAMPLES)
        draws_RS = weights_RN @ right_SN.T / num_rows
    return SeedScores(values_S=values_S, draws_RS=draws_RS, num_examples=num_rows)


def split(scores: SeedScores) -> tuple[SeedScores, SeedScores]:
    values, draws = np.split(scores.values_S, 2), np.split(scores.draws_RS, 2, axis=1)
    first, second = (
        SeedScores(values_S=of_one, draws_RS=draws_RS, num_examples=scores.num_examples)
        for of_one, draws_RS in zip(values, draws, strict=True)
    )
    return first, second


@SEED_SPREADS
@ROWS
@pytest.mark.parametrize("num_seeds", [3, 5])
def test_over_seeds_and_examples(spread: float, num_rows: int, num_seeds: int) -> None:
    rng = np.random.default_rng([num_seeds, num_rows, round(spread * 100), SEED])
    num_covered = num_alarms = 0
    for _ in range(NUM_REPEATS):
        accuracy_S = ACCURACY + spread * rng.standard_normal(2 * num_seeds)
        first, second = split(scores_of(rng, right_answers(rng, accuracy_S=accuracy_S, num_rows=num_rows)))
        interval = mean_interval(first, confidence=0.95)
        num_covered += interval.low <= ACCURACY <= interval.high
        num_alarms += mean_difference(first, second, confidence=0.95).p_value < 0.05
    assert 0.90 <= num_covered / NUM_REPEATS <= 0.98
    assert num_alarms / NUM_REPEATS <= 0.06


@SEED_SPREADS
@ROWS
def test_one_seed_over_examples_only(spread: float, num_rows: int) -> None:
    """What is claimed of one seed is this very model's accuracy, and of two that these very models differ."""
    rng = np.random.default_rng([1, num_rows, round(spread * 100), SEED])
    num_covered = num_alarms = 0
    for _ in range(NUM_REPEATS_OF_ONE_SEED):
        accuracy = ACCURACY + spread * rng.standard_normal()
        right_SN = right_answers(rng, accuracy_S=np.array([accuracy, accuracy]), num_rows=num_rows)
        interval = mean_interval(split(scores_of(rng, right_SN))[0], confidence=0.95)
        num_covered += interval.low <= accuracy <= interval.high
        first, second = right_SN
        p_value = mcnemar_p_value(only_first=int((first & ~second).sum()), only_second=int((second & ~first).sum()))
        num_alarms += p_value < 0.05
    assert 0.90 <= num_covered / NUM_REPEATS_OF_ONE_SEED <= 0.98
    assert num_alarms / NUM_REPEATS_OF_ONE_SEED <= 0.06


def test_one_seed_says_nothing_of_others() -> None:
    """Why one seed is marked: as an interval for the recipe it covers far too little."""
    rng = np.random.default_rng(0)
    num_covered = 0
    for _ in range(NUM_REPEATS):
        accuracy_S = ACCURACY + 0.04 * rng.standard_normal(1)
        interval = mean_interval(
            scores_of(rng, right_answers(rng, accuracy_S=accuracy_S, num_rows=600)), confidence=0.95
        )
        num_covered += interval.low <= ACCURACY <= interval.high
    assert num_covered / NUM_REPEATS < 0.75
