"""Every route of Label Studio by every method and role: what is not listed here is refused.

The lists stand here a second time, so that a route which the guard lets through has to be let through twice.
"""

import json
from pathlib import Path
from typing import Any

import pytest

from accounts.models import Role, User
from studies.models import Study
from tests import factories
from tests.integration.labeling.conftest import Enter, Member, project_id, published_ids
from tests.services import LabelStudioServer

pytestmark = pytest.mark.django_db
ATTACK = Path(__file__).parent / "label_studio_attack.py"
ALL_METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE")
# Of those who come under another's list, one that reads and one that writes.
READ_AND_WRITE = ("GET", "POST")

STRANGERS = frozenset(
    {
        ("GET", "fulcrum-enter"),
        ("GET", "fulcrum-prove"),
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
        *(("GET", f"fulcrum-{name}") for name in ("enter", "prove", "script")),
        *(("GET", name) for name in ("health", "logout", "version", "api-version")),
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


METHODS = {
    "stranger": ALL_METHODS,
    "annotator": ALL_METHODS,
    "manager": ALL_METHODS,
    "admin": READ_AND_WRITE,
    "demoted": READ_AND_WRITE,
    "switched off": READ_AND_WRITE,
}


@pytest.fixture
def members(enter: Enter) -> dict[str, Member]:
    """One signed-in browser per role; two lost what they had after they entered."""
    roles = {"annotator": Role.ANNOTATOR, "manager": Role.MANAGER, "admin": Role.ADMIN}
    entered = {name: enter(factories.person(role)) for name, role in roles.items()}
    entered["demoted"], entered["switched off"] = (enter(factories.person(Role.ADMIN)) for _ in range(2))
    User.objects.filter(pk=entered["demoted"].person.pk).update(role=Role.ANNOTATOR)
    User.objects.filter(pk=entered["switched off"].person.pk).update(is_active=False)
    return entered


def test_what_is_not_listed_is_refused(
    study: Study, label_studio: LabelStudioServer, members: dict[str, Member], annotator: Member
) -> None:
    example = published_ids(study)[0]
    made = annotator.annotate(example).json()["id"]
    plan: dict[str, Any] = {
        "ids": {"projects": project_id(study), "tasks": example, "annotations": made, "users": annotator.id},
        "cookies": {name: member.http.cookies["ls_session"] for name, member in members.items()},
        "allowed": {role: sorted(lines) for role, lines in ALLOWED.items()},
        "methods": METHODS,
    }
    printed = label_studio.python(str(ATTACK), stdin=json.dumps(plan), FULCRUM_ACCESS_SECONDS="60")
    found = json.loads(printed.splitlines()[-1])
    assert found["let_through"] == []
    assert found["sent"] > 5_000
    assert {name for lines in ALLOWED.values() for _, name in lines} <= set(found["routes"])
