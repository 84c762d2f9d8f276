import pytest
from django.db import ProgrammingError, connection, transaction

from accounts.append_only import AppendOnlyViolation
from accounts.audit import record
from accounts.models import AuditRecord, User
from tests import factories

pytestmark = pytest.mark.django_db


@pytest.fixture
def written() -> AuditRecord:
    person = factories.person()
    record(actor=person, action="price.set", subject="Price", subject_id=1, before={"price": "1"}, after={"price": "2"})
    return AuditRecord.objects.get()


def test_a_record_can_be_neither_saved_again_nor_deleted(written: AuditRecord) -> None:
    written.after = {}
    with pytest.raises(AppendOnlyViolation):
        written.save()
    with pytest.raises(AppendOnlyViolation):
        written.delete()


@pytest.mark.parametrize(
    "statement", ["UPDATE accounts_auditrecord SET after = '{}'", "DELETE FROM accounts_auditrecord"]
)
def test_the_database_refuses_a_change(written: AuditRecord, statement: str) -> None:
    with pytest.raises(ProgrammingError, match="Cannot"), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(statement)
    assert AuditRecord.objects.get().after == {"price": "2"}


def test_a_query_cannot_change_records_either(written: AuditRecord) -> None:
    with pytest.raises(ProgrammingError), transaction.atomic():
        AuditRecord.objects.update(subject="Nothing")


def test_the_record_keeps_the_address_its_actor_had(written: AuditRecord) -> None:
    then = written.actor_email
    User.objects.filter(email=then).update(email="new@example.com")
    written.refresh_from_db()
    assert written.who == then
