"""What Label Studio's export says, read once at the edge into our own terms."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from labeling.client import as_datetime

# A forged lead time must not crash the reading of everybody's; beyond this it is nonsense, and only that is said.
LONGEST = timedelta(days=36_500)


@dataclass(frozen=True, kw_only=True)
class RemoteAnnotation:
    """One annotation as Label Studio has it. `completed_by` and `updated_by` are its user ids."""

    unique_id: UUID
    id: int
    completed_by: int | None
    updated_by: int | None
    was_cancelled: bool
    result: Any
    lead_time: timedelta | None
    created_at: datetime
    updated_at: datetime


@dataclass(frozen=True, kw_only=True)
class RemoteExample:
    """One example with the annotations that people made on it; those that we imported ourselves are left out."""

    id: int
    item_uid: str
    annotations: tuple[RemoteAnnotation, ...]


def read_example(row: Mapping[str, Any]) -> RemoteExample:
    """Read one row of an export."""
    people_made = [read_annotation(one) for one in row.get("annotations", ()) if _is_from_a_person(one)]
    return RemoteExample(
        id=int(row["id"]),
        item_uid=str(row["data"].get("item_uid", "")),
        annotations=tuple(sorted(people_made, key=lambda one: (one.created_at, one.id))),
    )


def read_annotation(row: Mapping[str, Any]) -> RemoteAnnotation:
    """Read one annotation of an export."""
    return RemoteAnnotation(
        unique_id=UUID(str(row["unique_id"])),
        id=int(row["id"]),
        completed_by=_user_id(row.get("completed_by")),
        updated_by=_user_id(row.get("updated_by")),
        was_cancelled=bool(row.get("was_cancelled")),
        result=row.get("result"),
        lead_time=read_lead_time(row.get("lead_time")),
        created_at=as_datetime(row["created_at"]),
        updated_at=as_datetime(row["updated_at"]),
    )


def read_lead_time(seconds: Any) -> timedelta | None:
    """Read a lead time. It is the browser's figure: whatever it is is kept, nothing stays None."""
    if isinstance(seconds, bool) or not isinstance(seconds, int | float) or seconds != seconds:
        return None
    longest = LONGEST.total_seconds()
    return timedelta(seconds=max(-longest, min(longest, seconds)))


def _is_from_a_person(row: Mapping[str, Any]) -> bool:
    return bool(row.get("unique_id")) and row.get("import_id") is None and not row.get("ground_truth")


def _user_id(value: Any) -> int | None:
    """Read a user; Label Studio gives a number, or a person written out."""
    if isinstance(value, Mapping):
        value = value.get("id")
    return int(value) if value is not None else None
