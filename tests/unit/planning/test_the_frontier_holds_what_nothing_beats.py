from decimal import Decimal

from planning.utility import Outcome, pareto_frontier


def frontier(*outcomes: tuple[str, float]) -> list[int]:
    return pareto_frontier(outcomes=[Outcome(dollars=Decimal(cost), utility=value) for cost, value in outcomes])


def test_a_dearer_and_worse_outcome_is_left_out() -> None:
    assert frontier(("10", 0.6), ("20", 0.5), ("30", 0.7)) == [0, 2]


def test_of_equal_cost_the_better_one_stays() -> None:
    assert frontier(("10", 0.6), ("10", 0.7)) == [1]


def test_of_equal_outcomes_the_first_stays() -> None:
    assert frontier(("10", 0.6), ("10", 0.6)) == [0]


def test_positions_come_by_rising_cost() -> None:
    assert frontier(("30", 0.9), ("10", 0.6)) == [1, 0]
