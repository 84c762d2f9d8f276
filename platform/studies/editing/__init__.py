"""Creating, changing, archiving and duplicating studies."""

from studies.editing.changes import (
    StudyInUse,
    archive_study,
    change_study,
    create_study,
    duplicate_study,
    freeze_test,
    unarchive_study,
    with_labels,
)
from studies.editing.label_texts import (
    LabelTextsInvalid,
    checked_label_texts,
    read_label_lines,
    texts_of_labels,
    write_label_lines,
)
from studies.editing.specs import MAX_NAME, MOST_PAID_SECONDS, StudyInvalid, StudySpec

__all__ = [
    "MAX_NAME",
    "MOST_PAID_SECONDS",
    "LabelTextsInvalid",
    "StudyInUse",
    "StudyInvalid",
    "StudySpec",
    "archive_study",
    "change_study",
    "checked_label_texts",
    "create_study",
    "duplicate_study",
    "freeze_test",
    "read_label_lines",
    "texts_of_labels",
    "unarchive_study",
    "with_labels",
    "write_label_lines",
]
