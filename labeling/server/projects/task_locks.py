"""One example per person and project: whoever is given one releases the others that they had been given."""

from typing import Any

from django.db import transaction
from tasks.models import Task, TaskLock

from labeling.server.access import GuardedRequest
from labeling.server.projects.gate import asks_for_next
from labeling.server.rules import CallerGroup


def keep_one_lock(guarded: GuardedRequest, response: Any) -> None:
    """Release the person's locks on other examples of the project, once an example was given."""
    if not asks_for_next(guarded) or not isinstance(response.data, dict) or "id" not in response.data:
        return
    given = Task.objects.filter(pk=response.data["id"]).first()
    if given is None:
        return
    user = guarded.caller.user
    with transaction.atomic():
        TaskLock.objects.filter(user=user, task__project=given.project_id).exclude(task=given).delete()
        is_locked = TaskLock.objects.filter(user=user, task=given).exists()
        if guarded.caller.group == CallerGroup.ANNOTATOR and not is_locked:
            # A request of their other window released it in the meantime.
            given.set_lock(user)
