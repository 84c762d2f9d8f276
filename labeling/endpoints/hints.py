"""Label Studio's webhooks. They come once, unsigned, and may be lost: a reason to look, and nothing more."""

import hmac
import time
from uuid import UUID

from celery import current_app
from django.db import transaction
from django.utils import timezone

from labeling.models import LabelingProject
from labeling.sync import SyncResult, sync

# Many annotations in one second are fetched by one sync.
SECONDS_TO_GATHER = 1.0
TASK = "labeling.tasks.sync_project"


class HintRefused(Exception):
    """The webhook does not know the project's secret."""


def receive_hint(*, project_uid: UUID, secret: str) -> bool:
    """Note that something happened in a project, and have it synced soon; nothing in the message is believed.

    Further hints before that sync begins change nothing.
    Returns: whether a sync was requested.
    Raises: HintRefused (unknown project, wrong secret).
    """
    project = LabelingProject.objects.filter(uid=project_uid).first()
    if project is None or not hmac.compare_digest(project.webhook_secret.encode(), secret.encode()):
        raise HintRefused(f"A webhook for {project_uid} came with a wrong secret.")
    return _ask_for_sync(project)


@transaction.atomic
def _ask_for_sync(project: LabelingProject) -> bool:
    waiting = LabelingProject.objects.filter(pk=project.pk, hinted_at__isnull=True)
    if not waiting.update(hinted_at=timezone.now()):
        return False
    transaction.on_commit(lambda: current_app.send_task(TASK, kwargs={"project_id": project.pk}))
    return True


def sync_hinted(*, project_id: int) -> SyncResult:
    """Sync a project after a hint, once the first few annotations have gathered.

    Parameters: `project_id` of a project in Label Studio.
    Returns: what was found.
    """
    time.sleep(SECONDS_TO_GATHER)
    return sync(project=LabelingProject.objects.get(pk=project_id))
