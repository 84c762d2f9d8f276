from decimal import Decimal

import pytest

from budgets.models import Origin, Path
from reports.points import points
from runs.models import Run, RunKind
from studies.models import Split, Study
from studies.snapshots import take_measured, take_snapshot
from tests import factories
from tests.integration.reports import ground

pytestmark = pytest.mark.django_db


@pytest.fixture
def study() -> Study:
    return factories.study()


def test_points_come_by_path_then_cost_with_what_they_were_made_of(study: Study) -> None:
    ground.buy_labels(study, 4)
    ground.distilled(study, teacher=ground.teacher(study, num_labels=2), num_pseudo_labels=50)
    ground.annotated(study, num_labels=4)
    ground.annotated(study, num_labels=2)
    found = [(point.path, point.num_labels, point.num_pseudo_labels) for point in points(study)]
    assert found == [(Path.ANNOTATE, 2, 0), (Path.ANNOTATE, 4, 0), (Path.DISTIL, 2, 50)]


def test_utility_per_dollar_and_marginal_utility_follow_from_the_bills(study: Study) -> None:
    ground.buy_labels(study, 4)
    ground.annotated(study, num_labels=2, utility=0.605)
    ground.annotated(study, num_labels=4, utility=0.705)
    cheap, dear = points(study)
    assert cheap.utility_per_dollar == pytest.approx(0.105 / 0.21)
    assert cheap.marginal is None
    assert dear.marginal_utility == pytest.approx(0.1 / 0.2)


def test_a_gain_that_may_be_chance_has_an_interval_and_no_figure(study: Study) -> None:
    ground.buy_labels(study, 4)
    ground.annotated(study, num_labels=2, utility=0.605)
    ground.annotated(study, num_labels=4, utility=0.625)
    _, dear = points(study)
    assert dear.marginal_utility is None
    assert dear.marginal is not None and dear.marginal.low < 0 < dear.marginal.high


def test_all_students_of_a_study_count_from_one_zero(study: Study) -> None:
    ground.buy_labels(study, 4)
    students = [ground.annotated(study, num_labels=2, utility=0.7), ground.annotated(study, num_labels=4, utility=0.8)]
    for student, majority in zip(students, (0.5, 0.4), strict=True):
        found = {"majority": {"label": "good", "value": majority}, "copy": {"label": "", "value": 0.9}}
        student.result = {"metrics": {"baselines": found}}
        student.save()
    cheap, dear = points(study)
    assert cheap.zero == dear.zero and cheap.zero is not None and cheap.zero.value == 0.5
    assert dear.utility_per_dollar == pytest.approx(0.3 / 0.41)


def test_dev_labels_are_beside_the_bill_and_not_in_it(study: Study) -> None:
    ground.buy_labels(study, 2)
    ground.buy_labels(study, 3, split=Split.DEV)
    ground.buy_labels(study, 5, split=Split.TEST)
    student = ground.annotated(study, num_labels=2)
    (before,) = points(study)
    assert (before.dollars, before.with_dev) == (Decimal("0.21"), Decimal("0.21"))
    Run.objects.filter(artifact=student).update(dev=take_measured(study=study, split=Split.DEV))
    (point,) = points(study)
    assert (point.dollars, point.dev.amount, point.with_dev) == (Decimal("0.21"), Decimal("0.30"), Decimal("0.51"))


def test_paths_are_never_each_others_neighbours(study: Study) -> None:
    ground.buy_labels(study, 2)
    ground.annotated(study, num_labels=2)
    ground.distilled(study, teacher=ground.teacher(study, num_labels=2))
    assert [point.marginal_utility for point in points(study)] == [None, None]


def test_what_is_dearer_and_worse_is_off_the_frontier(study: Study) -> None:
    ground.buy_labels(study, 4)
    ground.annotated(study, num_labels=2, utility=0.7)
    ground.annotated(study, num_labels=4, utility=0.6)
    assert [point.on_frontier for point in points(study)] == [True, False]


def test_a_student_that_cost_nothing_has_no_figure_per_dollar() -> None:
    study = factories.study(prices=factories.price_book(cpu_hour="0"))
    factories.examples(study, ["a"], labels=["good"])
    ground.annotated(study, num_labels=1)
    (point,) = points(study)
    assert point.dollars == 0
    assert point.utility_per_dollar is None


def test_a_student_without_a_baseline_has_no_figure_per_dollar(study: Study) -> None:
    factories.examples(study, ["a"], labels=["good"])
    snapshot = take_snapshot(study=study)
    student = ground.run(study, RunKind.FINETUNE_STUDENT, path=Path.ANNOTATE, snapshot=snapshot)
    ground.evaluate(student, 0.7, baseline=None)
    assert points(study)[0].utility_per_dollar is None


def test_only_the_test_split_makes_a_point(study: Study) -> None:
    factories.examples(study, ["a"], labels=["good"])
    snapshot = take_snapshot(study=study)
    student = ground.run(study, RunKind.FINETUNE_STUDENT, path=Path.ANNOTATE, snapshot=snapshot)
    ground.evaluate(student, 0.7, split=Split.DEV)
    assert points(study) == []


@pytest.mark.parametrize(("origin", "is_replay"), [(Origin.PERSON, False), (Origin.REPLAY, True)])
def test_a_student_of_replayed_labels_is_marked(study: Study, origin: Origin, is_replay: bool) -> None:
    ground.buy_labels(study, 1, origin=origin)
    ground.annotated(study, num_labels=1)
    assert points(study)[0].is_replay == is_replay
