import pytest
from django.test import Client
from django.urls import reverse

from accounts.models import Role
from tests import factories

pytestmark = pytest.mark.django_db


def sign_in(client: Client, email: str, password: str = factories.PASSWORD, **more: str) -> str:
    form = {"username": email, "password": password, **more}
    return client.post(reverse("sign-in"), form, follow=True).content.decode()


def test_the_case_of_an_e_mail_does_not_matter(client: Client) -> None:
    person = factories.person(Role.MANAGER, email="mara@example.com")
    assert person.name in sign_in(client, "Mara@Example.com")


def test_a_wrong_password_says_nothing_about_the_account(client: Client) -> None:
    factories.person(Role.MANAGER, email="mara@example.com")
    wrong, unknown = sign_in(client, "mara@example.com", "nonsense"), sign_in(client, "nobody@example.com")
    assert "Wrong e-mail or password" in wrong
    assert "Wrong e-mail or password" in unknown


def test_a_switched_off_account_cannot_sign_in(client: Client) -> None:
    factories.person(Role.MANAGER, email="mara@example.com", is_active=False)
    assert "Wrong e-mail or password" in sign_in(client, "mara@example.com")


def test_sign_in_leads_to_the_page_that_was_asked_for(client: Client) -> None:
    person = factories.person(Role.MANAGER)
    asked = client.get(reverse("prices"))
    client.post(asked["Location"], {"username": person.email, "password": factories.PASSWORD, "next": "/prices/"})
    assert client.get(reverse("prices")).status_code == 200


def test_sign_in_never_leads_to_another_site(client: Client) -> None:
    person = factories.person(Role.MANAGER)
    form = {"username": person.email, "password": factories.PASSWORD, "next": "https://elsewhere.example/"}
    assert client.post(reverse("sign-in"), form)["Location"] == reverse("home")


def test_signing_out_ends_the_session(manager: Client) -> None:
    manager.post(reverse("sign-out"))
    assert manager.get(reverse("home")).status_code == 302


def test_a_changed_password_is_the_one_that_counts(client: Client) -> None:
    person = factories.person(Role.ANNOTATOR)
    client.force_login(person)
    new = "another horse entirely"
    form = {"old_password": factories.PASSWORD, "new_password1": new, "new_password2": new}
    client.post(reverse("change-password"), form)
    person.refresh_from_db()
    assert person.check_password(new)


def test_a_live_part_whose_session_ended_reloads_its_page(client: Client) -> None:
    answer = client.get(reverse("sign-in"), headers={"HX-Request": "true"})
    assert answer["HX-Refresh"] == "true"
