import runpy
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from pytest_django import Settings

from config import settings
from tests import factories
from tests.integration.reports import ground

pytestmark = pytest.mark.django_db


def settings_with(monkeypatch: pytest.MonkeyPatch, **environment: str) -> dict[str, Any]:
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    return runpy.run_path(settings.__file__)


def policy_of(client: Client, url: str) -> dict[str, str]:
    header = client.get(url)["Content-Security-Policy"]
    parts = (part.strip().partition(" ") for part in header.split(";"))
    return {name: value for name, _, value in parts if name}


def test_pages_run_only_our_own_files(manager: Client) -> None:
    policy = policy_of(manager, reverse("home"))
    assert policy["default-src"] == policy["base-uri"] == policy["frame-ancestors"] == "'none'"
    assert policy["script-src"] == policy["style-src"] == policy["connect-src"] == policy["img-src"] == "'self'"
    assert policy["form-action"].split()[0] == "'self'"


@pytest.mark.parametrize(
    ("header", "value"),
    [
        ("X-Content-Type-Options", "nosniff"),
        ("X-Frame-Options", "DENY"),
        ("Referrer-Policy", "same-origin"),
        ("Cross-Origin-Opener-Policy", "same-origin"),
        ("Cross-Origin-Resource-Policy", "same-origin"),
    ],
)
@pytest.mark.parametrize("path", ["/", "/sign-in/", "/nowhere/"])
def test_every_answer_has_the_headers(client: Client, path: str, header: str, value: str) -> None:
    assert client.get(path)[header] == value
    assert "camera=()" in client.get(path)["Permissions-Policy"]


def test_cookies_are_for_requests_alone(client: Client) -> None:
    person = factories.person()
    client.post(reverse("sign-in"), {"username": person.email, "password": factories.PASSWORD})
    client.get(reverse("sign-in"))
    found = {name: cookie for name, cookie in client.cookies.items() if name.startswith("fulcrum_")}
    assert set(found) == {"fulcrum_session", "fulcrum_csrf"}
    assert all(cookie["httponly"] and cookie["samesite"] == "Lax" for cookie in found.values())


def test_behind_https_cookies_and_sites_are_for_https_only(monkeypatch: pytest.MonkeyPatch) -> None:
    found = settings_with(monkeypatch, FULCRUM_URL="https://fulcrum.example")
    assert found["SESSION_COOKIE_SECURE"] and found["CSRF_COOKIE_SECURE"]
    assert found["SECURE_HSTS_SECONDS"] == 365 * 24 * 3600
    assert settings_with(monkeypatch, FULCRUM_URL="http://127.0.0.1:8000")["SECURE_HSTS_SECONDS"] == 0


def test_over_https_browsers_are_told_to_stay_there(settings: Settings) -> None:
    settings.SECURE_HSTS_SECONDS = 365 * 24 * 3600
    url = reverse("sign-in")
    assert Client().get(url, secure=True)["Strict-Transport-Security"] == "max-age=31536000"
    assert "Strict-Transport-Security" not in Client().get(url)


def test_another_hosts_name_is_not_answered(client: Client) -> None:
    assert client.get(reverse("sign-in"), headers={"Host": "elsewhere.example"}).status_code == 400


def test_a_form_may_lead_into_label_studio(monkeypatch: pytest.MonkeyPatch) -> None:
    found = settings_with(monkeypatch, LABEL_STUDIO_URL="https://label.example/studio")
    assert found["CONTENT_SECURITY_POLICY"]["DIRECTIVES"]["form-action"] == ["'self'", "https://label.example"]


def test_a_drawing_opened_by_itself_runs_nothing(manager: Client) -> None:
    study = factories.study()
    ground.buy_labels(study, 3)
    ground.annotated(study, num_labels=2)
    policy = policy_of(manager, reverse("report-chart", args=[study.pk, "svg"]))
    assert policy["default-src"] == "'none'"
    assert "script-src" not in policy and "sandbox" in policy
