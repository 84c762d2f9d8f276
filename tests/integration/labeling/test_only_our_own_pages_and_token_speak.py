"""Tokens are for Fulcrum's own account, and what changes something comes from Label Studio's own pages."""

import httpx
import pytest

from accounts.models import Role
from labeling.widgets import widget_of
from studies.models import Study
from studies.task_types import TASK_TYPES
from tests import factories
from tests.integration.labeling.conftest import HOME, Enter, Member, project_id, published_ids
from tests.services import LabelStudioServer

pytestmark = pytest.mark.django_db
GOOD = widget_of(TASK_TYPES["text_classification"]).result(target="good", fields={})
JUNK = [
    {"Authorization": "Token 0123456789012345678901234567890123456789"},
    {"Authorization": "Token"},
    {"Authorization": "Bearer no.jwt.here"},
    {"Authorization": "Basic YWRtaW46YWRtaW4="},
    {"Authorization": "Digest x"},
    {"Authorization": ""},
    {"X-Api-Key": "0123456789012345678901234567890123456789"},
]
# Pages that look at the session only, and would take whoever brings a bad token for a stranger or for themselves.
PAGES = [HOME, "/user/account", "/people/", "/projects/{p}/settings", "/projects/{p}/data?labeling=1", "/health/", "/"]


def legacy_token(server: LabelStudioServer, email: str) -> str:
    with server.database() as database:
        query = "SELECT key FROM authtoken_token JOIN htx_user u ON u.id = user_id WHERE u.email = %s"
        row = database.execute(query, [email]).fetchone()
    assert row is not None
    return str(row[0])


@pytest.mark.parametrize("headers", JUNK, ids=lambda headers: str(*headers.values()))
def test_a_bad_token_is_refused_whoever_is_signed_in(study: Study, annotator: Member, headers: dict[str, str]) -> None:
    paths = [page.format(p=project_id(study)) for page in PAGES]
    answers = {path: annotator.http.get(path, headers=headers).status_code for path in paths}
    assert answers == dict.fromkeys(paths, 401)
    write = annotator.http.post(
        f"/api/tasks/{published_ids(study)[0]}/annotations", json={"result": GOOD}, headers=headers
    )
    assert write.status_code == 401


@pytest.mark.parametrize("role", [Role.ANNOTATOR, Role.ADMIN])
def test_a_persons_own_legacy_token_is_no_way_in(label_studio: LabelStudioServer, enter: Enter, role: Role) -> None:
    token = legacy_token(label_studio, enter(factories.person(role)).person.email)
    headers = {"Authorization": f"Token {token}"}
    assert httpx.get(f"{label_studio.url}{HOME}", headers=headers).status_code == 401


@pytest.mark.parametrize("role", [Role.ANNOTATOR, Role.ADMIN])
def test_nobody_makes_a_token_for_themselves(enter: Enter, role: Role) -> None:
    member = enter(factories.person(role))
    for path in ("/api/token/", "/api/token/rotate/", "/api/current-user/reset-token", "/api/jwt/settings"):
        assert member.http.post(path, json={}).status_code == 403
    assert member.http.get("/api/current-user/token").status_code == 403


def test_a_persons_personal_token_from_before_is_no_way_in(label_studio: LabelStudioServer, enter: Enter) -> None:
    email = enter(factories.person(Role.ADMIN)).person.email
    made = (
        "import django; django.setup(); from users.models import User; from jwt_auth.models import LSAPIToken; "
        f"print(LSAPIToken.for_user(User.objects.get(email={email!r})).get_full_jwt())"
    )
    token = label_studio.python("-c", made).split()[-1]
    refreshed = httpx.post(f"{label_studio.url}/api/token/refresh/", json={"refresh": token})
    access = refreshed.json().get("access", "none")
    answer = httpx.get(f"{label_studio.url}{HOME}", headers={"Authorization": f"Bearer {access}"})
    assert answer.status_code == 401


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {"Origin": "http://127.0.0.1:9"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
    ],
)
def test_what_a_page_of_another_site_sends_is_refused(study: Study, annotator: Member, headers: dict[str, str]) -> None:
    path = f"/api/tasks/{published_ids(study)[0]}/annotations"
    answer = annotator.http.post(path, json={"result": GOOD}, headers=headers)
    assert (answer.status_code, answer.json()["detail"]) == (403, "Cross-site requests are refused.")


def test_what_its_own_page_sends_is_taken(study: Study, annotator: Member) -> None:
    headers = {"Origin": annotator.server.url, "Sec-Fetch-Site": "same-origin"}
    path = f"/api/tasks/{published_ids(study)[0]}/annotations"
    assert annotator.http.post(path, json={"result": GOOD}, headers=headers).status_code == 201


def test_no_other_site_may_read_what_a_browser_gets(annotator: Member) -> None:
    answer = annotator.http.get(HOME, headers={"Origin": "https://evil.example"})
    assert "access-control-allow-origin" not in answer.headers


def test_another_host_name_is_not_answered(label_studio: LabelStudioServer) -> None:
    assert httpx.get(f"{label_studio.url}/health", headers={"Host": "evil.example"}).status_code == 400


def test_its_cookies_are_for_its_own_pages_and_no_script(enter: Enter) -> None:
    member = enter(factories.person(Role.ANNOTATOR))
    with httpx.Client() as browser:
        set_cookies = browser.get(f"{member.server.url}/user/login/").headers.get_list("set-cookie")
    answer = member.http.get(HOME)
    set_cookies += answer.headers.get_list("set-cookie")
    assert {cookie.split("=")[0] for cookie in set_cookies} == {"ls_csrf", "ls_session"}
    assert all("HttpOnly" in cookie and "SameSite=Lax" in cookie for cookie in set_cookies)


def test_calls_by_token_leave_no_sessions_behind(label_studio: LabelStudioServer) -> None:
    count = "SELECT count(*) FROM django_session"
    with label_studio.database() as database:
        before = database.execute(count).fetchone()
        for _ in range(3):
            httpx.get(f"{label_studio.url}/health")
        assert database.execute(count).fetchone() == before
