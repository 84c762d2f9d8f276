"""Removes from an answer what its reader may not see, such as other people's annotations and addresses."""

from typing import Any

from labeling.server.rules.routes import ACTIONS, CallerGroup

# Summaries of everybody's annotations.
SUMMARIES = ("annotations_results", "annotations_ids", "annotators", "updated_by", "comment_authors", "drafts_results")

TASKS = frozenset({"tasks:api:task-detail", "projects:api:project-next", "data_manager:dm-actions"})


def redact(*, route: str, data: Any, user: Any, group: CallerGroup) -> Any:
    """Keep what this person may see. Managers see everything but actions that they may not take."""
    if route == "data_manager:dm-actions" and isinstance(data, list):
        return [action for action in data if action.get("id") in ACTIONS[group]]
    if group != CallerGroup.ANNOTATOR:
        return data
    if route == "user-list" and isinstance(data, list):
        return [person for person in data if person.get("id") == user.pk]
    if route == "tasks:api:task-annotations" and isinstance(data, list):
        return _own(data, user)
    if route in TASKS and isinstance(data, dict):
        return _task(data, user)
    return data


def _task(task: dict[str, Any], user: Any) -> dict[str, Any]:
    kept = {name: value for name, value in task.items() if name not in SUMMARIES}
    for name in ("annotations", "drafts"):
        if name in kept:
            kept[name] = _own(kept[name], user)
    return kept


def _own(rows: list[dict[str, Any]], user: Any) -> list[dict[str, Any]]:
    return [row for row in rows if _owner(row) == user.pk]


def _owner(row: dict[str, Any]) -> Any:
    """The owner's id; Label Studio gives a number, or a person written out."""
    owner = row.get("completed_by", row.get("user"))
    return owner.get("id") if isinstance(owner, dict) else owner
