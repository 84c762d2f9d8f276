from decimal import Decimal

import pytest
from pytest_django import DjangoAssertNumQueries

from accounts.models import Role
from budgets.ledger import reverse
from budgets.models import LedgerEntry
from reports.bills import BillSection, bill_of
from reports.points import points
from reports.queries import entries_of
from runs.models import Artifact
from studies.models import Study
from tests import factories
from tests.integration.reports import ground

pytestmark = pytest.mark.django_db


@pytest.fixture
def study() -> Study:
    return factories.study()


def amounts(artifact: Artifact) -> list[Decimal]:
    return [line.amount for line in bill_of(artifact=artifact).lines]


def test_an_annotated_student_costs_its_labels_and_its_training(study: Study) -> None:
    ground.buy_labels(study, 5)
    student = ground.annotated(study, num_labels=3)
    assert amounts(student) == [Decimal("0.3"), 0, 0, Decimal("0.01")]


def test_a_distilled_student_costs_its_teacher_too_and_each_label_once(study: Study) -> None:
    ground.buy_labels(study, 3)
    student = ground.distilled(study, teacher=ground.teacher(study, num_labels=3))
    assert amounts(student) == [Decimal("0.3"), Decimal("0.02"), Decimal("0.005"), Decimal("0.01")]


def test_a_shared_teacher_stands_whole_in_both_bills(study: Study) -> None:
    ground.buy_labels(study, 3)
    teacher = ground.teacher(study, num_labels=3)
    students = [ground.distilled(study, teacher=teacher) for _ in range(2)]
    first, second = (bill_of(artifact=student).line(BillSection.TEACHER_TRAINING).entry_ids for student in students)
    assert first == second
    assert [amounts(student)[1] for student in students] == [Decimal("0.02")] * 2


def test_failed_attempts_of_a_run_are_part_of_what_it_cost(study: Study) -> None:
    ground.buy_labels(study, 1)
    student = ground.annotated(study, num_labels=1, seconds=[60, 120, 60])
    assert amounts(student)[-1] == Decimal("0.04")


def test_a_reversed_label_costs_nothing_and_its_reversal_shows(study: Study) -> None:
    entry = ground.buy_labels(study, 1)[0].entry
    assert entry
    student = ground.annotated(study, num_labels=1)
    reversal = reverse(actor=factories.person(Role.ADMIN), entry=entry, reason="entered by mistake")
    labels = bill_of(artifact=student).line(BillSection.LABELS)
    assert labels.amount == 0
    assert labels.entry_ids == [entry.pk, reversal.pk]


def test_imported_labels_cost_nothing(study: Study) -> None:
    factories.examples(study, ["a", "b"], labels=["good", "bad"])
    assert amounts(ground.annotated(study, num_labels=2)) == [0, 0, 0, Decimal("0.01")]


def test_a_points_dollars_are_the_sum_of_the_entries_its_link_shows(study: Study) -> None:
    ground.buy_labels(study, 3)
    student = ground.distilled(study, teacher=ground.teacher(study, num_labels=2))
    (point,) = points(study)
    assert sum(entry.amount for entry in entries_of(artifact=student)) == point.dollars
    for part in BillSection:
        shown = LedgerEntry.objects.filter(pk__in=entries_of(artifact=student, section=part))
        assert sum(entry.amount for entry in shown) == point.bill.line(part).amount


def test_more_labels_and_students_need_no_more_queries(
    study: Study, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    ground.buy_labels(study, 20)
    for num_labels in (5, 10, 20):
        ground.annotated(study, num_labels=num_labels)
    ground.distilled(study, teacher=ground.teacher(study, num_labels=10))
    fresh = Study.objects.select_related("budget").get(pk=study.pk)
    with django_assert_num_queries(9):
        assert len(points(fresh)) == 4
