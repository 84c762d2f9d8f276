"""A study's project in Label Studio: found or created, and kept up to date with the study."""

from urllib.parse import urlsplit

from django.conf import settings
from django.db import transaction
from django.urls import reverse
from django.utils.crypto import salted_hmac

from accounts.audit import record
from accounts.queries import recorded_state
from config.advisory_locks import LockClass, advisory_lock
from labeling.label_studio.client import LabelStudioClient, LabelStudioUnreachable, ProjectPlan
from labeling.label_studio.connecting import connect
from labeling.models import LabelingProject
from labeling.widgets import widget_of
from studies.models import Study
from studies.segmentation import is_marked_by_characters

SECRET_HEADER = "X-Fulcrum-Secret"
MAX_TITLE = 50
MIN_TITLE = 3
# For another process that prepares the same project.
WAIT_SECONDS = 60
_CONNECTED = "labelling.connect"


def ensure_project(*, study: Study, client: LabelStudioClient) -> LabelingProject:
    """Find or make a study's project in Label Studio, with its configuration, tab and webhook.

    A project that a crash left without its id here is found by the marker in its description.

    Raises: LabelStudioUnreachable; LabelStudioMissing (the project was deleted there); LabelStudioRefused (the labels
    are refused).
    """
    project, _ = LabelingProject.objects.get_or_create(study_id=study.pk)
    # One caller at a time, so that two create one project; no row is locked meanwhile.
    with advisory_lock(LockClass.PREPARING, project.pk, wait_seconds=WAIT_SECONDS) as is_ours:
        if not is_ours:
            raise LabelStudioUnreachable(
                f"Another process has been preparing the Label Studio project of “{study}” for {WAIT_SECONDS} seconds. "
                "Try again in a moment."
            )
        project.refresh_from_db()
        return _ensure(project, study, client)


def update_project(*, study: Study) -> None:
    """Give a study's project, if there is one, the study's present name, labels, what they mean, and instructions.

    Raises: LabelStudioUnreachable; LabelStudioRefused.
    """
    project = LabelingProject.objects.filter(study=study, label_studio_id__isnull=False).first()
    if project is not None and project.label_studio_id is not None:
        connect().update_project(project_id=project.label_studio_id, plan=_plan(project, study))


def _ensure(project: LabelingProject, study: Study, client: LabelStudioClient) -> LabelingProject:
    plan = _plan(project, study)
    if project.label_studio_id is None:
        project.label_studio_id = client.find_project(uid=plan.uid) or client.create_project(plan=plan)
        project.gone_at = None
        project.save(update_fields=["label_studio_id", "gone_at"])
    _note_connection(project, study, client)
    client.update_project(project_id=project.label_studio_id, plan=plan)
    client.ensure_view(project_id=project.label_studio_id)
    client.ensure_webhook(
        project_id=project.label_studio_id,
        url=f"{settings.URL}{reverse('labeling-webhook', args=[project.uid])}",
        headers={SECRET_HEADER: project.webhook_secret},
    )
    return project


def _note_connection(project: LabelingProject, study: Study, client: LabelStudioClient) -> None:
    """Record which Label Studio this is; a record is added whenever its address, release or token changes."""
    seen = {
        "url": url_of(client=client),
        "release": client.release(),
        # Only a keyed hash of the token is stored.
        "token_hash": salted_hmac("labeling.connection", settings.LABEL_STUDIO_API_TOKEN).hexdigest()[:12],
        "project": project.label_studio_id,
    }
    with transaction.atomic():
        record(
            actor=None,
            action=_CONNECTED,
            subject=f"Label Studio connection of “{study}”",
            subject_id=project.pk,
            budget_id=study.budget_id,
            before=recorded_state(action=_CONNECTED, subject_id=project.pk),
            after=seen,
        )


def connected_url(*, project: LabelingProject) -> str:
    """Return the address of the Label Studio that a project was last prepared in; empty if unknown."""
    return str(recorded_state(action=_CONNECTED, subject_id=project.pk).get("url", ""))


def url_of(*, client: LabelStudioClient) -> str:
    """Return a Label Studio's address without user name and password."""
    parts = urlsplit(client.url)
    return parts._replace(netloc=parts.netloc.rpartition("@")[2]).geturl()


def _plan(project: LabelingProject, study: Study) -> ProjectPlan:
    widget = widget_of(study.definition)
    title = study.name if len(study.name) >= MIN_TITLE else f"Study {study.name}"
    return ProjectPlan(
        uid=str(project.uid),
        title=title[:MAX_TITLE],
        config=widget.config(
            labels=study.labels,
            instructions=study.instructions,
            by_characters=is_marked_by_characters(study),
            meanings={label: str(meaning) for label, meaning in study.meanings.items()},
        ),
        annotations_per_example=study.annotations_per_example,
        takes_empty=widget.takes_empty,
    )
