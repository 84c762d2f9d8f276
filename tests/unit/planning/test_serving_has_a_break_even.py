from decimal import Decimal

import pytest

from planning.serving import Served, serving_gap


def served(score: float, dollars: str, *, half_width: float = 1.0) -> Served:
    return Served(score=score, low=score - half_width, high=score + half_width, dollars_per_thousand=Decimal(dollars))


def test_the_difference_a_month_is_that_of_its_requests() -> None:
    gap = serving_gap(dearer=served(84, "0.50"), cheaper=served(80, "0.10"))
    assert gap.dollars_per_thousand == Decimal("0.40")
    assert gap.dollars_per_month(250_000) == Decimal(100)
    assert gap.dollars_per_month(0) == 0


def test_at_the_break_even_a_years_requests_cost_what_the_points_are_worth() -> None:
    gap = serving_gap(dearer=served(84, "0.50"), cheaper=served(80, "0.10"))
    requests = gap.requests_to_break_even(points=gap.points, dollars_per_point=Decimal(6))
    # 4 points at $6 are $24; a year at $0.40 per 1,000 requests is 12 x 5,000.
    assert requests == pytest.approx(5_000)
    assert 12 * gap.dollars_per_month(round(requests)) == Decimal(24)


def test_the_interval_of_the_difference_is_that_of_two_independent_scores() -> None:
    gap = serving_gap(dearer=served(84, "0.50", half_width=3), cheaper=served(80, "0.10", half_width=4))
    assert (gap.low, gap.points, gap.high) == (-1, 4, 9)
    assert not gap.is_better
    assert serving_gap(dearer=served(84, "0.50"), cheaper=served(80, "0.10")).is_better


@pytest.mark.parametrize("dollars", ["0.10", "0.05"])
def test_a_model_that_is_not_dearer_to_serve_is_refused(dollars: str) -> None:
    with pytest.raises(ValueError, match="name the model that is dearer to serve first"):
        serving_gap(dearer=served(84, dollars), cheaper=served(80, "0.10"))
