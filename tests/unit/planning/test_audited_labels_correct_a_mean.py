import random

import pytest

from planning.audited import MeanEstimate, corrected_mean, share_of

NUM_TRIALS = 400
# Of 400 intervals of 95 %, fewer than 363 hold the truth once in 30,000 such tests.
LEAST_COVERED = 363 / NUM_TRIALS


def drawn(rng: random.Random, *, share: float, error: float, num: int) -> list[tuple[float, float]]:
    """Pairs of what is so and what a model says of it, which is wrong at this rate, more often one way."""
    pairs = []
    for _ in range(num):
        truth = float(rng.random() < share)
        is_wrong = rng.random() < (error if truth else error / 3)
        pairs.append((truth, 1 - truth if is_wrong else truth))
    return pairs


def estimate(rng: random.Random, *, share: float, error: float, num: int, num_elsewhere: int) -> MeanEstimate:
    seen = drawn(rng, share=share, error=error, num=num)
    elsewhere = [told for _, told in drawn(rng, share=share, error=error, num=num_elsewhere)]
    return corrected_mean(
        measured=[truth for truth, _ in seen], predicted=[told for _, told in seen], elsewhere=elsewhere
    )


@pytest.mark.parametrize(("share", "error", "num"), [(0.5, 0.2, 60), (0.2, 0.1, 60), (0.5, 0.02, 30), (0.1, 0.4, 100)])
def test_its_interval_covers_the_truth(share: float, error: float, num: int) -> None:
    rng = random.Random(7)
    found = [estimate(rng, share=share, error=error, num=num, num_elsewhere=1000) for _ in range(NUM_TRIALS)]
    covered = sum(one.low <= share <= one.high for one in found) / NUM_TRIALS
    assert covered >= LEAST_COVERED


def test_a_biased_model_is_corrected_and_a_good_one_makes_the_interval_shorter() -> None:
    rng = random.Random(3)
    elsewhere = [told for _, told in drawn(rng, share=0.5, error=0.4, num=5000)]
    assert sum(elsewhere) / 5000 < 0.40
    biased = [estimate(rng, share=0.5, error=0.4, num=100, num_elsewhere=5000).value for _ in range(200)]
    assert sum(biased) / 200 == pytest.approx(0.5, abs=0.02)
    good, alone = estimate(rng, share=0.5, error=0.05, num=100, num_elsewhere=5000), share_of(hits=50, total=100)
    assert good.high - good.low < 0.75 * (alone.high - alone.low)


def test_predictions_that_say_nothing_leave_what_people_said() -> None:
    found = corrected_mean(measured=[1.0, 0.0] * 20, predicted=[0.5] * 40, elsewhere=[0.5] * 1000)
    assert found.value == pytest.approx(0.5)
    assert 0.3 < found.low < found.high < 0.7


def test_no_error_among_few_is_no_certainty() -> None:
    found = corrected_mean(measured=[1.0] * 20, predicted=[1.0] * 20, elsewhere=[1.0] * 1000)
    assert found.low < 0.95 <= found.high
    assert share_of(hits=0, total=20).high == pytest.approx(0.161, abs=0.001)


def test_nothing_measured_is_refused() -> None:
    with pytest.raises(ValueError, match="0 measured and 0 predicted"):
        corrected_mean(measured=[], predicted=[], elsewhere=[0.5])
