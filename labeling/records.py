"""Changes of labelling in the audit trail."""

from typing import Any

from accounts.audit import record
from accounts.models import User
from labeling.models import LabelingProject

PUBLISHED = "labelling.publish"
REPUBLISHED = "labelling.reoffer"
SECOND_OPINIONS = "labelling.second_opinions"
WITHDRAWN = "labelling.withdraw"


def record_labelling(
    *,
    project: LabelingProject,
    action: str,
    after: dict[str, Any],
    before: dict[str, Any] | None = None,
    actor: User | None = None,
) -> None:
    """Add an audit record of a study's labelling; without an actor, Fulcrum itself acted."""
    record(
        actor=actor,
        action=action,
        subject=f"Labelling of “{project.study}”",
        subject_id=project.pk,
        budget_id=project.study.budget_id,
        before=before or {},
        after=after,
    )
