from io import StringIO
from unittest.mock import patch

import pytest
from django.core.management import call_command

from accounts.models import AuditRecord, Role
from accounts.operations import change_own_password, change_person, create_person, ensure_first_admin
from tests import factories

pytestmark = pytest.mark.django_db


def test_a_new_person_is_recorded_without_the_password() -> None:
    admin = factories.person(Role.ADMIN)
    create_person(actor=admin, email="ann@example.com", name="Ann", role=Role.ANNOTATOR, password=factories.PASSWORD)
    made = AuditRecord.objects.get()
    assert (made.action, made.actor, made.subject) == ("person.create", admin, "Ann (ann@example.com)")
    assert made.after == {"name": "Ann", "email": "ann@example.com", "role": "annotator", "may_sign_in": True}


def test_another_role_is_recorded_from_what_to_what() -> None:
    admin, person = factories.person(Role.ADMIN), factories.person(Role.ANNOTATOR)
    change_person(actor=admin, person=person, role=Role.MANAGER, is_active=True)
    made = AuditRecord.objects.get()
    assert (made.before, made.after) == ({"role": "annotator"}, {"role": "manager"})
    assert (made.subject_type, made.subject_id) == ("person", person.pk)


def test_an_unchanged_person_leaves_no_record() -> None:
    admin, person = factories.person(Role.ADMIN), factories.person(Role.ANNOTATOR)
    change_person(actor=admin, person=person, role=person.role, is_active=True)
    assert not AuditRecord.objects.exists()


def test_a_password_set_anew_is_recorded_as_changed_only() -> None:
    admin, person = factories.person(Role.ADMIN), factories.person(Role.ANNOTATOR)
    change_person(actor=admin, person=person, role=person.role, is_active=True, password="another long one")
    made = AuditRecord.objects.get()
    assert (made.before, made.after) == ({}, {"password": "changed"})


def test_a_persons_own_new_password_is_recorded() -> None:
    person = factories.person()
    change_own_password(person=person, password="another long one")
    made = AuditRecord.objects.get()
    assert (made.action, made.actor, made.after) == ("person.password", person, {"password": "changed"})


def test_a_password_set_on_the_command_line_is_recorded() -> None:
    person = factories.person()
    with patch("getpass.getpass", return_value="another long one 7"):
        call_command("changepassword", person.email, stdout=StringIO())
    person.refresh_from_db()
    assert person.check_password("another long one 7")
    assert (AuditRecord.objects.get().who, AuditRecord.objects.get().subject_id) == ("Fulcrum", person.pk)


def test_the_first_admin_is_recorded_as_made_by_fulcrum() -> None:
    ensure_first_admin(email="admin@example.com", password=factories.PASSWORD)
    assert AuditRecord.objects.get().who == "Fulcrum"
