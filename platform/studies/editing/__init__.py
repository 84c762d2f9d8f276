"""Creating, changing, archiving and duplicating studies."""

from studies.editing.changes import (
    StudyInUse,
    archive_study,
    change_study,
    create_study,
    duplicate_study,
    freeze_test,
    unarchive_study,
)
from studies.editing.specs import MAX_NAME, MOST_PAID_SECONDS, StudyInvalid, StudySpec

__all__ = [
    "MAX_NAME",
    "MOST_PAID_SECONDS",
    "StudyInUse",
    "StudyInvalid",
    "StudySpec",
    "archive_study",
    "change_study",
    "create_study",
    "duplicate_study",
    "freeze_test",
    "unarchive_study",
]
