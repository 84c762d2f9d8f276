"""People who verify the labels that a language model is least sure of find more errors than those who verify any."""

from datetime import UTC, datetime
from itertools import pairwise

import numpy as np
import pytest

from planning.policy import Question, advise, flips, verified_sizes
from planning.posterior import (
    LabelAccuracy,
    LabelOrder,
    LeastSure,
    Worlds,
    accuracy_left,
    errors_found,
    fit_points,
    least_sure,
    vague_prior,
    worlds_with_model_labels,
    worlds_with_others,
)
from planning.surfaces import Cell, Cells, Floats, Owned, Point, PriceList

SCORES = {50: 50.0, 100: 60.0, 200: 70.0, 400: 78.0}
POINTS = [Point(cell=Cell(labels), dollars=1.0, score=score, sd=0.7) for labels, score in SCORES.items()]
SHARES = np.array([0.0, 0.1, 0.3, 0.6, 1.0])
GOOD = LabelOrder.of(wrong=[0.1, 0.2, 0.2, 0.3] * 5, right=[0.4, 0.6, 0.8, 0.9] * 20)
BAD = LabelOrder.of(wrong=[0.1, 0.3, 0.6, 0.9] * 5, right=[0.1, 0.3, 0.6, 0.9] * 20)


def compared(verified: range, number: int, later: int) -> LeastSure:
    return LeastSure(verified=frozenset(verified), num_compared=number, num_later=later)


def found(quality: float, *, error: float = 0.3) -> Floats:
    return errors_found(share=SHARES, error=np.array(error), quality=np.array(quality))


def belief(order: LabelOrder, *, accuracy: float = 0.8) -> LabelAccuracy:
    return LabelAccuracy(num_classes=10, mean=accuracy, sd=0.01, num_audited=100, order=order)


def means(accuracy: LabelAccuracy, *cells: Cell, points: tuple[Point, ...] = ()) -> Floats:
    posterior = fit_points(points=POINTS, prior=vague_prior())

    def draw(some: Cells) -> Worlds:
        return worlds_with_others(posterior=posterior, cells=some, points=[])

    worlds = worlds_with_model_labels(cells=Cells.of(cells), points=points, accuracy=accuracy, draw=draw)
    average: Floats = worlds.scores.mean(axis=0)
    return average


def test_in_random_order_people_find_as_many_errors_as_labels() -> None:
    assert found(0.0) == pytest.approx(SHARES, abs=1e-9)


def test_in_perfect_order_they_find_nothing_but_errors_until_none_is_left() -> None:
    assert found(0.999) == pytest.approx([0, 1 / 3, 1, 1, 1], abs=0.01)


def test_a_better_order_finds_more_and_never_more_than_it_can() -> None:
    some = found(0.5)
    # The root of 0.3 y + 0.7 y³ = 0.3.
    assert some[2] == pytest.approx(0.5694, abs=1e-3)
    assert np.all(found(0.2)[1:-1] < some[1:-1]) and np.all(some <= np.minimum(SHARES / 0.3, 1) + 1e-9)
    assert np.all(np.diff(some) > 0)


def test_what_is_left_is_right_as_often_as_before_or_oftener() -> None:
    accuracy = np.array(0.7)
    at_random = accuracy_left(accuracy=accuracy, share=SHARES[:-1], quality=np.array(0.0))
    assert at_random == pytest.approx([0.7] * 4, abs=1e-6)
    sure = accuracy_left(accuracy=accuracy, share=SHARES[:-1], quality=np.array(0.6))
    assert sure[0] == pytest.approx(0.7) and np.all(np.diff(sure) > 0) and np.all(sure < 1)
    # All that is right: before, and the errors found.
    assert 1 - (1 - sure[2]) * (1 - 0.3) == pytest.approx(0.7 + 0.3 * found(0.6)[2])
    assert accuracy_left(accuracy=np.array(1.0), share=SHARES, quality=np.array(0.3)) == pytest.approx([1.0] * 5)


def test_before_any_error_the_order_is_between_random_and_perfect() -> None:
    assert LabelOrder().mean == pytest.approx(1 / 3, abs=0.01)
    low, high = LabelOrder().quantiles(np.array([0.1, 0.9]))
    assert 0.05 < low < 0.15 and 0.5 < high < 0.65
    assert LabelOrder.of(wrong=[], right=[0.5]) == LabelOrder.of(wrong=[0.5], right=[]) == LabelOrder()


def test_errors_of_an_audit_tell_how_well_it_is_ordered() -> None:
    few = LabelOrder.of(wrong=[0.1, 0.2], right=[0.4, 0.6, 0.8, 0.9] * 20)
    assert BAD.mean < 0.2 < LabelOrder().mean < few.mean < GOOD.mean
    assert LabelOrder.of(wrong=[0.5] * 3, right=[0.4, 0.5, 0.5]).errors == (0, 1, 1, 1)


def test_a_simulated_order_is_found_again() -> None:
    random, true = np.random.default_rng(3), 0.6
    steepness = (1 + true) / (1 - true)
    # Where right labels are even in sureness, errors have the distribution of the family.
    order = LabelOrder.of(wrong=list(random.random(60) ** steepness), right=list(random.random(240)))
    low, high = order.quantiles(np.array([0.05, 0.95]))
    assert low < true < high and high - low < 0.4


def test_draws_follow_the_belief() -> None:
    draws = GOOD.draw(np.random.default_rng(1), 4000)
    assert draws.mean() == pytest.approx(GOOD.mean, abs=0.01) and draws.min() >= 0 and draws.max() < 1


def test_verified_in_random_order_they_count_as_labels_of_people() -> None:
    at_random = LabelOrder(errors=(0.0,) * 99 + (500.0,))
    verified, people = means(belief(at_random), Cell(400, by_model=200, verified=200), Cell(400, by_model=200))
    assert at_random.mean < 0.02 and verified == pytest.approx(people, abs=0.2)


def test_the_least_sure_first_gain_more_the_better_the_order() -> None:
    cells = Cell(400, by_model=400), Cell(400, by_model=300, verified=100), Cell(400, by_model=200, verified=200)
    none, few, many = means(belief(GOOD), *cells)
    _, few_bad, many_bad = means(belief(BAD), *cells)
    (people,) = means(belief(GOOD), Cell(400))
    assert none < few_bad < few < many < people and many_bad < many


def test_nothing_verified_changes_nothing() -> None:
    cell = Cell(400, by_model=300)
    assert means(belief(GOOD), cell) == pytest.approx(means(belief(BAD), cell), abs=1e-9)


def test_what_the_model_gave_later_is_as_right_as_before() -> None:
    cells = [Cell(800, by_model=700, verified=100, later=later) for later in (0, 300, 500)]
    all_there, some, many = means(belief(GOOD), *cells)
    (none,) = means(belief(GOOD), Cell(800, by_model=700))
    # Of fewer there, the same number of errors is not found.
    assert none < many < some < all_there


def test_the_least_sure_are_of_what_was_there_when_they_were_chosen() -> None:
    given = {number: datetime(2026, 1, 1 if number < 60 else 3, tzinfo=UTC) for number in range(100)}
    first = dict.fromkeys(range(10), datetime(2026, 1, 2, tzinfo=UTC))
    again = dict.fromkeys(range(10, 25), datetime(2026, 1, 4, tzinfo=UTC))
    assert least_sure(verified_at={}, given_at=given) == LeastSure()
    assert least_sure(verified_at=first, given_at=given) == compared(range(10), 60, 40)
    assert least_sure(verified_at={**first, **again}, given_at=given) == compared(range(25), 100, 0)
    # With all verified that was there, nothing was chosen; the next are of what came then.
    all_there = dict.fromkeys(range(10, 60), datetime(2026, 1, 2, 1, tzinfo=UTC))
    assert least_sure(verified_at={**first, **all_there}, given_at=given) == LeastSure()
    next_ones = dict.fromkeys(range(60, 65), datetime(2026, 1, 4, tzinfo=UTC))
    found = least_sure(verified_at={**first, **all_there, **next_ones}, given_at=given)
    assert found == compared(range(60, 65), 40, 0)


def test_as_more_are_verified_fewer_of_them_are_there_only_as_they_were_chosen() -> None:
    counts = [compared(range(number), 60, 0).num_not_by_chance for number in range(61)]
    # Of k of n, chance takes k² / n of the same.
    assert [counts[number] for number in (0, 1, 10, 30, 59, 60)] == [0, 1, 8, 15, 1, 0]
    assert max(abs(after - before) for before, after in pairwise(counts)) == 1
    random, least = np.random.default_rng(2), set(range(45))
    missed = [len(least - set(random.permutation(60)[:45])) for _ in range(2000)]
    assert np.mean(missed) == pytest.approx(45 * (1 - 45 / 60), abs=0.1)


def test_students_of_verified_labels_tell_what_its_errors_do() -> None:
    cell = Cell(400, by_model=300, verified=100)
    measured = (Point(cell=Cell(300, by_model=200, verified=100), dollars=1.0, score=60.0, sd=1.0),)
    assert means(belief(GOOD), cell, points=measured)[0] < means(belief(GOOD), cell)[0]


def offers(*, label: float) -> PriceList:
    """Further labels of people, and verifying some of those there."""
    return PriceList(
        cells=Cells.of([Cell(500), Cell(400, by_model=200), Cell(400, by_model=150, verified=50)]),
        label_dollars=np.array([100 * label, 0.0, 0.0]),
        model_dollars=np.array([0.0, 0.5, 0.5]),
        verified_dollars=np.array([0.0, 0.0, 50 * label]),
        compute_dollars=np.zeros(3),
        teacher_dollars=np.zeros(3),
    )


def test_verifying_is_paid_for_apart_at_the_price_of_a_label() -> None:
    prices = offers(label=0.1)
    nothing = Owned(label_dollars=0, has_teacher=np.zeros(3, dtype=np.bool_))
    assert list(prices.prices(nothing)) == [10.0, 0.5, 5.5]
    assert list(prices.prices(prices.after(nothing, 1))) == [10.0, 0.0, 5.0]
    assert list(prices.prices(prices.after(nothing, 2))) == [10.0, 0.0, 0.0]
    question = Question(points=POINTS, offers=prices, money=9, prior=vague_prior(), owned=prices.after(nothing, 2))
    dearer = question.with_price("labels", 2.0)
    assert dearer.owned is not None and dearer.owned.verified_dollars == 10.0
    assert dearer.offers.verified_dollars is not None and list(dearer.offers.verified_dollars) == [0, 0, 10.0]
    assert dearer.offers.model_dollars is not None and list(dearer.offers.model_dollars) == [0, 0.5, 0.5]
    of_tokens = question.with_price("tokens", 4.0)
    assert of_tokens.owned is not None and of_tokens.owned.model_dollars == 2.0
    assert of_tokens.offers.model_dollars is not None and list(of_tokens.offers.model_dollars) == [0, 2.0, 2.0]
    assert list(of_tokens.offers.label_dollars) == list(prices.label_dollars)


def test_people_are_to_verify_what_a_model_of_many_errors_says() -> None:
    cells = [Cell(1200, by_model=800), Cell(1200, by_model=500, verified=300)]
    prices = PriceList(
        cells=Cells.of(cells),
        label_dollars=np.zeros(2),
        model_dollars=np.zeros(2),
        verified_dollars=np.array([0.0, 3.0]),
        compute_dollars=np.array([0.1, 0.1]),
        teacher_dollars=np.zeros(2),
    )
    question = Question(points=POINTS, offers=prices, money=9, prior=vague_prior(), accuracy=belief(GOOD, accuracy=0.7))
    advice = advise(question)
    assert advice.best is not None and advice.best.cell == cells[1]
    assert "500 of them by a language model and 300 verified" in advice.words


def test_a_price_of_tokens_that_changes_the_advice_is_found() -> None:
    people, model = Cell(600), Cell(1200, by_model=800)
    prices = PriceList(
        cells=Cells.of([people, model]),
        label_dollars=np.array([2.0, 0.0]),
        model_dollars=np.array([0.0, 1.0]),
        compute_dollars=np.array([0.1, 0.1]),
        teacher_dollars=np.zeros(2),
    )
    question = Question(
        points=POINTS, offers=prices, money=9, prior=vague_prior(), accuracy=belief(GOOD, accuracy=0.95)
    )
    ((factor, bought),) = flips(question, which="tokens").items()
    assert factor == pytest.approx(10.08, abs=0.01) and bought == people


def test_sizes_to_verify_are_round_and_never_all() -> None:
    assert verified_sizes(200, most=200) == [20, 50, 100]
    assert verified_sizes(200, most=60) == [20, 50]
    assert verified_sizes(30, most=30) == [10, 20] and verified_sizes(9, most=9) == verified_sizes(200, most=0) == []
