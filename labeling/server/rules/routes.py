"""Who may request which page of Label Studio: allow-lists by role, method and named route.

What is not listed is refused, so that a new release of Label Studio opens nothing by accident. Everything else (hooks,
tokens, people, storages, configurations, imports, machine learning backends) is for Fulcrum's own account only.
"""

import re
from enum import StrEnum
from typing import Any


class CallerGroup(StrEnum):
    STRANGER = "stranger"
    ANNOTATOR = "annotator"
    STAFF = "staff"
    SERVICE = "service"


READS = frozenset({"GET", "HEAD", "OPTIONS"})
# Roles of Fulcrum that see other people's work.
STAFF_ROLES = frozenset({"manager", "admin"})
# Files of Label Studio's own pages; their routes have no names.
ASSETS = re.compile(r"^/(static|react-app|dm|label-studio-frontend)/|^/(favicon\.ico|sw\.js|sw-fallback\.js)$")

_READ_BY_ALL = frozenset(
    {
        "fulcrum-enter",
        "fulcrum-prove",
        "fulcrum-script",
        "logout",
        "health",
        "version",
        "api-version",
        "feature_flags",
        "heidi_tips",
        "collect_metrics",
        "session_policy:session-policy",
        "current-user-whoami",
        "current-user-hotkeys",
        "product-tour",
        "user-list",
        "data_manager:project-data",
        "data_manager:api:view-list",
        "data_manager:dm-columns",
        "data_manager:dm-project",
        "data_manager:dm-actions",
        "projects:api:project-detail",
        "projects:api:project-next",
        "projects:api:label-stream-history",
        "tasks:api:task-detail",
        "tasks:api:task-annotations",
        "tasks:api-annotations:annotation-detail",
        "tasks:api-drafts:draft-detail",
    }
)
READABLE: dict[CallerGroup, frozenset[str]] = {
    CallerGroup.STRANGER: frozenset({"fulcrum-enter", "fulcrum-prove", "health", "user-login"}),
    CallerGroup.ANNOTATOR: _READ_BY_ALL,
    CallerGroup.STAFF: _READ_BY_ALL
    | {
        "projects:project-index",
        "projects:api:project-list",
        "projects:api:project-counts-list",
        "projects:api:project-summary",
        "projects:api:project-annotators",
        "projects:api:project-model-versions",
        "data_manager:api:view-detail",
        "data_manager:project-export",
        "data_export:api-projects:project-export",
        "data_export:api-projects:project-export-formats",
        "tasks:api:task-list",
        "tasks:api:task-agreement",
        "tasks:api:task-drafts",
        "tasks:api-predictions:prediction-list",
        "tasks:api-predictions:prediction-detail",
    },
}
_WRITTEN_BY_ALL = frozenset(
    {
        ("POST", "collect_metrics"),
        ("POST", "data_manager:dm-actions"),
        ("PATCH", "product-tour"),
        ("POST", "tasks:api:task-annotations"),
        ("PATCH", "tasks:api-annotations:annotation-detail"),
        ("POST", "tasks:api:task-drafts"),
        ("POST", "tasks:api:task-annotations-drafts"),
        ("PATCH", "tasks:api-drafts:draft-detail"),
        ("DELETE", "tasks:api-drafts:draft-detail"),
    }
)
WRITABLE: dict[CallerGroup, frozenset[tuple[str, str]]] = {
    CallerGroup.STRANGER: frozenset({("POST", "user-login"), ("POST", "jwt_auth:token_refresh")}),
    CallerGroup.ANNOTATOR: _WRITTEN_BY_ALL,
    CallerGroup.STAFF: _WRITTEN_BY_ALL
    | {
        ("DELETE", "tasks:api-annotations:annotation-detail"),
        ("POST", "data_manager:api:view-list"),
        ("PUT", "data_manager:api:view-detail"),
        ("PATCH", "data_manager:api:view-detail"),
        ("DELETE", "data_manager:api:view-detail"),
        ("POST", "data_manager:api:view-update-order"),
    },
}
# Of the data manager's actions, those that write nothing in somebody's name.
ACTIONS: dict[CallerGroup, frozenset[str]] = {
    CallerGroup.ANNOTATOR: frozenset({"next_task"}),
    CallerGroup.STAFF: frozenset({"next_task", "delete_tasks", "delete_tasks_annotations"}),
}
# What Label Studio's pages request and people here do not need. A refusal would cover the page's buttons with a
# warning, so it gets an empty answer.
_EMPTY_FOR_ALL: dict[str, Any] = {
    "ml:api:ml-list": [],
    "labels_manager:api-labels:label_link-list": {"count": 0, "next": None, "previous": None, "results": []},
}
_NO_TASKS = {"tasks": [], "total": 0, "total_annotations": 0, "total_predictions": 0}
EMPTY: dict[CallerGroup, dict[str, Any]] = {
    CallerGroup.STRANGER: {},
    CallerGroup.ANNOTATOR: {**_EMPTY_FOR_ALL, "tasks:api:task-list": _NO_TASKS},
    CallerGroup.STAFF: _EMPTY_FOR_ALL,
}


def allows(*, group: CallerGroup, method: str, route: str, path: str) -> bool:
    if group == CallerGroup.SERVICE:
        return True
    if method in READS:
        return route in READABLE[group] or bool(ASSETS.match(path))
    return (method, route) in WRITABLE[group]
