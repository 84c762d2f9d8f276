from io import StringIO

import pytest
from django.core.management import call_command
from pytest_django import Settings

from accounts.models import Role, User
from tests import factories

pytestmark = pytest.mark.django_db


class Terminal(StringIO):
    def isatty(self) -> bool:
        return True


def _said(out: StringIO) -> str:
    call_command("ensure_admin", stdout=out)
    return out.getvalue()


def test_a_terminal_shows_a_password_that_works() -> None:
    said = _said(Terminal())
    password = said.partition("the password ")[2].split()[0]
    assert User.objects.get(email="admin@example.com").check_password(password)


def test_a_file_gets_none_but_how_to_set_one(settings: Settings) -> None:
    settings.URL = "https://fulcrum.example"
    said = _said(StringIO())
    assert "with the password" not in said
    assert "sign in at https://fulcrum.example as admin@example.com" in said
    assert "changepassword admin@example.com" in said


def test_later_the_address_and_the_account_are_told(settings: Settings) -> None:
    settings.URL = "https://fulcrum.example"
    admin = factories.person(Role.ADMIN)
    said = _said(StringIO())
    assert f"Sign in at https://fulcrum.example as {admin.email}" in said
    assert f"changepassword {admin.email}" in said
