"""Labels that a language model gives count by how many are right, and what it errs in comes back in its students."""

import numpy as np
import pytest

from planning.policy import Question, advise, has_choice, pilot_of
from planning.posterior import LabelAccuracy, Worlds, fit_points, vague_prior, worlds_with_model_labels
from planning.posterior import worlds_with_others as of_people
from planning.surfaces import Cell, Cells, Floats, Owned, Point, PriceList

SCORES = {50: 50.0, 100: 60.0, 200: 70.0, 400: 78.0}
POINTS = [Point(cell=Cell(labels), dollars=1.0, score=score, sd=0.7) for labels, score in SCORES.items()]
PEOPLE, MODEL, MIXED = Cell(400), Cell(400, by_model=400), Cell(400, by_model=200)


def known(accuracy: float, *, classes: int = 10) -> LabelAccuracy:
    return LabelAccuracy(num_classes=classes, mean=accuracy, sd=0.01, num_audited=100)


def worlds_of(accuracy: LabelAccuracy | None, *points: Point) -> Worlds:
    posterior = fit_points(points=POINTS, prior=vague_prior())

    def draw(cells: Cells) -> Worlds:
        return of_people(posterior=posterior, cells=cells, points=[])

    return worlds_with_model_labels(cells=Cells.of([PEOPLE, MODEL, MIXED]), points=points, accuracy=accuracy, draw=draw)


def means_of(accuracy: LabelAccuracy | None, *points: Point) -> Floats:
    means: Floats = worlds_of(accuracy, *points).scores.mean(axis=0)
    return means


def test_a_label_counts_by_the_share_that_is_right() -> None:
    belief = known(0.6, classes=2)
    # With two classes, 0.6 right carry a fifth of the signal, 0.95 right nine tenths: of labels of the model alone.
    (worth,) = belief.worth(np.array([0.6]), np.array([1.0]))
    assert worth == pytest.approx((0.2 / 0.9) ** 2)
    assert belief.worth(np.array([0.95]), np.array([1.0]))[0] == pytest.approx(1)
    assert belief.worth(np.array([0.3]), np.array([1.0]))[0] == 0
    assert belief.worth(np.array([0.3]), np.array([0.0]))[0] == 1


def test_the_better_the_labels_and_the_fewer_of_them_the_better_the_student() -> None:
    people, model, mixed = means_of(known(0.8))
    assert model < mixed < people
    assert means_of(known(0.6))[1] < model < means_of(known(0.95))[1] < people


def test_a_student_of_its_labels_alone_ends_near_its_accuracy() -> None:
    # A curve that is nearly perfect with people's labels: what is missing is what the model errs in.
    steep = [Point(cell=Cell(labels), dollars=1.0, score=99.0, sd=0.3) for labels in (50, 100, 200, 400)]
    posterior = fit_points(points=steep, prior=vague_prior())
    worlds = worlds_with_model_labels(
        cells=Cells.of([MODEL]),
        points=[],
        accuracy=known(0.7),
        draw=lambda cells: of_people(posterior=posterior, cells=cells, points=[]),
    )
    low, high = np.quantile(worlds.scores[:, 0], [0.1, 0.9])
    assert 69 < low < 76 and 82 < high < 92


def test_without_an_audit_the_score_is_far_from_sure() -> None:
    unaudited, audited = (
        worlds_of(belief).scores[:, 1].std() for belief in (LabelAccuracy(num_classes=10), known(0.7))
    )
    assert unaudited > 1.5 * audited


def test_what_a_student_of_them_scored_moves_the_forecast_of_others() -> None:
    worse, better = (
        means_of(LabelAccuracy(num_classes=10), Point(cell=Cell(300, by_model=300), dollars=1.0, score=score, sd=1.0))
        for score in (40.0, 68.0)
    )
    assert worse[1] + 5 < better[1] and worse[2] < better[2]


def simulated(accuracy: float, comes_back: float) -> float:
    """What a student of 400 labels of a model scores where the curve of people's labels is the one measured."""
    worth = LabelAccuracy(num_classes=10).worth(np.array([accuracy]), np.array([1.0]))
    doublings = np.log2(400 * np.maximum(worth, 0.01))
    known_at = np.log2([6.25, 12.5, 25.0, *SCORES])
    return float(
        np.interp(doublings, known_at, [20.0, 30.0, 40.0, *SCORES.values()])[0] * (1 - comes_back * (1 - accuracy))
    )


def test_bands_hold_what_students_of_simulated_models_score() -> None:
    random, num_inside = np.random.default_rng(5), 0
    for _ in range(20):
        accuracy = random.uniform(0.5, 0.95)
        right = random.binomial(60, accuracy) / 60
        belief = LabelAccuracy(num_classes=10, mean=right, sd=(right * (1 - right) / 60) ** 0.5, num_audited=60)
        low, high = worlds_of(belief).band(1, 0.9, random)
        num_inside += low <= simulated(accuracy, random.beta(4, 2)) + random.normal(0, 1) <= high
    assert num_inside >= 15


def test_where_there_are_none_nothing_changes() -> None:
    posterior = fit_points(points=POINTS, prior=vague_prior())
    cells = Cells.of([PEOPLE])
    plain = of_people(posterior=posterior, cells=cells, points=[])
    found = worlds_with_model_labels(
        cells=cells,
        points=[],
        accuracy=known(0.8),
        draw=lambda some: of_people(posterior=posterior, cells=some, points=[]),
    )
    assert np.array_equal(plain.phi, found.phi)


def test_a_label_needs_two_classes() -> None:
    with pytest.raises(ValueError, match="fewer than two"):
        LabelAccuracy(num_classes=1)


def prices(*, label: float, by_model: float) -> PriceList:
    cells = [Cell(800), Cell(800, by_model=400)]
    nothing = np.zeros(2)
    return PriceList(
        cells=Cells.of(cells),
        label_dollars=np.array([400 * label, 0.0]),
        model_dollars=np.array([0.0, 400 * by_model]),
        compute_dollars=nothing,
        teacher_dollars=nothing,
    )


def question(accuracy: LabelAccuracy, *, label: float = 0.1, money: float = 100.0) -> Question:
    return Question(
        points=POINTS,
        offers=prices(label=label, by_model=0.001),
        money=money,
        prior=vague_prior(),
        accuracy=accuracy,
    )


def test_good_labels_are_bought_for_a_little_money_and_bad_ones_are_not() -> None:
    good = advise(question(known(0.97), money=30.0))
    assert good.best is not None and good.best.cell.by_model == 400
    assert "400 of them by a language model" in good.words
    assert advise(question(known(0.4), money=30.0)).best is None
    worse = advise(question(known(0.4), label=0.005)).best
    assert worse is not None and worse.cell == Cell(800)


def test_labels_of_people_and_of_a_model_are_paid_for_apart() -> None:
    offers = prices(label=0.1, by_model=0.001)
    after = offers.after(Owned(label_dollars=0, has_teacher=np.zeros(2, dtype=np.bool_)), 0)
    assert list(offers.prices(after)) == [0.0, 0.4]
    dearer = question(known(0.9)).with_price("labels", 2.0).offers
    assert list(dearer.label_dollars) == [80.0, 0.0]
    assert dearer.model_dollars is not None and list(dearer.model_dollars) == [0.0, 0.4]


def test_the_pilot_is_of_people_alone_and_such_labels_are_a_choice() -> None:
    offers = [Cell(100), Cell(50), MODEL]
    assert pilot_of(offers=offers, known=[], num_labels=100) == (Cell(50), Cell(100))
    assert pilot_of(offers=offers, known=[Cell(100, by_model=50)], num_labels=100) == (Cell(50), Cell(100))
    assert has_choice(cells=[Cell(100), MODEL], num_labels=100)


def test_where_all_students_have_such_labels_no_curve_can_be_told() -> None:
    offers = PriceList(
        cells=Cells.of([PEOPLE, MIXED]),
        label_dollars=np.array([1.0, 0.0]),
        model_dollars=np.array([0.0, 0.1]),
        compute_dollars=np.zeros(2),
        teacher_dollars=np.zeros(2),
    )
    points = [Point(cell=MODEL, dollars=1.0, score=60.0, sd=1.0)]
    advice = advise(Question(points=points, offers=offers, money=9, prior=vague_prior(), accuracy=known(0.8)))
    assert "no student of people's labels alone is measured" in advice.words and advice.first == PEOPLE
