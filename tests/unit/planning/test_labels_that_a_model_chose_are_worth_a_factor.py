"""Labels that a model chose count as a factor of random ones: unsure at first, learned from what is measured."""

import numpy as np

from planning.policy import Question, advise
from planning.posterior import ChoiceFactor, fit_points, measured_factor, vague_prior, worlds_with_others
from planning.surfaces import Cell, Cells, Owned, Point, PriceList

SCORES = {50: 50.0, 100: 60.0, 200: 70.0, 400: 78.0}
POINTS = [Point(cell=Cell(labels), dollars=1.0, score=score, sd=0.7) for labels, score in SCORES.items()]
RANDOM, CHOSEN = Cell(400), Cell(400, chosen=200)


def worlds_of(*points: Point) -> tuple[float, float, float]:
    """The expected score of random and of chosen labels, and the spread of the latter."""
    posterior = fit_points(points=POINTS, prior=vague_prior())
    worlds = worlds_with_others(posterior=posterior, cells=Cells.of([RANDOM, CHOSEN]), points=points)
    random, chosen = worlds.scores.mean(axis=0)
    return random, chosen, worlds.scores[:, 1].std() - worlds.scores[:, 0].std()


def measured(score: float) -> Point:
    return Point(cell=CHOSEN, dollars=1.0, score=score, sd=0.7)


def test_before_any_is_measured_they_are_a_little_better_and_less_sure() -> None:
    random, chosen, wider = worlds_of()
    assert 0.3 < chosen - random < 3
    assert wider > 0.2


def test_what_a_student_of_them_scored_moves_the_factor_its_way() -> None:
    posterior = fit_points(points=POINTS, prior=vague_prior())
    prior = ChoiceFactor()
    worse, better = (measured_factor(posterior=posterior, points=[measured(s)], factor=prior) for s in (74, 84))
    assert worse.mean < prior.mean < better.mean
    assert better.sd < prior.sd


def test_other_studies_teach_the_factor_and_a_disagreement_keeps_it_wide() -> None:
    prior, agreed = ChoiceFactor(), [ChoiceFactor(mean=0.6, sd=0.1)] * 6
    assert prior.learned([]) == prior
    assert 0.4 < prior.learned(agreed).mean < 0.6 and prior.learned(agreed).sd < prior.sd
    opposed = [ChoiceFactor(mean=sign * 0.6, sd=0.1) for sign in (1, -1)] * 3
    assert prior.learned(opposed).sd > prior.sd
    nothing_said = prior.learned([ChoiceFactor(mean=2.0, sd=prior.sd)])
    assert np.isclose(nothing_said.mean, prior.mean)


def test_buying_random_labels_is_no_step_towards_chosen_ones() -> None:
    nothing = np.zeros(2)
    prices = PriceList(
        cells=Cells.of([RANDOM, CHOSEN]),
        label_dollars=np.array([20.0, 0.0]),
        chosen_dollars=np.array([0.0, 22.0]),
        compute_dollars=nothing,
        teacher_dollars=nothing,
    )
    after = prices.after(Owned(label_dollars=0, has_teacher=np.zeros(2, dtype=np.bool_)), 0)
    assert list(prices.prices(after)) == [0.0, 22.0]


def test_where_all_students_have_chosen_labels_no_curve_can_be_told() -> None:
    nothing = np.zeros(1)
    offers = PriceList(
        cells=Cells.of([RANDOM]), label_dollars=nothing, compute_dollars=nothing, teacher_dollars=nothing
    )
    advice = advise(Question(points=[measured(80)], offers=offers, money=1, prior=vague_prior()))
    assert "no student of random labels alone is measured" in advice.words and advice.first == RANDOM
