import re

import pytest
from django.template.loader import render_to_string
from django.test import Client, RequestFactory
from django.urls import reverse
from django.views.defaults import bad_request

from accounts.models import Role
from labeling.label_studio import SECRET_HEADER
from labeling.models import LabelingProject
from studies.models import Study
from tests import factories
from tests.integration.web.pages import signed_in_as

pytestmark = pytest.mark.django_db


def test_a_missing_page_says_so(manager: Client) -> None:
    answer = manager.get("/nowhere/")
    assert answer.status_code == 404
    assert "Page not found" in answer.content.decode()


def test_a_forbidden_page_names_the_role_and_who_can_help(study: Study) -> None:
    page = signed_in_as(factories.person(Role.ANNOTATOR)).get(reverse("study", args=[study.pk])).content.decode()
    assert "the role annotator, which may not see a study. Ask an admin." in page


def test_a_form_from_elsewhere_is_refused() -> None:
    answer = Client(enforce_csrf_checks=True).post(reverse("sign-in"), {"username": "a@example.com"})
    assert answer.status_code == 403
    assert "reload the page and submit the form again" in answer.content.decode()


@pytest.mark.parametrize("name", ["sign-in", "sign-out", "labeling-webhook"])
def test_a_request_from_another_sites_page_is_refused(client: Client, name: str, study: Study) -> None:
    project, _ = LabelingProject.objects.get_or_create(study=study)
    url = reverse(name, args=[project.uid] if name == "labeling-webhook" else [])
    secret = {SECRET_HEADER: project.webhook_secret}
    answer = client.post(url, headers={**secret, "Origin": "https://elsewhere.example"})
    assert answer.status_code == 403
    assert "This request came from another site" in answer.content.decode()


def test_a_broken_request_and_a_broken_server_have_pages() -> None:
    request = RequestFactory().get("/")
    assert "was not valid" in bad_request(request, ValueError()).content.decode()


def test_a_bug_is_logged_and_gives_a_reference_and_never_a_forms_message(
    manager: Client, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch, study: Study
) -> None:
    def broken(**_: object) -> None:
        raise ValueError("a bug")

    monkeypatch.setattr("web.views.money.budgets.top_up", broken)
    manager.raise_request_exception = False
    answer = manager.post(reverse("top-up", args=[study.pk]), {"amount": "5"})
    found = re.search(r"reference <code>([0-9a-f]{8})</code>", answer.content.decode())
    assert answer.status_code == 500 and found
    assert f"Reference {found[1]}" in caplog.text and "ValueError: a bug" in caplog.text


def test_the_page_of_a_broken_server_needs_no_database() -> None:
    assert "Fulcrum" in render_to_string("500.html")
