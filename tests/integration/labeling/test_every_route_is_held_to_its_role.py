"""Every route of Label Studio by every method and role: what is not listed here is refused.

The lists stand here a second time, so that a route which the guard lets through has to be let through twice.
"""

import json
import re
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from pathlib import Path

import httpx
import pytest

from accounts.models import Role, User
from studies.models import Study
from tests import factories
from tests.integration.labeling.conftest import Enter, Member, offered, project_id
from tests.services import LabelStudioServer

pytestmark = pytest.mark.django_db
METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE")
# Files of its pages; no route of theirs has a name.
ASSETS = re.compile(r"^/(static|react-app|dm|label-studio-frontend)/|^/(favicon\.ico|sw\.js|sw-fallback\.js)$")
REFUSED = frozenset({401, 403})

STRANGERS = frozenset(
    {
        ("GET", "fulcrum-enter"),
        ("GET", "health"),
        ("GET", "user-login"),
        ("POST", "user-login"),
        ("POST", "jwt_auth:token_refresh"),
    }
)
ANNOTATORS = frozenset(
    {
        *(("GET", f"tasks:api:task-{name}") for name in ("detail", "annotations", "list")),
        *(("POST", f"tasks:api:task-{name}") for name in ("annotations", "drafts", "annotations-drafts")),
        *((method, "tasks:api-annotations:annotation-detail") for method in ("GET", "PATCH")),
        *((method, "tasks:api-drafts:draft-detail") for method in ("GET", "PATCH", "DELETE")),
        *((method, "data_manager:dm-actions") for method in ("GET", "POST")),
        *(("GET", f"data_manager:{name}") for name in ("project-data", "api:view-list", "dm-columns", "dm-project")),
        *(("GET", f"projects:api:{name}") for name in ("project-detail", "project-next", "label-stream-history")),
        *((method, "product-tour") for method in ("GET", "PATCH")),
        *((method, "collect_metrics") for method in ("GET", "POST")),
        *(("GET", name) for name in ("current-user-whoami", "current-user-hotkeys", "user-list")),
        *(("GET", name) for name in ("fulcrum-enter", "fulcrum-script", "health", "logout", "version", "api-version")),
        *(("GET", name) for name in ("feature_flags", "heidi_tips", "session_policy:session-policy")),
        # Answered without content.
        *(("GET", name) for name in ("ml:api:ml-list", "labels_manager:api-labels:label_link-list")),
    }
)
MANAGERS = ANNOTATORS | frozenset(
    {
        ("GET", "projects:project-index"),
        *(("GET", f"projects:api:project-{name}") for name in ("list", "counts-list", "summary")),
        *(("GET", f"projects:api:project-{name}") for name in ("annotators", "model-versions")),
        ("GET", "data_manager:project-export"),
        *(("GET", f"data_export:api-projects:project-{name}") for name in ("export", "export-formats")),
        *(("GET", f"tasks:api:task-{name}") for name in ("agreement", "drafts")),
        *(("GET", f"tasks:api-predictions:prediction-{name}") for name in ("list", "detail")),
        ("DELETE", "tasks:api-annotations:annotation-detail"),
        ("POST", "data_manager:api:view-list"),
        ("POST", "data_manager:api:view-update-order"),
        *((method, "data_manager:api:view-detail") for method in ("GET", "PUT", "PATCH", "DELETE")),
    }
)
ALLOWED = {
    "stranger": STRANGERS,
    "annotator": ANNOTATORS,
    "manager": MANAGERS,
    "admin": MANAGERS,
    "demoted": ANNOTATORS,
    "switched off": STRANGERS,
}


@pytest.fixture(scope="module")
def routes(label_studio_server: LabelStudioServer) -> list[tuple[str, str]]:
    printed = label_studio_server.python(str(Path(__file__).parent / "label_studio_routes.py"))
    found = [json.loads(line) for line in printed.splitlines() if line.startswith("[")]
    assert len(found) > 300
    return [(name, pattern) for name, pattern in found if "format" not in pattern]


@pytest.fixture
def browsers(label_studio: LabelStudioServer, enter: Enter) -> Iterator[Mapping[str, httpx.Client]]:
    """One signed-in browser per role; two lost what they had after they entered."""
    roles = {"annotator": Role.ANNOTATOR, "manager": Role.MANAGER, "admin": Role.ADMIN}
    members: dict[str, Member] = {name: enter(factories.person(role)) for name, role in roles.items()}
    members["demoted"], members["switched off"] = (enter(factories.person(Role.ADMIN)) for _ in range(2))
    User.objects.filter(pk=members["demoted"].person.pk).update(role=Role.ANNOTATOR)
    User.objects.filter(pk=members["switched off"].person.pk).update(is_active=False)
    with ExitStack() as stack:
        stranger = stack.enter_context(httpx.Client(base_url=label_studio.url))
        yield {"stranger": stranger, **{name: member.http for name, member in members.items()}}


def address(pattern: str, ids: Mapping[str, int]) -> str:
    """Fill in a pattern with ids that exist: the study's project, an example, its annotation."""
    path = re.sub(r"\(\?P<(\w+)>[^)]*\)\??", r"<\1>", pattern).replace("<path:", "<").replace("^", "")
    path = re.sub(r"<(?:int:|str:)?(\w+)>", lambda found: str(_value(found[1], pattern, ids)), path)
    return "/" + re.sub(r"[$?]|\\", "", path)


def _value(name: str, pattern: str, ids: Mapping[str, int]) -> int | str:
    if name == "pk":
        kind = next((kind for kind in ("annotations", "tasks", "users") if f"api/{kind}/" in pattern), "projects")
        return ids["users" if "users/" in pattern else kind]
    return {"path": "x", "filename": "x", "sub_path": "x", "entity_name": "task"}.get(name, ids["tasks"])


def refused(answer: httpx.Response) -> bool:
    """Told that it is not for them, or led to Fulcrum or to their next example: never done, and never a crash."""
    away = answer.headers.get("location", "")
    return answer.status_code in REFUSED or (answer.status_code == 302 and not away.startswith("/user/login"))


@pytest.mark.parametrize("role", ALLOWED)
def test_what_is_not_listed_is_refused(
    study: Study, routes: list[tuple[str, str]], browsers: Mapping[str, httpx.Client], role: str, annotator: Member
) -> None:
    example = offered(study)[0]
    made = annotator.annotate(example).json()["id"]
    ids = {"projects": project_id(study), "tasks": example, "annotations": made, "users": annotator.id}
    asked = {
        (method, address(pattern, ids), name)
        for name, pattern in routes
        for method in METHODS
        if (method, name) not in ALLOWED[role]
    }
    let_through = []
    for method, path, name in sorted(asked):
        if method == "GET" and ASSETS.match(path):
            continue
        answer = browsers[role].request(method, path, follow_redirects=False)
        if not refused(answer):
            let_through.append(f"{method} {path} ({name}): {answer.status_code}")
    assert let_through == []


def test_the_lists_name_routes_that_there_are(routes: list[tuple[str, str]]) -> None:
    known = {name for name, _ in routes}
    assert {name for lists in ALLOWED.values() for _, name in lists} <= known
