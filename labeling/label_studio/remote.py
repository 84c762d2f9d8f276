"""Label Studio's export, read into our own types, one annotation at a time.

Its fields are what a browser or a script sent. One that cannot be read rejects its own annotation only.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from labeling.label_studio.client import as_datetime

# A forged lead time must not stop the sync; it is clipped to this.
LONGEST = timedelta(days=36_500)
LARGEST_ID = 2_147_483_647
PLAUSIBLE_YEARS = range(2000, 2200)
MAX_DEPTH = 50
# Values and characters together. An answer of 5,000 spans has a tenth of it.
MAX_SIZE = 1_000_000
# Beyond it PostgreSQL may give back another number than it was given.
LARGEST_NUMBER = 10**15


class AnnotationUnreadable(Exception):
    """An annotation, or a part of it, is not as Label Studio writes it; the message names the part."""


@dataclass(frozen=True, kw_only=True)
class RemoteAnnotation:
    """One annotation; `completed_by` and `updated_by` are Label Studio's user ids.

    `trouble` says what could not be read; that part is empty, or what could be kept of it.
    """

    unique_id: UUID | None
    id: int
    completed_by: int | None
    updated_by: int | None
    was_cancelled: bool
    result: Any
    lead_time: timedelta | None
    created_at: datetime
    updated_at: datetime
    trouble: str = ""


@dataclass(frozen=True, kw_only=True)
class RemoteExample:
    """One example with the annotations that people made on it.

    `num_answers` counts as Label Studio does: all that is not a skip, whoever made it. `troubles` are those of
    annotations without an id.
    """

    id: int
    item_uid: str
    annotations: tuple[RemoteAnnotation, ...]
    num_answers: int
    troubles: tuple[str, ...] = ()


def read_example(row: Mapping[str, Any], *, changed_at: datetime) -> RemoteExample:
    """Read one row of an export. Parameters: `changed_at` stands for a time that cannot be read."""
    data, listed = row.get("data"), row.get("annotations")
    found: list[RemoteAnnotation] = []
    troubles = [] if isinstance(listed, list | None) else ["Its annotations are not a list."]
    given = listed if isinstance(listed, list) else []
    for one in given:
        try:
            if _is_from_a_person(one):
                found.append(read_annotation(one, changed_at=changed_at))
        except AnnotationUnreadable as error:
            troubles.append(str(error))
    return RemoteExample(
        id=_own_id(row),
        item_uid=_text(data.get("item_uid")) if isinstance(data, Mapping) else "",
        annotations=tuple(sorted(found, key=lambda one: (one.created_at, one.id))),
        num_answers=sum(not (isinstance(one, Mapping) and one.get("was_cancelled")) for one in given),
        troubles=tuple(troubles),
    )


def read_annotation(row: Any, *, changed_at: datetime) -> RemoteAnnotation:
    """Read one annotation of an export. Raises: AnnotationUnreadable (it has no id)."""
    if not isinstance(row, Mapping):
        raise AnnotationUnreadable("An annotation is not an object.")
    reading = _Reading(row, changed_at)
    return RemoteAnnotation(
        unique_id=reading.unique_id(),
        id=_own_id(row),
        completed_by=reading.user("completed_by"),
        updated_by=reading.user("updated_by"),
        was_cancelled=reading.was_cancelled(),
        result=reading.result(),
        lead_time=read_lead_time(row.get("lead_time")),
        created_at=reading.time("created_at"),
        updated_at=reading.time("updated_at"),
        trouble=" ".join(reading.troubles),
    )


class _Reading:
    def __init__(self, row: Mapping[str, Any], changed_at: datetime) -> None:
        self._row = row
        self._changed_at = changed_at
        self.troubles: list[str] = []

    def unique_id(self) -> UUID | None:
        try:
            return UUID(self._row.get("unique_id"))
        except (AttributeError, TypeError, ValueError):
            self.troubles.append("It has no unique id.")
            return None

    def user(self, name: str) -> int | None:
        """Read a user; Label Studio gives a number, or a person written out."""
        value = self._row.get(name)
        if isinstance(value, Mapping):
            value = value.get("id")
        if isinstance(value, str) and value.isdecimal() and len(value) < 10:
            value = int(value)
        if value is None or (type(value) is int and 0 < value <= LARGEST_ID):
            return value
        self.troubles.append(f"Its {name} is not a person's id.")
        return None

    def was_cancelled(self) -> bool:
        value = self._row.get("was_cancelled")
        if value is not None and not isinstance(value, bool):
            self.troubles.append("Its was_cancelled is neither true nor false.")
        return bool(value)

    def result(self) -> Any:
        # Django would write nothing as the column's own null, which no answer is.
        if self._row.get("result") is None:
            self.troubles.append("It has no result.")
            return []
        kept, trouble = storable(self._row["result"])
        if trouble:
            self.troubles.append(f"Its result {trouble}.")
        return [] if kept is None else kept

    def time(self, name: str) -> datetime:
        try:
            return _time(self._row.get(name))
        except (TypeError, ValueError, OverflowError):
            self.troubles.append(f"Its {name} is not a time.")
            return self._changed_at


def read_lead_time(seconds: Any) -> timedelta | None:
    """Read a lead time, which is the browser's figure; None if it is no number of seconds."""
    is_number = isinstance(seconds, int | float) and not isinstance(seconds, bool)
    if not is_number or (isinstance(seconds, float) and not math.isfinite(seconds)):
        return None
    longest = LONGEST.total_seconds()
    return timedelta(seconds=max(-longest, min(longest, seconds)))


def storable(value: Any) -> tuple[Any, str]:
    """Make a JSON value one that PostgreSQL gives back as it was. Returns: it, and what was wrong, if anything."""
    cleaning = _Cleaning()
    try:
        kept = cleaning.clean(value, 0)
    except _TooLarge:
        return None, "is too large to be kept"
    return kept, cleaning.trouble


class _TooLarge(Exception):
    pass


class _Cleaning:
    def __init__(self) -> None:
        self.trouble = ""
        self._size = 0

    def clean(self, value: Any, depth: int) -> Any:
        self._size += 1
        if self._size > MAX_SIZE:
            raise _TooLarge
        if value is None or isinstance(value, bool):
            return value
        if isinstance(value, str):
            return self._text(value)
        if isinstance(value, int | float):
            return self._number(value)
        if not isinstance(value, Mapping | list | tuple) or depth == MAX_DEPTH:
            self.trouble = "is nested too deeply" if depth == MAX_DEPTH else "has a part that is not JSON"
            return None
        if isinstance(value, Mapping):
            return {self._text(str(key)): self.clean(one, depth + 1) for key, one in value.items()}
        return [self.clean(one, depth + 1) for one in value]

    def _text(self, text: str) -> str:
        self._size += len(text)
        kept = _text(text)
        if kept != text:
            self.trouble = "has characters that cannot be kept"
        return kept

    def _number(self, number: float) -> float | None:
        if isinstance(number, float) and not math.isfinite(number):
            self.trouble = "has a number that is not finite"
            return None
        if abs(number) > LARGEST_NUMBER:
            self.trouble = "has a number that is too large to be kept"
            return None
        return number


def _text(value: Any) -> str:
    """Replace what PostgreSQL takes in no text: zero characters, and halves of a character."""
    text = value if isinstance(value, str) else ""
    return text.encode("utf-8", "replace").decode("utf-8").replace("\x00", "\ufffd")


def _time(value: Any) -> datetime:
    if not isinstance(value, str | datetime):
        raise TypeError(value)
    time = as_datetime(value)
    time = time if time.tzinfo else time.replace(tzinfo=UTC)
    if time.year not in PLAUSIBLE_YEARS:
        raise ValueError(value)
    return time


def _own_id(row: Mapping[str, Any]) -> int:
    found = row.get("id")
    if type(found) is not int or not 0 < found <= LARGEST_ID:
        raise AnnotationUnreadable("It has no id of Label Studio's.")
    return found


def _is_from_a_person(row: Any) -> bool:
    return not (isinstance(row, Mapping) and (row.get("import_id") is not None or row.get("ground_truth")))
