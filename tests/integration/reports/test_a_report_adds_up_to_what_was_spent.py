from decimal import Decimal

import pytest

from accounts.models import Role
from budgets.ledger import reverse
from budgets.models import Path
from reports.queries import Reason, report_of, unused_entries
from runs.models import RunKind, RunState
from studies.models import Split, Study
from studies.snapshots import take_snapshot
from tests import factories
from tests.integration.reports import ground

pytestmark = pytest.mark.django_db


@pytest.fixture
def study() -> Study:
    return factories.study()


def unused(study: Study) -> dict[Reason, Decimal]:
    return {group.reason: group.amount for group in unused_entries(study).groups}


def test_an_empty_study_adds_up_to_nothing(study: Study) -> None:
    report = report_of(study)
    assert not report.points
    assert not report.unused.groups
    assert report.spent == 0
    assert report.reconciles


def test_each_entry_is_in_a_bill_or_listed_as_unused(study: Study) -> None:
    ground.buy_labels(study, 5)
    ground.buy_labels(study, 2, split=Split.TEST)
    ground.annotated(study, num_labels=2)
    ground.distilled(study, teacher=ground.teacher(study, num_labels=3))
    report = report_of(study)
    in_bills = {entry_id for point in report.points for entry_id in point.bill.entry_ids}
    everything = set(study.budget.entries.values_list("pk", flat=True))
    assert in_bills.isdisjoint(report.unused.entry_ids)
    assert in_bills | set(report.unused.entry_ids) == everything
    assert report.reconciles
    assert report.used + report.unused.amount == sum(entry.amount for entry in study.budget.entries.all())


def test_labels_in_no_snapshot_are_unused(study: Study) -> None:
    ground.buy_labels(study, 5)
    ground.annotated(study, num_labels=3)
    assert unused(study) == {Reason.LABELS: Decimal("0.2")}


def test_labels_of_the_test_split_are_listed_as_evaluation(study: Study) -> None:
    ground.buy_labels(study, 4, split=Split.TEST)
    assert unused(study) == {Reason.EVALUATION: Decimal("0.4")}


def test_a_cancelled_run_is_unused(study: Study) -> None:
    factories.examples(study, ["a"], labels=["good"])
    snapshot = take_snapshot(study=study)
    ground.run(study, RunKind.FINETUNE_STUDENT, path=Path.ANNOTATE, snapshot=snapshot, state=RunState.CANCELLED)
    assert unused(study) == {Reason.RUNS: Decimal("0.01")}


def test_a_teacher_without_a_student_is_unused_with_its_labels(study: Study) -> None:
    ground.buy_labels(study, 3)
    ground.teacher(study, num_labels=3)
    assert unused(study) == {Reason.LABELS: Decimal("0.3"), Reason.RUNS: Decimal("0.02")}


def test_a_reversal_stays_with_the_entry_it_undoes(study: Study) -> None:
    entry = ground.buy_labels(study, 1, split=Split.TEST)[0].entry
    assert entry
    reverse(actor=factories.person(Role.ADMIN), entry=entry, reason="not asked for")
    assert unused(study) == {Reason.EVALUATION: 0}
    assert report_of(study).reconciles
