"""What an annotator may and may not do in Label Studio: one table."""

import httpx
import pytest
from pytest_django import Settings

from accounts.models import Role
from labeling.widgets import widget_of
from studies.models import Study
from studies.task_types import TASK_TYPES
from tests import factories
from tests.integration.labeling.conftest import Call, Enter, Member, project_id, published_ids
from tests.services import LabelStudioServer

pytestmark = pytest.mark.django_db
GOOD = widget_of(TASK_TYPES["text_classification"]).result(target="good", fields={})

# {p} the project, {e} an example, {own} and {other} annotations on it, {me} and {them} their makers.
ALLOWED = [
    ("GET", "/projects/{p}/data?labeling=1", None),
    ("GET", "/api/projects/{p}", None),
    ("GET", "/api/projects/{p}/label-stream-history", None),
    ("GET", "/api/dm/views?project={p}", None),
    ("GET", "/api/dm/columns?project={p}", None),
    ("GET", "/api/users", None),
    ("GET", "/api/current-user/whoami", None),
    ("GET", "/api/tasks/{e}", None),
    ("GET", "/api/annotations/{own}", None),
    ("PATCH", "/api/annotations/{own}", {"result": GOOD}),
    ("PATCH", "/api/annotations/{own}/", {"result": GOOD, "completed_by": "{me}", "task": "{e}"}),
    ("POST", "/api/tasks/{e}/annotations", {"result": GOOD}),
    ("POST", "/api/tasks/{e}/drafts", {"result": GOOD, "lead_time": 1}),
    ("POST", "/api/dm/actions?id=next_task&project={p}", {"filters": {"conjunction": "and", "items": []}}),
]
FORBIDDEN = [
    ("GET", "/projects/{p}/data/export", None),
    ("GET", "/api/projects/", None),
    ("GET", "/api/projects/{p}/export?exportType=JSON", None),
    ("GET", "/api/projects/{p}/exports/", None),
    ("POST", "/api/projects/{p}/exports/", {}),
    ("GET", "/api/projects/{p}/summary", None),
    ("GET", "/api/projects/{p}/tasks/", None),
    ("GET", "/api/tasks/{e}/agreement/", None),
    ("GET", "/api/tasks/{e}/drafts", None),
    ("GET", "/api/annotations/{other}", None),
    ("GET", "/api/webhooks/", None),
    ("GET", "/api/webhooks?project={p}", None),
    ("POST", "/api/webhooks/", {"url": "http://example.com"}),
    ("GET", "/api/invite", None),
    ("POST", "/api/invite/reset-token", {}),
    ("GET", "/api/organizations/", None),
    ("GET", "/api/organizations/1/memberships", None),
    ("GET", "/api/token/", None),
    ("POST", "/api/token/", {}),
    ("GET", "/api/current-user/token", None),
    ("POST", "/api/current-user/reset-token/", {}),
    ("POST", "/api/jwt/settings", {"legacy_api_tokens_enabled": True}),
    ("POST", "/api/users/", {"email": "friend@example.com", "username": "friend"}),
    ("PATCH", "/api/users/{me}/", {"is_staff": True}),
    ("DELETE", "/api/users/{them}/", None),
    ("POST", "/api/projects/", {"title": "mine"}),
    ("PATCH", "/api/projects/{p}/", {"title": "mine"}),
    ("DELETE", "/api/projects/{p}/", None),
    ("POST", "/api/projects/{p}/import", [{"text": "spam"}]),
    ("POST", "/api/tasks/", {"project": "{p}", "data": {"text": "spam"}}),
    ("PATCH", "/api/tasks/{e}/", {"data": {"text": "spam"}}),
    ("DELETE", "/api/tasks/{e}/", None),
    ("DELETE", "/api/annotations/{own}/", None),
    ("DELETE", "/api/annotations/{other}/", None),
    ("PATCH", "/api/annotations/{other}/", {"result": GOOD}),
    ("PATCH", "/api/annotations/{other}", {"result": GOOD}),
    ("PUT", "/api/annotations/{own}/", {"result": GOOD}),
    ("PATCH", "/api/annotations/{own}/", {"completed_by": "{them}"}),
    ("PATCH", "/api/annotations/{own}/", {"updated_by": "{them}"}),
    ("PATCH", "/api/annotations/{own}/", {"ground_truth": True}),
    ("PATCH", "/api/annotations/{own}/", {"task": 1}),
    ("POST", "/api/annotations/{other}/convert-to-draft", {}),
    ("POST", "/api/tasks/{e}/annotations", {"result": GOOD, "completed_by": "{them}"}),
    ("POST", "/api/tasks/{e}/annotations", {"result": GOOD, "updated_by": "{them}"}),
    ("POST", "/api/tasks/{e}/annotations", {"result": GOOD, "ground_truth": True}),
    ("POST", "/api/tasks/{e}/annotations", {"result": GOOD, "parent_annotation": "{other}"}),
    ("POST", "/api/tasks/{e}/annotations/{other}/drafts", {"result": GOOD}),
    ("POST", "/api/dm/actions?id=delete_tasks&project={p}", {"selectedItems": {"all": True, "excluded": []}}),
    ("POST", "/api/dm/actions?id=next_task&id=delete_tasks&project={p}", {}),
    ("POST", "/api/dm/views/", {"project": "{p}"}),
    ("DELETE", "/api/dm/views/reset/", {"project": "{p}"}),
    ("POST", "/api/predictions/", {"task": "{e}", "result": GOOD}),
    ("POST", "/api/ml/", {"project": "{p}", "url": "http://example.com"}),
    ("GET", "/api/storages/?project={p}", None),
    ("GET", "/django-rq/", None),
    ("GET", "/admin/", None),
]


@pytest.fixture
def call(study: Study, annotator: Member, enter: Enter) -> Call:
    """Send a request as an annotator who answered an example that another one answered too."""
    other = enter(factories.person(Role.ANNOTATOR))
    example = published_ids(study)[0]
    names = {
        "p": study.labeling_project.label_studio_id,
        "e": example,
        "me": annotator.id,
        "them": other.id,
        "own": annotator.annotate(example).json()["id"],
        "other": other.annotate(example).json()["id"],
    }

    def send(method: str, path: str, body: object) -> httpx.Response:
        if isinstance(body, dict):
            body = {k: v.format(**names) if isinstance(v, str) else v for k, v in body.items()}
        return annotator.http.request(method, path.format(**names), json=body)

    return send


def test_annotators_can_do_what_labelling_takes(call: Call) -> None:
    answers = {(method, path): call(method, path, body).status_code for method, path, body in ALLOWED}
    assert {line: code for line, code in answers.items() if code not in (200, 201)} == {}


def test_annotators_can_do_nothing_else(call: Call) -> None:
    answers = {f"{method} {path} {body}": call(method, path, body).status_code for method, path, body in FORBIDDEN}
    assert {line: code for line, code in answers.items() if code != 403} == {}


def test_an_annotator_does_not_see_what_others_answered(call: Call, annotator: Member) -> None:
    seen = call("GET", "/api/tasks/{e}", None).json()
    listed = call("GET", "/api/tasks/{e}/annotations", None).json()
    owners = {one["completed_by"]["id"] for one in seen["annotations"]} | {one["completed_by"] for one in listed}
    assert owners == {annotator.id}
    assert "annotations_results" not in seen
    assert [one["id"] for one in call("GET", "/api/users", None).json()] == [annotator.id]
    assert call("GET", "/api/tasks?project={p}&fields=all", None).json()["tasks"] == []


def test_a_form_cannot_say_what_json_may_not(study: Study, annotator: Member) -> None:
    form = {"result": "[]", "ground_truth": "true"}
    assert annotator.http.post(f"/api/tasks/{published_ids(study)[0]}/annotations", data=form).status_code == 415


@pytest.mark.parametrize("page", ["/", "/projects/", "/projects/{p}/settings", "/user/account", "/people/"])
def test_label_studios_own_pages_lead_back_to_fulcrum(
    study: Study, annotator: Member, settings: Settings, page: str
) -> None:
    answer = annotator.http.get(page.format(p=project_id(study)), follow_redirects=False)
    assert (answer.status_code, answer.headers.get("location")) == (302, settings.URL)


@pytest.mark.parametrize("page", ["/projects/{p}/data", "/projects/{p}/data?task=1&tab=2", "/projects/{p}/"])
def test_the_list_of_all_examples_leads_an_annotator_to_the_next_one(
    study: Study, annotator: Member, page: str
) -> None:
    answer = annotator.http.get(page.format(p=project_id(study)), follow_redirects=False)
    assert answer.headers["location"] == f"/projects/{project_id(study)}/data?labeling=1"


def test_two_people_are_never_given_the_same_example(study: Study, annotator: Member, enter: Enter) -> None:
    other = enter(factories.person(Role.ANNOTATOR))
    assert annotator.open_next(study) == annotator.open_next(study) == published_ids(study)[0]
    assert other.open_next(study) == published_ids(study)[1]


def test_a_manager_is_not_held_to_labelling(study: Study, enter: Enter) -> None:
    manager = enter(factories.person(Role.MANAGER))
    assert manager.http.get(f"/api/projects/{study.labeling_project.label_studio_id}/summary").status_code == 200


def test_nobody_signs_up_by_themselves(label_studio: LabelStudioServer) -> None:
    answer = httpx.post(f"{label_studio.url}/user/signup/", data={"email": "me@example.com", "password": "x" * 12})
    assert answer.status_code == 403
