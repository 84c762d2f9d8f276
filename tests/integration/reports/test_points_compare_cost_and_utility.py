import pytest

from budgets.models import Origin, Path
from reports.queries import points
from runs.models import RunKind
from studies.models import Split, Study
from studies.snapshots import take_snapshot
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
    ground.annotated(study, num_labels=4, utility=0.625)
    cheap, dear = points(study)
    assert cheap.utility_per_dollar == pytest.approx(0.105 / 0.21)
    assert cheap.marginal_utility is None
    assert dear.marginal_utility == pytest.approx(0.02 / 0.2)


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
