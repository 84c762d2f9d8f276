from decimal import Decimal
from typing import Any
from unittest.mock import patch

import pytest

from accounts.audit import SecretInAudit, record
from accounts.models import AuditRecord, Role, User
from accounts.operations import change_person, create_person
from accounts.queries import recorded_state
from config.refusals import Refusal
from tests import factories


def write(**fields: Any) -> None:
    defaults: dict[str, Any] = {"actor": None, "action": "price.set", "subject": "Price", "subject_id": 1}
    record(**{**defaults, "before": {}, "after": {}, **fields})


@pytest.mark.django_db(transaction=True)
def test_no_change_is_left_where_its_record_cannot_be_written() -> None:
    admin = factories.person(Role.ADMIN)
    with patch("accounts.audit.AuditRecord.objects.create", side_effect=OSError), pytest.raises(OSError):
        create_person(actor=admin, email="ann@example.com", name="Ann", role=Role.ANNOTATOR, password="long enough")
    assert not User.objects.filter(email="ann@example.com").exists()


@pytest.mark.django_db(transaction=True)
def test_no_record_is_left_of_a_change_that_failed() -> None:
    admin, person = factories.person(Role.ADMIN), factories.person()
    with patch("accounts.operations._record", side_effect=[None, OSError]):
        change_person(actor=admin, person=person, role=Role.ANNOTATOR, is_active=True)
        with pytest.raises(OSError):
            change_person(actor=admin, person=person, role=Role.ADMIN, is_active=True)
    person.refresh_from_db()
    assert (person.role, AuditRecord.objects.count()) == (Role.ANNOTATOR, 0)


@pytest.mark.django_db(transaction=True)
def test_a_record_outside_of_a_transaction_is_refused() -> None:
    with pytest.raises(AssertionError, match="share one transaction"):
        write(after={"price": "2"})


@pytest.mark.django_db
def test_only_what_differs_is_written() -> None:
    write(before={"limit": Decimal("10.000000"), "name": "A"}, after={"limit": Decimal(12), "name": "A"})
    kept = AuditRecord.objects.get()
    assert (kept.before, kept.after) == ({"limit": "10"}, {"limit": "12"})


@pytest.mark.django_db
def test_nothing_is_written_where_nothing_changed() -> None:
    write(before={"limit": Decimal("10.000000")}, after={"limit": Decimal(10)})
    assert not AuditRecord.objects.exists()


@pytest.mark.django_db
def test_the_last_written_state_adds_up_all_records() -> None:
    write(after={"url": "http://a", "release": "1.23.0"})
    write(before={"url": "http://a"}, after={"url": "http://b"})
    write(subject_id=2, after={"url": "http://c"})
    assert recorded_state(action="price.set", subject_id=1) == {"url": "http://b", "release": "1.23.0"}


@pytest.mark.parametrize("name", ["password", "token", "webhook_secret"])
def test_a_secret_is_never_written_down(name: str) -> None:
    with pytest.raises(SecretInAudit, match='record it as "changed"'):
        write(after={name: "hunter2"})


def test_an_action_names_the_type_of_its_subject() -> None:
    with pytest.raises(Refusal, match="subject's type, a dot"):
        write(action="set")
