from decimal import Decimal

import pytest

from planning.estimates import Estimate
from planning.run_estimates import Done, Work, estimate_chain, estimate_run

RATE = Decimal("3.60")  # a tenth of a cent a second


def done(rows: int, seconds: float) -> Done:
    return Done(work=Work(num_learned=rows), seconds=seconds)


def estimate(rows: int, *history: Done) -> Estimate:
    found = estimate_run(work=Work(num_learned=rows), history=history, rate_per_hour=RATE, whose="this study")
    assert found is not None
    return found


def test_without_a_history_nothing_is_claimed() -> None:
    assert estimate_run(work=Work(num_learned=9), history=[], rate_per_hour=RATE, whose="this study") is None


def test_one_run_of_the_same_size_is_expected_again_with_an_allowance() -> None:
    found = estimate(100, done(100, 60))
    assert (found.low_seconds, found.expected_seconds, found.high_seconds) == (30, 60, 120)
    assert (found.low, found.expected, found.high) == (Decimal("0.03"), Decimal("0.06"), Decimal("0.12"))
    assert found.basis == "only 1 run of this study"


def test_one_run_of_another_size_is_scaled_by_its_rows() -> None:
    assert estimate(300, done(100, 60)).expected_seconds == pytest.approx(180)


def test_runs_of_two_sizes_show_what_starting_takes() -> None:
    found = estimate(400, done(100, 20), done(200, 30), done(300, 40))
    assert found.expected_seconds == pytest.approx(50)
    assert found.low_seconds == pytest.approx(50)
    assert found.high_seconds == pytest.approx(50)


def test_the_quickest_and_the_slowest_run_set_the_range() -> None:
    found = estimate(100, done(100, 30), done(100, 40), done(100, 60))
    assert (found.low_seconds, found.expected_seconds, found.high_seconds) == pytest.approx((30, 40, 60))


def test_a_history_in_which_more_rows_took_less_is_taken_as_starting_alone() -> None:
    assert estimate(1000, done(100, 50), done(200, 40), done(300, 30)).expected_seconds == pytest.approx(40)


def test_starting_never_takes_less_than_nothing() -> None:
    found = estimate(10, done(100, 1), done(200, 50), done(300, 99))
    assert 0 < found.expected_seconds < 5


def test_reading_a_row_counts_a_third_of_learning_from_it() -> None:
    assert Work(num_learned=10, num_read=30).rows == 20


def test_a_free_device_costs_nothing_and_takes_as_long() -> None:
    found = estimate_run(work=Work(num_learned=9), history=[done(9, 5)], rate_per_hour=Decimal(0), whose="this study")
    assert found is not None
    assert (found.high, found.expected_seconds) == (0, 5)


def test_a_chain_is_the_sum_of_its_runs() -> None:
    whole = estimate_chain([estimate(100, done(100, 60)), estimate(100, done(100, 30))])
    assert whole is not None
    assert (whole.low_seconds, whole.expected_seconds, whole.high_seconds) == (45, 90, 180)
    assert whole.expected == Decimal("0.09")
    assert whole.basis == "only 1 run of this study"


@pytest.mark.parametrize("known", [[], [None], [None, 1]])
def test_a_chain_of_which_one_run_is_unknown_is_unknown(known: list[int | None]) -> None:
    assert estimate_chain([None if one is None else estimate(9, done(9, 9)) for one in known]) is None
