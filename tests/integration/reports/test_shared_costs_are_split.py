from decimal import Decimal

import pytest
from django.test import Client
from django.urls import reverse

from accounts.models import Role
from budgets.ledger import reverse as undo
from budgets.money import ZERO
from reports.bills import BillSection, Sharing, StudentBill, StudyLedger
from reports.queries import unused_entries
from runs.models import Artifact, ArtifactKind, Run
from studies.models import Study
from tests import factories
from tests.integration.reports import ground

pytestmark = pytest.mark.django_db


@pytest.fixture
def study() -> Study:
    """Two of five labels and one teacher for three distilled students, and four labels for one on labels alone."""
    study = factories.study(prices=factories.price_book(label="0.100001", cpu_hour="0.60"))
    ground.buy_labels(study, 5)
    teacher = ground.teacher(study, num_labels=2, seconds=(100,))
    for _ in range(3):
        ground.distilled(study, teacher=teacher)
    ground.annotated(study, num_labels=4)
    return study


def sharing(study: Study) -> Sharing:
    return Sharing(StudyLedger(study))


def shares(study: Study, part: BillSection) -> list[Decimal]:
    return [line.share for bill in sharing(study).bills for line in bill.lines if line.section == part]


def check(study: Study) -> list[StudentBill]:
    study.budget.refresh_from_db()
    bills = sharing(study).bills
    assert sum((bill.share for bill in bills), ZERO) + unused_entries(study).amount == study.budget.spent
    return bills


def test_the_shares_and_what_no_student_used_are_all_that_was_spent(study: Study) -> None:
    bills = check(study)
    assert sum((bill.whole for bill in bills), ZERO) > study.budget.spent


def test_a_teacher_for_three_students_is_split_in_three(study: Study) -> None:
    assert shares(study, BillSection.TEACHER_TRAINING) == [
        Decimal("0.005556"),
        Decimal("0.005556"),
        Decimal("0.005555"),
        ZERO,
    ]


def test_labels_are_split_among_those_that_used_them(study: Study) -> None:
    two_labels, two_more = Decimal("0.200002"), Decimal("0.200002")
    found = shares(study, BillSection.LABELS)
    assert sum(found) == two_labels + two_more
    assert found == [Decimal("0.050001"), Decimal("0.050001"), Decimal("0.05"), Decimal("0.05") + two_more]


def test_what_one_student_alone_used_is_its_own(study: Study) -> None:
    for bill in sharing(study).bills:
        line = next(line for line in bill.lines if line.section == BillSection.STUDENT_TRAINING)
        assert line.share == line.whole


def test_a_reversal_takes_off_every_share(study: Study) -> None:
    entry = study.budget.entries.filter(source_key__startswith="annotation:").earliest("pk")
    undo(actor=factories.person(Role.ADMIN), entry=entry, reason="disputed")
    check(study)


def test_a_teachers_bill_is_split_among_its_students(study: Study) -> None:
    ledger = StudyLedger(study)
    bill = ledger.bill(run_id=Run.objects.get(artifact__kind=ArtifactKind.TEACHER).pk)
    uses = Sharing(ledger).uses(bill)
    assert sum((use.share for use in uses), ZERO) == bill.total
    assert len(uses) == 4


def test_a_teacher_that_nobody_used_has_no_uses() -> None:
    study = factories.study()
    ground.buy_labels(study, 2)
    teacher = ground.teacher(study, num_labels=2)
    ledger = StudyLedger(study)
    assert Sharing(ledger).uses(ledger.bill(run_id=teacher.pk)) == []


def test_the_pages_show_the_whole_and_the_share(study: Study) -> None:
    client = Client()
    client.force_login(factories.person())
    for artifact in Artifact.objects.filter(run__study=study):
        page = client.get(reverse("artifact", args=[artifact.pk])).content.decode()
        assert "is in full in the bill of each" in page
        assert ("share of this bill" in page) == (artifact.kind != ArtifactKind.STUDENT)
