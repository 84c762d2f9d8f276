"""What Label Studio's requests do: hints that something happened, access questions, lead time reports."""

import hmac
from decimal import Decimal
from typing import Any
from uuid import UUID

from celery import current_app
from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
from django.contrib.sessions.models import Session
from django.db import transaction
from django.db.models import CharField, F, Func
from django.utils import timezone
from django.utils.crypto import constant_time_compare

from accounts.audit import record
from accounts.models import AuditRecord, User
from labeling.models import LabelingProject
from labeling.tickets import AccessQuestion, LeadTimeReport
from studies.models import Study

SYNC_TASK = "labeling.tasks.sync_project"
CUT_TIME = "annotation.cut_time"


class HintRefused(Exception):
    """The webhook does not know the project's secret."""


@transaction.atomic
def note_hint(*, project_uid: UUID, secret: str) -> bool:
    """Have a project synced soon; nothing in the webhook is believed, and further ones before that change nothing.

    Returns: whether a sync was requested.
    Raises: HintRefused (unknown project, wrong secret).
    """
    project = LabelingProject.objects.filter(uid=project_uid).first()
    if project is None or not hmac.compare_digest(project.webhook_secret.encode(), secret.encode()):
        raise HintRefused(f"A webhook for {project_uid} came with a wrong secret.")
    waiting = LabelingProject.objects.filter(pk=project.pk, hinted_at__isnull=True)
    if not waiting.update(hinted_at=timezone.now()):
        return False
    transaction.on_commit(lambda: current_app.send_task(SYNC_TASK, kwargs={"project_id": project.pk}))
    return True


def role_now(*, question: AccessQuestion) -> str:
    """Find a person's role; empty without an active account, or after their session has ended."""
    person = User.objects.filter(email__iexact=question.email, is_active=True).first()
    if person is None:
        return ""
    if not question.session:
        return str(person.role)
    if question.signs_out:
        _sessions(question.session).delete()
    return str(person.role) if any(_is_of(session, person) for session in _sessions(question.session)) else ""


def _sessions(reference: str) -> Any:
    """Find the live session of a reference, without reading session keys into this process."""
    sha256 = "encode(sha256(convert_to(%(expressions)s, 'UTF8')), 'hex')"
    named = Func(F("session_key"), template=sha256, output_field=CharField())
    return Session.objects.annotate(reference=named).filter(reference=reference, expire_date__gt=timezone.now())


def _is_of(session: Session, person: User) -> bool:
    """Whether the session is this person's, with their current password."""
    data = session.get_decoded()
    is_theirs = data.get(SESSION_KEY) == str(person.pk) and BACKEND_SESSION_KEY in data
    return is_theirs and constant_time_compare(data.get(HASH_SESSION_KEY, ""), person.get_session_auth_hash())


@transaction.atomic
def note_cut(*, report: LeadTimeReport) -> None:
    """Write a cut into the audit trail, once for each reported figure; not if it belongs to no study here."""
    project = LabelingProject.objects.select_for_update().filter(label_studio_id=report.project).first()
    reported, kept = (Decimal(str(round(seconds, 3))) for seconds in (report.reported, report.kept))
    before = AuditRecord.objects.filter(action=CUT_TIME, subject_type="annotation", subject_id=report.annotation)
    if project is None or before.filter(before__seconds=f"{reported.normalize():f}").exists():
        return
    study = Study.objects.get(pk=project.study_id)
    record(
        actor=None,
        action=CUT_TIME,
        subject=f"time that {report.email} reported for an annotation in “{study}”",
        subject_id=report.annotation,
        budget_id=study.budget_id,
        before={"seconds": reported},
        after={"seconds": kept},
    )


def num_cut(*, study: Study) -> int:
    rows = AuditRecord.objects.filter(budget_id=study.budget_id, action=CUT_TIME)
    return rows.values("subject_id").distinct().count()
