from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.core.management import CommandError, call_command
from django.test import Client
from django.urls import reverse
from pytest import CaptureFixture, MonkeyPatch

from accounts.models import AuditRecord, Role
from accounts.permissions import Forbidden
from connections.models import Connection, Outputs
from connections.operations import add_connection, change_connection, run_self_test
from tests import factories
from tests.language_server import Told, chosen_by, language_server

pytestmark = pytest.mark.django_db
KEY = "sk-very-secret"


def test_a_manager_adds_and_tests_none() -> None:
    made = factories.connection()
    with pytest.raises(Forbidden):
        add_connection(actor=factories.person(), name="mine", url="http://a/v1", model="m")
    with pytest.raises(Forbidden):
        run_self_test(actor=factories.person(), connection=made)


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"name": "Has Spaces"}, "name"),
        ({"url": "ftp://a/v1"}, "url"),
        ({"url": "https://me:pass@a/v1"}, "url"),
        ({"url": "https://a/v1?key=1"}, "url"),
        ({"key": "line\nbreak"}, "key"),
        ({"model": " "}, "model"),
        ({"concurrency": 65}, "concurrency"),
    ],
)
def test_what_cannot_be_called_is_refused(changes: dict[str, Any], field: str) -> None:
    with pytest.raises(ValidationError) as refused:
        factories.connection(**changes)
    assert field in refused.value.message_dict


def test_its_key_is_in_no_page_and_no_record() -> None:
    made = factories.connection(key=KEY)
    change_connection(actor=made.created_by, connection=made, key=KEY + "2", outputs=Outputs.MAY_TRAIN)
    client = Client()
    client.force_login(made.created_by)
    pages = [client.get(reverse("connections")), client.get(reverse("connection", args=[made.pk]))]
    records = AuditRecord.objects.filter(subject_type="connection")
    assert [record.after.get("key") for record in records.order_by("pk")] == ["set", "changed"]
    shown = "".join(page.content.decode() for page in pages) + str(list(records.values_list("before", "after")))
    assert "sk-very" not in shown + Connection.objects.get().encrypted_key


def test_the_command_adds_tests_and_lists(monkeypatch: MonkeyPatch, capsys: CaptureFixture[str]) -> None:
    factories.person(Role.ADMIN)
    monkeypatch.setenv("THE_KEY", KEY)
    with language_server(chosen_by("fine")) as server:
        named = ["local", "--url", server.url, "--model", "m", "--key-variable", "THE_KEY", "--outputs", "yes"]
        call_command("connections", "add", *named)
        call_command("connections", "list")
    told = capsys.readouterr().out
    assert server.headers[0]["Authorization"] == f"Bearer {KEY}"
    assert f"local: m at {server.url}. Its outputs may train other models." in told
    assert "It answers. It has log-probabilities, structured output, a seed, usage." in told
    assert KEY not in told


def test_the_command_says_what_is_missing() -> None:
    factories.person(Role.ADMIN)
    with pytest.raises(CommandError, match="THE_KEY is not set"):
        call_command("connections", "add", "a", "--url", "http://a/v1", "--model", "m", "--key-variable", "THE_KEY")
    with pytest.raises(CommandError, match="There is no connection 'gone'"):
        call_command("connections", "test", "gone")


@pytest.mark.parametrize(("status", "is_usable"), [(429, False), (500, True), (400, True)])
def test_a_busy_server_is_not_taken_for_one_that_lacks_an_option(status: int, is_usable: bool) -> None:
    answered = chosen_by("fine")

    def answer(request: dict[str, Any]) -> Told:
        return (status, {"error": {"message": "not now"}}) if "logprobs" in request else answered(request)

    with language_server(answer) as server:
        made = factories.connection(url=server.url)
        tested = run_self_test(actor=made.created_by, connection=made)
    assert tested.is_usable == is_usable
    assert tested.abilities.get("error") == (None if is_usable else "it answered 429: not now")


def test_a_wrong_key_is_said_by_the_self_test() -> None:
    def answer(request: dict[str, Any]) -> Told:
        return 401, {"error": {"message": f"Incorrect API key provided: {KEY}"}}

    with language_server(answer) as server:
        made = factories.connection(url=server.url, key=KEY)
        tested = run_self_test(actor=made.created_by, connection=made)
    assert not tested.is_usable
    assert tested.abilities["error"] == "it answered 401: Incorrect API key provided: ***"
