from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from labeling.label_studio.remote import LONGEST, read_example, read_lead_time

ANNOTATION: dict[str, Any] = {
    "id": 7,
    "unique_id": "8df9d5d8-7923-45ad-8e2f-6b44672214ad",
    "completed_by": 3,
    "updated_by": 3,
    "was_cancelled": False,
    "result": [],
    "lead_time": 9.22,
    "created_at": "2026-11-22T15:02:10.806855Z",
    "updated_at": "2026-11-22T15:02:10.806868Z",
    "import_id": None,
    "ground_truth": False,
}


def read(*annotations: dict[str, Any]) -> Any:
    row = {"id": 1, "data": {"item_uid": "u"}, "annotations": list(annotations)}
    return read_example(row, changed_at=datetime(2026, 11, 22, tzinfo=UTC))


def test_an_annotation_is_read_with_label_studios_clock() -> None:
    (annotation,) = read(ANNOTATION).annotations
    assert annotation.created_at == datetime(2026, 11, 22, 15, 2, 10, 806855, tzinfo=UTC)
    assert (annotation.completed_by, annotation.lead_time) == (3, timedelta(seconds=9.22))


def test_an_annotator_written_out_is_the_same_as_a_number() -> None:
    (annotation,) = read({**ANNOTATION, "completed_by": {"id": 3, "email": "ann@example.com"}}).annotations
    assert annotation.completed_by == 3


@pytest.mark.parametrize("ours", [{"import_id": 4}, {"ground_truth": True}])
def test_what_we_imported_ourselves_is_left_out(ours: dict[str, Any]) -> None:
    assert read({**ANNOTATION, **ours}).annotations == ()


def test_annotations_come_in_the_order_they_were_made() -> None:
    later = {**ANNOTATION, "id": 8, "unique_id": "f1183025-4cf3-4af8-90a9-41bca262faff"}
    assert [one.id for one in read(later, ANNOTATION).annotations] == [7, 8]


@pytest.mark.parametrize(
    ("seconds", "expected"),
    [
        (None, None),
        ("12", None),
        (True, None),
        (float("nan"), None),
        (0, timedelta(0)),
        (-5, timedelta(seconds=-5)),
        (1e300, LONGEST),
        (-1e300, -LONGEST),
        (10**400, LONGEST),
        (float("-inf"), None),
    ],
)
def test_any_lead_time_is_kept_as_far_as_it_is_a_time(seconds: Any, expected: timedelta | None) -> None:
    assert read_lead_time(seconds) == expected
