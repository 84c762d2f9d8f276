from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest

from planning.policy import Advice, Question, Wording, advise, flips, least_visible
from planning.posterior import prior_from, vague_prior
from planning.surfaces import TEACHER, Cell, Cells, Point, PriceList, Surface, published_surfaces
from tests.unit.planning.grounds import place, point

LABEL_PRICE, TEACHER_PRICE = 0.1, 5.0
WANTED = [Cell(labels, count) for labels in (100, 500, 1000, 4000) for count in (0.0, 10_000.0)]


def offers(price: float = 1.0, cells: Sequence[Cell] = WANTED) -> PriceList:
    at = Cells.of(cells)
    pseudo_labels = np.where(at.is_teacher, 0.0, at.pseudo_labels)
    compute = np.where(at.is_annotate, 0.0, TEACHER_PRICE + 0.001 * pseudo_labels)
    teacher = np.where(at.is_annotate, 0.0, TEACHER_PRICE)
    parts = (LABEL_PRICE * at.labels, compute, teacher)
    return PriceList(
        cells=at, label_dollars=parts[0] * price, compute_dollars=parts[1] * price, teacher_dollars=parts[2] * price
    )


def question(*rows: tuple[int, float, float], money: float = 200.0, price: float = 1.0, worth: float = 0.0) -> Question:
    points: list[Point] = [point(labels, count, 1.0, score) for labels, count, score in rows]
    return Question(points=points, offers=offers(price), money=money, prior=vague_prior(), dollars_per_point=worth)


def ask(*rows: tuple[int, float, float], money: float = 200.0, price: float = 1.0, worth: float = 0.0) -> Advice:
    return advise(question(*rows, money=money, price=price, worth=worth))


def test_without_a_point_the_cheapest_first_measurement_is_named() -> None:
    assert ask().words == "Cannot tell yet: nothing is measured. $10.00 for 100 labels would tell more."


def test_one_point_is_not_enough_for_a_forecast() -> None:
    assert ask((100, 0, 40.0)).words.startswith("Cannot tell yet: $")


def test_two_equal_points_are_taken_as_one() -> None:
    assert ask((100, 0, 40.0), (100, 0, 40.0)) == ask((100, 0, 40.0))


def test_nothing_affordable_names_the_cheapest() -> None:
    words = ask((100, 0, 40.0), money=3.0).words
    assert words == (
        "Nothing can be bought with $3.00: the cheapest purchase, 100 labels and 10,000 pseudo-labels, costs $25.00."
    )


def test_everything_measured_leaves_nothing_to_buy() -> None:
    rows = [(cell.labels, cell.pseudo_labels, 50.0) for cell in WANTED]
    assert ask(*rows).words == "Nothing is left to buy: everything on offer is measured."


def test_falling_curves_are_called_disagreeing_runs() -> None:
    assert "Runs disagree by 18 points" in ask((100, 0, 60.0), (500, 0, 52.0), (1000, 0, 42.0)).words


def test_a_metric_that_never_moves_is_doubted() -> None:
    assert "All 3 students score 50.0" in ask((100, 0, 50.0), (500, 0, 50.0), (1000, 0, 50.0)).words


def test_teachers_are_no_students_whose_metric_never_moves() -> None:
    assert "All " not in ask((100, 0, 50.0), (500, 0, 50.0), (500, TEACHER, 50.0)).words
    words = ask((100, 0, 50.0), (500, 0, 50.0), (1000, 0, 50.0), (500, TEACHER, 50.0)).words
    assert "All 3 students score 50.0" in words
    assert "All " not in ask((100, 0, 50.0), (500, 0, 50.0), (1000, 0, 50.0), (500, TEACHER, 80.0)).words


def test_a_teachers_interval_is_no_students() -> None:
    teacher = Point(cell=Cell(500, TEACHER), dollars=1.0, score=50.0, sd=0.5)
    student = Point(cell=Cell(500), dollars=1.0, score=50.0, sd=2.0)
    assert least_visible([teacher, student]) == pytest.approx(3.92)
    assert least_visible([teacher]) == 0


def test_free_purchases_have_no_gain_per_dollar() -> None:
    advice = ask((100, 0, 30.0), (500, 0, 50.0), price=0.0)
    assert {forecast.gain_per_dollar for forecast in advice.forecasts} == {None}
    assert {forecast.dollars for forecast in advice.forecasts} == {0.0}


def test_a_gain_not_worth_its_price_stops() -> None:
    rows = ((100, 0, 88.0), (500, 0, 90.0), (500, 10_000, 90.5), (1000, 0, 90.5))
    assert ask(*rows, worth=0.01).words.startswith("Stop:")
    assert ask(*rows, worth=0.01).best is None


@pytest.mark.parametrize("score", [0.0, 100.0])
def test_scores_at_the_ends_of_the_scale_are_no_trouble(score: float) -> None:
    assert ask((100, 0, score), (500, 0, score)).words


def test_the_runner_up_and_the_interval_are_said_for_a_known_task() -> None:
    wlp, *others = published_surfaces()
    seen = [each for each in wlp.points if each.cell.labels <= 1000 and each.cell.pseudo_labels < 100_000]
    advice = advise(Question(points=seen, offers=PriceList.of(wlp), money=2_000.0, prior=prior_from(others)))
    assert advice.best is not None
    actual = wlp.points[place(wlp, advice.best.cell.labels, advice.best.cell.pseudo_labels)].score
    low, high = advice.best.band_90
    assert low <= actual <= high
    assert advice.best.band_80[1] - advice.best.band_80[0] < high - low
    assert sum(forecast.chance_of_being_best for forecast in advice.forecasts) <= 1 + 1e-9


def test_a_runner_up_whose_score_cannot_be_told_is_not_called_close() -> None:
    advice = ask((100, 0, 60.0), (500, 0, 70.0), (100, TEACHER, 45.0), (500, TEACHER, 50.0))
    assert advice.runner_up is not None and not advice.runner_up.can_tell
    assert "too close" not in advice.words
    assert advice.words.endswith(
        "No score can be told of 500 labels and 10,000 pseudo-labels for $65.00, which may gain more."
    )


def test_the_same_question_gets_the_same_answer() -> None:
    rows = ((100, 0, 30.0), (500, 0, 50.0), (500, 10_000, 60.0))
    assert ask(*rows) == ask(*rows)


def test_an_offer_far_beyond_what_was_measured_is_not_forecast() -> None:
    far = offers(cells=[Cell(100_000)])
    surface = Surface(name="a", points=(point(100, 0, 1.0, 40.0), point(400, 0, 1.0, 42.0)))
    advice = advise(Question(points=surface.points, offers=far, money=1e6, prior=vague_prior()))
    assert [forecast.can_tell for forecast in advice.forecasts] == [False]


def test_a_teacher_on_offer_is_valued_but_never_the_best_student() -> None:
    cells = [*WANTED, Cell(500, TEACHER)]
    points = [point(100, 0, 1.0, 30.0), point(500, 0, 1.0, 45.0)]
    advice = advise(Question(points=points, offers=offers(cells=cells), money=100.0, prior=vague_prior()))
    (look,) = [forecast for forecast in advice.forecasts if forecast.cell.pseudo_labels == TEACHER]
    assert look.gain > 0
    assert look.chance_of_being_best == 0


KNOWN = ((100, 0.0, 30.0), (500, 0.0, 50.0), (100, 10_000.0, 40.0), (500, 10_000.0, 60.0))


def test_a_price_that_changes_the_advice_is_found() -> None:
    asked = question(*KNOWN, money=500.0)
    best = advise(asked).best
    found = flips(asked, which="labels")
    assert best is not None
    assert found
    for factor, other in found.items():
        changed = advise(asked.with_price("labels", factor)).best
        assert (changed.cell if changed else None) == other != best.cell


def test_without_a_point_no_price_changes_anything() -> None:
    assert flips(question(), which="compute") == {}


def test_where_nothing_can_be_told_a_cheap_look_comes_before_a_dear_favourite() -> None:
    advice = ask((100, 0, 62.0), money=500.0)
    assert advice.best is not None and advice.runner_up is not None
    assert not advice.best.can_tell
    assert advice.best.own_gain >= 0.5
    assert advice.best.dollars < advice.runner_up.dollars


def test_a_gain_below_every_interval_cannot_be_told() -> None:
    rows = ((100, 0, 80.0), (500, 0, 84.0), (1000, 0, 85.0), (500, 10_000, 86.0), (1000, 10_000, 87.0))
    points = [Point(cell=Cell(labels, count), dollars=1.0, score=score, sd=6.0) for labels, count, score in rows]
    words = advise(Question(points=points, offers=offers(), money=1_000.0, prior=vague_prior())).words
    assert words.startswith("Cannot tell yet: the gain expected, ")
    assert "is less than any student's interval can show (± 11.8)" in words


@pytest.mark.parametrize(("money", "is_look"), [(1_000.0, True), (200.0, False)])
def test_what_gains_most_for_its_price_is_named_where_it_gains_by_itself(money: float, is_look: bool) -> None:
    rows = (
        ((100, 80.0, 6.0), (500, 84.0, 6.0), (1000, 85.0, 6.0)) if is_look else ((1000, 93.5, 2.0), (4000, 92.7, 2.0))
    )
    counts = (0.0, 10_000.0)
    points = [Point(cell=Cell(n, u), dollars=1.0, score=score, sd=sd) for n, score, sd in rows for u in counts]
    advice = advise(Question(points=points, offers=offers(), money=money, prior=vague_prior()))
    assert advice.best is not None and advice.is_too_small
    per_dollar = {one.cell: one.own_gain / one.dollars for one in advice.forecasts if one.own_gain >= 0.5}
    assert (advice.best.cell == max(per_dollar, key=lambda cell: per_dollar[cell], default=None)) == is_look
    assert ("gains most for its price" if is_look else "The best plan begins with") in advice.words


def test_a_student_apart_from_the_curves_counts_as_it_was_measured() -> None:
    asked = question((100, 0, 40.0), (500, 0, 50.0))
    above = Point(cell=Cell(0, 1_000.0), dollars=1.0, score=99.0, sd=0.5)
    with_it = replace(asked, apart=[above])
    assert max(one.own_gain for one in advise(asked).forecasts) > 1
    assert max(one.own_gain for one in advise(with_it).forecasts) < 1
    without, beside = ({one.cell: one.band_90 for one in advise(each).forecasts} for each in (asked, with_it))
    assert without.keys() == beside.keys()
    assert all(np.allclose(without[cell], beside[cell], atol=6) for cell in without)


def test_students_apart_alone_are_no_curve() -> None:
    asked = replace(question(), apart=[Point(cell=Cell(0, 1_000.0), dollars=1.0, score=60.0)])
    assert advise(asked).words.startswith("Cannot tell yet: no student of labels is measured. $10.00")
    assert advise(asked).first == Cell(100)


def test_amounts_and_purchases_are_written_as_asked() -> None:
    wording = Wording(money=lambda amount: f"{amount:.0f} EUR", purchase=lambda cell: f"{cell.labels} rows")
    assert "10 EUR for 100 rows" in advise(replace(question(), wording=wording)).words


def test_a_flip_of_the_arm_is_not_one_of_the_size() -> None:
    asked = question(*KNOWN, money=500.0)
    best = advise(asked).best
    assert best is not None
    for cell in flips(asked, which="labels", arm=lambda cell: cell.pseudo_labels > 0).values():
        assert cell is None or (cell.pseudo_labels > 0) != (best.cell.pseudo_labels > 0)
    assert set(flips(asked, which="labels", arm=lambda cell: "any").values()) <= {None}
