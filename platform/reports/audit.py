"""The audit trail as a file."""

import json
from collections.abc import Callable, Iterable, Iterator
from itertools import count
from operator import attrgetter
from pathlib import Path

from accounts.models import AuditRecord
from tables.csv_lines import csv_of
from tables.whole_files import write_whole

ROWS_AT_A_TIME = 2000


def _json(values: dict[str, object]) -> str:
    return json.dumps(values, ensure_ascii=False, sort_keys=True)


COLUMNS: dict[str, Callable[[AuditRecord], object]] = {
    "at": lambda record: record.at.isoformat(),
    **{name: attrgetter(name) for name in ("who", "action", "subject", "subject_type", "subject_id", "budget_id")},
    "before": lambda record: _json(record.before),
    "after": lambda record: _json(record.after),
}


def audit_csv(records: Iterable[AuditRecord]) -> Iterator[str]:
    """Yield the records as CSV lines; times are UTC, values before and after are JSON."""
    return csv_of(COLUMNS, records)


def write_audit(*, records: Iterable[AuditRecord], path: Path) -> int:
    """Write the records to a CSV file and count them; an older file is replaced whole. Raises OSError."""
    path.parent.mkdir(parents=True, exist_ok=True)
    numbers = count()
    write_whole({path: (line.encode() for line, _ in zip(audit_csv(records), numbers, strict=False))})
    return next(numbers) - 1
