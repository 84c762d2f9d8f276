"""Changes of studies in the audit trail."""

from typing import Any

from accounts.audit import record
from accounts.models import User
from studies.models import Study


def record_change(
    *, actor: User, action: str, study: Study, after: dict[str, Any], before: dict[str, Any] | None = None
) -> None:
    record(
        actor=actor,
        action=action,
        subject=f"Study “{study}”",
        subject_id=study.pk,
        budget_id=study.budget_id,
        before=before or {},
        after=after,
    )
