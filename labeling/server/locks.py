# mypy: ignore-errors
# Label Studio's packages, and this app's models, are known in its own virtual environment only.
"""One example a person and project: whoever is given one lets go of the others that they had been given."""

from typing import Any

from django.db import transaction
from django.http import HttpRequest
from tasks.models import Task, TaskLock

from labeling.server import gate
from labeling.server.identity import Caller
from labeling.server.rules import Group


def keep_one(*, request: HttpRequest, route: str, caller: Caller, response: Any) -> None:
    """Give back the locks on other examples of the project, once an example was given."""
    if not gate.asks_for_next(request, route) or not isinstance(response.data, dict) or "id" not in response.data:
        return
    given = Task.objects.filter(pk=response.data["id"]).first()
    if given is None:
        return
    with transaction.atomic():
        others = TaskLock.objects.filter(user=caller.user, task__project=given.project_id).exclude(task=given)
        others.delete()
        is_held = TaskLock.objects.filter(user=caller.user, task=given).exists()
        if caller.group == Group.ANNOTATOR and not is_held:
            # Their other window let go of it in the meantime.
            given.set_lock(caller.user)
