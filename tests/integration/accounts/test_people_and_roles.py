import pytest
from django.core.exceptions import ValidationError
from django.core.management import CommandError, call_command

from accounts.models import Role, User
from accounts.operations import LastAdmin, change_person, create_person, ensure_first_admin
from accounts.permissions import Action, Forbidden, allows
from tests import factories

pytestmark = pytest.mark.django_db


def test_only_an_admin_makes_people() -> None:
    with pytest.raises(Forbidden, match="may not manage people"):
        create_person(actor=factories.person(Role.MANAGER), email="a@b.org", name="A", role="annotator", password="x")


def test_an_email_is_one_person_whatever_its_case() -> None:
    admin = factories.person(Role.ADMIN)
    create_person(actor=admin, email="Ann@Example.com", name="Ann", role="annotator", password=factories.PASSWORD)
    with pytest.raises(ValidationError, match="There is an account with this e-mail already"):
        create_person(actor=admin, email="ANN@example.com", name="Ann", role="annotator", password=factories.PASSWORD)


def test_an_unknown_role_is_refused() -> None:
    admin = factories.person(Role.ADMIN)
    with pytest.raises(ValidationError, match="'owner' is not a valid choice"):
        create_person(actor=admin, email="a@b.org", name="A", role="owner", password=factories.PASSWORD)


def test_a_weak_password_is_refused_however_it_is_set() -> None:
    with pytest.raises(ValidationError, match="too short"):
        ensure_first_admin(email="admin@example.com", password="short")
    admin = factories.person(Role.ADMIN)
    with pytest.raises(ValidationError, match="too common"):
        create_person(actor=admin, email="a@b.org", name="A", role="annotator", password="password1")
    with pytest.raises(ValidationError, match="too similar to the email"):
        create_person(actor=admin, email="marigold@b.org", name="A", role="annotator", password="marigold@b.org")
    with pytest.raises(ValidationError, match="too short"):
        change_person(actor=admin, person=admin, role=admin.role, is_active=True, password="short")
    assert User.objects.get() == admin
    assert admin.check_password(factories.PASSWORD)


def test_a_command_names_what_is_wrong_with_a_new_person() -> None:
    factories.person(Role.ADMIN, email="admin@example.com")
    with pytest.raises(CommandError, match="password: This password is too short"):
        call_command("create_person", "ann@example.com", "--password", "short")
    with pytest.raises(CommandError, match="email: There is an account with this e-mail already"):
        call_command("create_person", "Admin@example.com")
    assert User.objects.count() == 1


def test_the_first_admins_password_is_checked_too() -> None:
    with pytest.raises(CommandError, match="password: This password is too short"):
        call_command("ensure_admin", "--password", "short")
    assert not User.objects.exists()


def test_the_last_admin_stays() -> None:
    admin = factories.person(Role.ADMIN)
    with pytest.raises(LastAdmin):
        change_person(actor=admin, person=admin, role=Role.MANAGER, is_active=True)
    with pytest.raises(LastAdmin):
        change_person(actor=admin, person=admin, role=Role.ADMIN, is_active=False)


def test_an_admin_sets_a_lost_password_anew() -> None:
    admin, person = factories.person(Role.ADMIN), factories.person(Role.ANNOTATOR)
    change_person(actor=admin, person=person, role=person.role, is_active=True, password="another long one")
    person.refresh_from_db()
    assert person.check_password("another long one")
    change_person(actor=admin, person=person, role=person.role, is_active=True)
    person.refresh_from_db()
    assert person.check_password("another long one")


def test_the_first_admin_is_made_once() -> None:
    assert ensure_first_admin(email="admin@example.com", password=factories.PASSWORD)
    assert ensure_first_admin(email="other@example.com", password=factories.PASSWORD) is None
    assert User.objects.filter(role=Role.ADMIN).count() == 1


def test_every_action_has_its_roles_and_an_inactive_person_may_do_nothing() -> None:
    assert all(Role.ADMIN in action.roles for action in Action)
    left = factories.person(Role.ADMIN, is_active=False)
    assert not any(allows(actor=left, action=action) for action in Action)
