"""The error of one annotation is told from pairs; a second opinion lowers it, and that counts as further labels."""

import numpy as np
import pytest

from planning.policy import Question, advise, has_choice, opinion_sizes, pilot_of
from planning.posterior import AnsweredTwice, LabelErrors, counted_points, vague_prior
from planning.surfaces import Cell, Cells, Floats, Owned, Point, PriceList

RANDOM = np.random.default_rng(7)


def annotated(truth: Floats, *, error: float, num_classes: int) -> Floats:
    """Answers of one person, wrong with this chance in each other class alike."""
    is_wrong = RANDOM.random(len(truth)) < error
    return (truth + is_wrong * RANDOM.integers(1, num_classes, len(truth))) % num_classes


def decided(first: Floats, second: Floats, third: Floats) -> Floats:
    """What two agree on, else what a third decides; of three different answers the first."""
    return np.where((first == second) | (third != second), first, second)


@pytest.mark.parametrize(("num_classes", "error"), [(2, 0.12), (3, 0.3), (10, 0.2)])
def test_a_second_opinion_and_a_deciding_third_leave_the_error_that_the_formula_says(
    num_classes: int, error: float
) -> None:
    truth = RANDOM.integers(0, num_classes, 400_000).astype(float)
    answers = [annotated(truth, error=error, num_classes=num_classes) for _ in range(3)]
    left = float((decided(*answers) != truth).mean())
    said = float(LabelErrors(num_classes=num_classes).after(np.array([error]))[0])
    assert said == pytest.approx(left, abs=0.003)
    assert said < error


@pytest.mark.parametrize(("num_classes", "error"), [(2, 0.05), (2, 0.25), (5, 0.15)])
def test_many_pairs_tell_the_error(num_classes: int, error: float) -> None:
    truth = RANDOM.integers(0, num_classes, 1_500).astype(float)
    first, second = (annotated(truth, error=error, num_classes=num_classes) for _ in range(2))
    pairs = AnsweredTwice(num_pairs=len(truth), num_equal=int((first == second).sum()))
    errors = LabelErrors(num_classes=num_classes, pairs=pairs)
    assert errors.mean == pytest.approx(error, abs=0.02)
    assert errors.band_80[1] - errors.band_80[0] < 0.05


def test_the_band_of_the_error_holds_as_often_as_it_says() -> None:
    inside = 0
    for _ in range(300):
        error = RANDOM.beta(2, 18)
        agree = (1 - error) ** 2 + error**2
        pairs = AnsweredTwice(num_pairs=60, num_equal=int(RANDOM.binomial(60, agree)))
        low, high = LabelErrors(num_classes=2, pairs=pairs).band_80
        inside += low <= error <= high
    assert 0.72 < inside / 300 < 0.88


def test_before_any_pair_the_error_is_about_ten_per_cent_and_unsure() -> None:
    errors = LabelErrors(num_classes=2)
    low, high = errors.band_80
    assert errors.mean == pytest.approx(0.10, abs=0.01)
    assert (low, high) == (pytest.approx(0.03, abs=0.01), pytest.approx(0.19, abs=0.01))
    assert not errors.pairs.is_enough and AnsweredTwice(num_pairs=20, num_equal=12).is_enough


def accuracy(num_labels: int, error: float, *, num_classes: int) -> float:
    """Of a classifier of class means in 40 dimensions, trained on labels of which this share is wrong."""
    centres = np.eye(num_classes, 40) * 2.0
    found = []
    for _ in range(40):
        truth = RANDOM.integers(0, num_classes, num_labels)
        rows = centres[truth] + RANDOM.standard_normal((num_labels, 40))
        given = annotated(truth.astype(float), error=error, num_classes=num_classes)
        means = np.array([rows[given == label].mean(axis=0) for label in range(num_classes)])
        new = RANDOM.integers(0, num_classes, 2_000)
        tests = centres[new] + RANDOM.standard_normal((2_000, 40))
        away = ((tests[:, None, :] - means[None]) ** 2).sum(axis=2)
        found.append((away.argmin(axis=1) == new).mean())
    return float(np.mean(found))


@pytest.mark.parametrize(("num_classes", "error"), [(2, 0.2), (2, 0.3), (4, 0.3)])
def test_a_classifier_learns_from_corrected_labels_as_from_so_many_more(num_classes: int, error: float) -> None:
    errors, num_labels = LabelErrors(num_classes=num_classes), 120
    at = np.array([error])
    worth = float(errors.worth(at, np.array([1.0]))[0])
    corrected = accuracy(num_labels, float(errors.after(at)[0]), num_classes=num_classes)
    more = accuracy(round(worth * num_labels), error, num_classes=num_classes)
    assert corrected == pytest.approx(more, abs=0.012)
    assert corrected > accuracy(num_labels, error, num_classes=num_classes) + 0.008


def test_no_opinion_is_worth_nothing_and_each_further_one_something() -> None:
    errors = LabelErrors(num_classes=2)
    worth = errors.worth(np.array([0.2]), np.array([0.0, 0.25, 0.5, 1.0]))
    assert worth[0] == 1 and (np.diff(worth) > 0).all()
    assert errors.worth(np.array([1e-9]), np.array([1.0]))[0] == pytest.approx(1.0)


def test_points_of_corrected_labels_teach_the_curve_as_further_labels() -> None:
    errors = LabelErrors(num_classes=2, pairs=AnsweredTwice(num_pairs=400, num_equal=272))
    point = Point(cell=Cell(100, opinions=100, chosen=20), dollars=1.0, score=70.0)
    (counted,) = counted_points([point], errors)
    assert 150 < counted.cell.labels < 190 and counted.cell.opinions == 0
    assert counted.cell.chosen == pytest.approx(counted.cell.labels / 5, abs=1)
    (uncounted,) = counted_points([point], None)
    assert uncounted.cell == Cell(100, chosen=20)


def question(pairs: AnsweredTwice, *, opinions: float, labels: float) -> Question:
    """100 labels are measured; on offer are second opinions on all of them, and 100 more; the money is for one."""
    scores = {25: 55.0, 50: 62.0, 100: 70.0}
    nothing = np.zeros(2)
    offers = PriceList(
        cells=Cells.of([Cell(200), Cell(100, opinions=100)]),
        label_dollars=np.array([labels, 0.0]),
        opinion_dollars=np.array([0.0, opinions]),
        compute_dollars=nothing,
        teacher_dollars=nothing,
    )
    return Question(
        points=[Point(cell=Cell(size), dollars=1.0, score=score, sd=0.5) for size, score in scores.items()],
        offers=offers,
        money=50.5,
        dollars_per_point=0.5,
        prior=vague_prior(),
        errors=LabelErrors(num_classes=2, pairs=pairs),
    )


MANY_DIFFER = AnsweredTwice(num_pairs=200, num_equal=120)
FEW_DIFFER = AnsweredTwice(num_pairs=200, num_equal=198)


def test_noisy_labels_make_second_opinions_worth_their_price_and_clean_ones_do_not() -> None:
    noisy, clean = (
        {each.cell: each for each in advise(question(pairs, opinions=1.0, labels=50.0)).forecasts}
        for pairs in (MANY_DIFFER, FEW_DIFFER)
    )
    second = Cell(100, opinions=100)
    assert noisy[second].own_gain > 2 > clean[second].own_gain
    assert advise(question(MANY_DIFFER, opinions=1.0, labels=50.0)).best == noisy[second]


def test_further_labels_are_bought_where_they_cost_less() -> None:
    best = advise(question(MANY_DIFFER, opinions=50.0, labels=1.0)).best
    assert best is not None and best.cell == Cell(200)


def test_dearer_labels_make_second_opinions_dearer_too() -> None:
    asked = question(MANY_DIFFER, opinions=3.0, labels=4.0).with_price("labels", 2.0)
    assert list(asked.offers.prices(asked.offers.nothing())) == [8.0, 6.0]
    one = Owned(label_dollars=0, has_teacher=np.zeros(2, dtype=np.bool_))
    assert list(asked.offers.prices(asked.offers.after(one, 1))) == [8.0, 0.0]


def test_second_opinions_are_a_choice_and_no_part_of_a_pilot() -> None:
    plain, second = Cell(100), Cell(100, opinions=50)
    assert has_choice(cells=[plain, second], num_labels=100) and not has_choice(cells=[plain], num_labels=100)
    assert pilot_of(offers=[plain, second], known=[], num_labels=100) == (plain,)
    assert pilot_of(offers=[second, Cell(100, opinions=80)], known=[], num_labels=100) == (second,)


def test_sizes_on_offer_are_round_and_all() -> None:
    assert (opinion_sizes(300), opinion_sizes(45), opinion_sizes(9)) == ([100, 200, 300], [10, 20, 45], [])


def test_fewer_than_two_classes_have_no_error() -> None:
    with pytest.raises(ValueError, match="no label can be wrong"):
        LabelErrors(num_classes=1)
