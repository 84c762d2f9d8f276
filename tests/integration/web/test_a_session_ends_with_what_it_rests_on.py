import pytest
from django.conf import settings
from django.contrib.sessions.models import Session
from django.test import Client
from django.urls import reverse

from accounts.models import Role, User
from accounts.operations import OwnAccount, change_person
from tests import factories
from tests.integration.web.pages import signed_in_as

pytestmark = pytest.mark.django_db


def is_signed_in(client: Client) -> bool:
    return client.get(reverse("home")).status_code == 200


def change(person: User, *, role: str = Role.MANAGER, is_active: bool = True, password: str = "") -> None:
    admin = factories.person(Role.ADMIN)
    change_person(actor=admin, person=person, role=role, is_active=is_active, password=password)


def test_signing_out_leaves_nothing_that_an_old_cookie_opens(manager: Client) -> None:
    old = manager.cookies[settings.SESSION_COOKIE_NAME].value
    manager.post(reverse("sign-out"))
    assert not Session.objects.exists()
    thief = Client()
    thief.cookies[settings.SESSION_COOKIE_NAME] = old
    assert not is_signed_in(thief)


def test_another_role_ends_all_sessions() -> None:
    person = factories.person(Role.MANAGER)
    browsers = [signed_in_as(person), signed_in_as(person)]
    change(person, role=Role.ANNOTATOR)
    assert [is_signed_in(browser) for browser in browsers] == [False, False]


def test_a_new_password_ends_all_sessions() -> None:
    person = factories.person(Role.MANAGER)
    browser = signed_in_as(person)
    change(person, password="another long one")
    assert not is_signed_in(browser)


def test_who_is_switched_off_and_on_again_signs_in_anew() -> None:
    person = factories.person(Role.MANAGER)
    browser = signed_in_as(person)
    change(person, is_active=False)
    assert not is_signed_in(browser)
    change(person)
    assert not is_signed_in(browser)


def test_saving_a_person_as_they_were_ends_nothing() -> None:
    person = factories.person(Role.MANAGER)
    browser = signed_in_as(person)
    change(person)
    assert is_signed_in(browser)


@pytest.mark.parametrize(("role", "is_active"), [(Role.MANAGER, True), (Role.ADMIN, False)])
def test_nobody_takes_their_own_role_or_account_away(role: str, is_active: bool) -> None:
    factories.person(Role.ADMIN)
    admin = factories.person(Role.ADMIN)
    with pytest.raises(OwnAccount, match="ask another admin"):
        change_person(actor=admin, person=admin, role=role, is_active=is_active)


def test_the_page_of_ones_own_account_says_who_can() -> None:
    factories.person(Role.ADMIN)
    admin = factories.person(Role.ADMIN)
    page = signed_in_as(admin).post(reverse("person", args=[admin.pk]), {"role": "manager", "is_active": "on"})
    assert "ask another admin to change your role" in page.content.decode()
    admin.refresh_from_db()
    assert admin.role == Role.ADMIN
