import io
from datetime import timedelta

import pytest
from axes.models import AccessAttempt
from django.core.management import CommandError, call_command
from django.db.models import F
from django.http import HttpResponse
from django.test import Client
from django.urls import reverse
from pytest_django import Settings

from accounts.models import AuditRecord, Role, User
from accounts.operations import change_person, note_new_password
from tests import factories
from tests.integration.web.pages import signed_in_as

pytestmark = pytest.mark.django_db
TRIES = 5


def try_to_sign_in(
    email: str, password: str = "wrong", *, address: str = "10.0.0.1", browser: str = "Firefox"
) -> HttpResponse:
    client = Client(REMOTE_ADDR=address, headers={"User-Agent": browser})
    return client.post(reverse("sign-in"), {"username": email, "password": password})  # type: ignore[return-value]


def lock_out(person: User, **more: str) -> None:
    for _ in range(TRIES):
        try_to_sign_in(person.email, **more)


@pytest.fixture
def mara(db: None) -> User:
    return factories.person(Role.MANAGER, email="mara@example.com")


def can_sign_in(person: User, **more: str) -> bool:
    return try_to_sign_in(person.email, factories.PASSWORD, **more).status_code == 302


def test_the_right_password_comes_too_late_after_too_many_wrong_ones(mara: User) -> None:
    answers = [try_to_sign_in(mara.email).status_code for _ in range(60)]
    assert answers == [200] * (TRIES - 1) + [429] * (60 - TRIES + 1)
    assert not can_sign_in(mara)


def test_the_page_says_when_to_try_again(mara: User) -> None:
    lock_out(mara)
    answer = try_to_sign_in(mara.email, factories.PASSWORD)
    assert answer.status_code == 429
    assert 0 < int(answer["Retry-After"]) <= 15 * 60
    assert "Try again at" in answer.content.decode()


def test_another_browser_or_spelling_does_not_help(mara: User) -> None:
    for number in range(TRIES):
        try_to_sign_in("MARA@example.com", browser=f"Browser {number}")
    assert not can_sign_in(mara)


def test_nobody_is_locked_out_from_elsewhere_and_nobody_else_is(mara: User) -> None:
    lock_out(mara)
    assert can_sign_in(mara, address="10.0.0.2")
    assert can_sign_in(factories.person(Role.ADMIN))


def test_behind_a_proxy_each_client_counts_alone(mara: User, settings: Settings) -> None:
    settings.PROXIES = 1
    for number in range(TRIES):
        form = {"username": mara.email, "password": "wrong"}
        forwarded = f"6.6.6.{number}, 5.6.7.8"
        Client(headers={"X-Forwarded-For": forwarded}).post(reverse("sign-in"), form)
    assert AccessAttempt.objects.get().ip_address == "5.6.7.8"


def test_an_unknown_account_is_locked_alike() -> None:
    answers = [try_to_sign_in("nobody@example.com").status_code for _ in range(TRIES)]
    assert answers[-1] == 429


def test_a_lock_ends_by_itself_and_is_not_made_longer(mara: User) -> None:
    lock_out(mara)
    try_to_sign_in(mara.email)
    AccessAttempt.objects.update(attempt_time=F("attempt_time") - timedelta(minutes=14))
    try_to_sign_in(mara.email)
    AccessAttempt.objects.update(attempt_time=F("attempt_time") - timedelta(minutes=1, seconds=1))
    assert can_sign_in(mara)


def test_the_right_password_in_time_forgets_the_wrong_ones(mara: User) -> None:
    for _ in range(3):
        for _ in range(TRIES - 1):
            try_to_sign_in(mara.email)
        assert can_sign_in(mara)


def test_an_admin_sees_a_lock_and_ends_it(admin: Client, mara: User) -> None:
    lock_out(mara)
    assert "from 10.0.0.1, 5 tries" in admin.get(reverse("person", args=[mara.pk])).content.decode()
    admin.post(reverse("unlock-person", args=[mara.pk]))
    assert AuditRecord.objects.get(action="person.unlock").before == {"wrong_tries": 5}
    assert can_sign_in(mara)


def test_a_command_ends_a_lock(mara: User) -> None:
    lock_out(mara)
    said = io.StringIO()
    call_command("unlock_sign_in", "Mara@example.com", stdout=said)
    call_command("unlock_sign_in", mara.email, stdout=said)
    assert said.getvalue() == "mara@example.com: 5 wrong tries forgotten.\nmara@example.com is not locked.\n"
    assert can_sign_in(mara)
    with pytest.raises(CommandError, match="No active person"):
        call_command("unlock_sign_in", "nobody@example.com")


def test_the_old_password_cannot_be_guessed_in_a_browser_that_was_left_open(mara: User) -> None:
    browser, new = signed_in_as(mara), "another horse entirely"
    form = {"new_password1": new, "new_password2": new}
    url = reverse("change-password")
    wrong = [browser.post(url, {**form, "old_password": f"guess {number}"}).status_code for number in range(TRIES)]
    right = browser.post(url, {**form, "old_password": factories.PASSWORD}).status_code
    assert (wrong, right) == ([200] * (TRIES - 1) + [429], 429)
    mara.refresh_from_db()
    assert not mara.check_password(new)


@pytest.mark.parametrize("on_the_server", [True, False])
def test_a_new_password_ends_a_lock(mara: User, on_the_server: bool) -> None:
    lock_out(mara)
    if on_the_server:
        note_new_password(person=mara)
    else:
        admin = factories.person(Role.ADMIN)
        change_person(actor=admin, person=mara, role=mara.role, is_active=True, password=factories.PASSWORD)
    assert can_sign_in(mara)
