"""Lead times that were cut because a browser reported more time than passed: recorded and counted."""

from decimal import Decimal

from django.db import transaction
from django.db.models import QuerySet

from accounts.audit import record
from accounts.models import AuditRecord
from labeling.models import LabelingProject
from labeling.tickets import LeadTimeReport
from studies.models import Study

CUT_TIME = "annotation.cut_time"


@transaction.atomic
def note_cut(*, report: LeadTimeReport) -> bool:
    """Write a cut into the audit trail, once for each reported figure.

    Returns: whether it was written now; not if it belongs to no study here, or was written before.
    """
    project = LabelingProject.objects.select_for_update().filter(label_studio_id=report.project).first()
    if project is None or _recorded(report).exists():
        return False
    study = Study.objects.get(pk=project.study_id)
    record(
        actor=None,
        action=CUT_TIME,
        subject=f"time that {report.email} reported for an annotation in “{study}”",
        subject_id=report.annotation,
        budget_id=study.budget_id,
        before={"seconds": _seconds(report.reported)},
        after={"seconds": _seconds(report.kept)},
    )
    return True


def num_cut(*, study: Study) -> int:
    """Count a study's annotations whose lead time was cut."""
    rows = AuditRecord.objects.filter(budget_id=study.budget_id, action=CUT_TIME)
    return rows.values("subject_id").distinct().count()


def _recorded(report: LeadTimeReport) -> QuerySet[AuditRecord]:
    before = AuditRecord.objects.filter(action=CUT_TIME, subject_type="annotation", subject_id=report.annotation)
    return before.filter(before__seconds=f"{_seconds(report.reported).normalize():f}")


def _seconds(value: float) -> Decimal:
    return Decimal(str(round(value, 3)))
