"""Lead times that were cut, because a browser told more time than went by: written down, and counted."""

from decimal import Decimal

from django.db import transaction
from django.db.models import QuerySet

from accounts.audit import record
from accounts.models import AuditRecord
from labeling.models import LabelingProject
from labeling.tickets import Cut
from studies.models import Study

CUT_TIME = "annotation.cut_time"


@transaction.atomic
def note_cut(*, cut: Cut) -> bool:
    """Write a cut into the audit trail, once for each figure that was told.

    Returns: whether it was written now; not for what belongs to no study here, or was written before.
    """
    project = LabelingProject.objects.select_for_update().filter(label_studio_id=cut.project).first()
    if project is None or _told(cut).exists():
        return False
    study = Study.objects.get(pk=project.study_id)
    record(
        actor=None,
        action=CUT_TIME,
        subject=f"time that {cut.email} told for an answer in “{study}”",
        subject_id=cut.annotation,
        budget_id=study.budget_id,
        before={"seconds": _seconds(cut.told)},
        after={"seconds": _seconds(cut.kept)},
    )
    return True


def num_cut(*, study: Study) -> int:
    """Count a study's answers whose told time was cut."""
    rows = AuditRecord.objects.filter(budget_id=study.budget_id, action=CUT_TIME)
    return rows.values("subject_id").distinct().count()


def _told(cut: Cut) -> QuerySet[AuditRecord]:
    before = AuditRecord.objects.filter(action=CUT_TIME, subject_type="annotation", subject_id=cut.annotation)
    return before.filter(before__seconds=f"{_seconds(cut.told).normalize():f}")


def _seconds(value: float) -> Decimal:
    return Decimal(str(round(value, 3)))
