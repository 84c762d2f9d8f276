"""Label Studio's webhooks. They come once, unsigned, and may be lost: a hint to sync, nothing more."""

import hmac
from uuid import UUID

from celery import current_app
from django.db import transaction
from django.utils import timezone

from labeling.models import LabelingProject

TASK = "labeling.tasks.sync_project"


class HintRefused(Exception):
    """The webhook does not know the project's secret."""


@transaction.atomic
def note_hint(*, project_uid: UUID, secret: str) -> bool:
    """Note that something happened in a project, and have it synced soon; nothing in the message is believed.

    Further hints before that sync begins change nothing.
    Returns: whether a sync was requested.
    Raises: HintRefused (unknown project, wrong secret).
    """
    project = LabelingProject.objects.filter(uid=project_uid).first()
    if project is None or not hmac.compare_digest(project.webhook_secret.encode(), secret.encode()):
        raise HintRefused(f"A webhook for {project_uid} came with a wrong secret.")
    waiting = LabelingProject.objects.filter(pk=project.pk, hinted_at__isnull=True)
    if not waiting.update(hinted_at=timezone.now()):
        return False
    transaction.on_commit(lambda: current_app.send_task(TASK, kwargs={"project_id": project.pk}))
    return True
