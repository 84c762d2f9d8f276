import random

import pytest

from planning.audited import MeanEstimate, corrected_mean, share_of

NUM_TRIALS = 400
# Of 400 intervals of 95 %, fewer than 363 hold the truth once in 3,000 such tests.
LEAST_COVERED = 363 / NUM_TRIALS
Pair = tuple[float, float]


def population(rng: random.Random, *, share: float, error: float, num: int) -> list[Pair]:
    """Pairs of what is so and what a model says of it, which is wrong at this rate, more often one way."""
    pairs = []
    for place in range(num):
        truth = float(place < share * num)
        is_wrong = rng.random() < (error if truth else error / 3)
        pairs.append((truth, 1 - truth if is_wrong else truth))
    return pairs


def audited(rng: random.Random, pairs: list[Pair], num: int) -> MeanEstimate:
    order = rng.sample(range(len(pairs)), len(pairs))
    seen, others = [pairs[place] for place in order[:num]], [pairs[place] for place in order[num:]]
    return corrected_mean(
        measured=[truth for truth, _ in seen],
        predicted=[told for _, told in seen],
        elsewhere=[told for _, told in others],
    )


@pytest.mark.parametrize(
    ("share", "error", "num", "num_all"),
    [(0.5, 0.2, 60, 1000), (0.2, 0.1, 60, 1000), (0.5, 0.02, 30, 1000), (0.1, 0.4, 100, 1000), (0.5, 0.2, 60, 100)],
)
def test_its_interval_covers_the_truth(share: float, error: float, num: int, num_all: int) -> None:
    rng = random.Random(7)
    pairs = population(rng, share=share, error=error, num=num_all)
    found = [audited(rng, pairs, num) for _ in range(NUM_TRIALS)]
    covered = sum(one.low <= share <= one.high for one in found) / NUM_TRIALS
    assert covered >= LEAST_COVERED


def test_a_biased_model_is_corrected_and_a_good_one_makes_the_interval_shorter() -> None:
    rng = random.Random(3)
    pairs = population(rng, share=0.5, error=0.4, num=5000)
    assert sum(told for _, told in pairs) / 5000 < 0.40
    biased = [audited(rng, pairs, 100).value for _ in range(200)]
    assert sum(biased) / 200 == pytest.approx(0.5, abs=0.02)
    good = audited(rng, population(rng, share=0.5, error=0.05, num=5000), 100)
    alone = share_of(hits=50, total=100)
    assert good.high - good.low < 0.75 * (alone.high - alone.low)


def test_all_of_it_audited_is_what_people_said() -> None:
    found = corrected_mean(measured=[1.0, 0.0, 1.0, 1.0], predicted=[1.0, 1.0, 1.0, 0.0], elsewhere=[])
    assert (found.low, found.value, found.high) == (0.75, 0.75, 0.75)


def test_predictions_that_say_nothing_leave_what_people_said() -> None:
    found = corrected_mean(measured=[1.0, 0.0] * 20, predicted=[0.5] * 40, elsewhere=[0.5] * 1000)
    assert found.value == pytest.approx(0.5)
    assert 0.3 < found.low < found.high < 0.7


def test_no_error_among_few_is_no_certainty() -> None:
    found = corrected_mean(measured=[1.0] * 20, predicted=[1.0] * 20, elsewhere=[1.0] * 1000)
    assert found.low < 0.95 < found.value == 1.0
    assert share_of(hits=0, total=20).high == pytest.approx(0.161, abs=0.001)


def test_nothing_measured_is_refused() -> None:
    with pytest.raises(ValueError, match="0 measured and 0 predicted"):
        corrected_mean(measured=[], predicted=[], elsewhere=[0.5])
