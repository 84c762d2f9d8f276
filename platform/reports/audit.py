"""The audit trail as a file."""

import json
import os
from collections.abc import Iterable, Iterator
from contextlib import ExitStack
from pathlib import Path
from tempfile import NamedTemporaryFile

from accounts.cells import csv_lines
from accounts.models import AuditRecord

AUDIT_COLUMNS = ("at", "who", "action", "subject", "subject_type", "subject_id", "budget_id", "before", "after")
ROWS_AT_A_TIME = 2000


def audit_csv(records: Iterable[AuditRecord]) -> Iterator[str]:
    """Yield the records as CSV lines; times are UTC, values before and after are JSON."""
    return csv_lines(header=AUDIT_COLUMNS, rows=map(_row, records))


def write_audit(*, records: Iterable[AuditRecord], path: Path) -> int:
    """Write the records to a CSV file, which is whole or not there; an older one is replaced.

    Returns: how many records were written.
    Raises: OSError (the place cannot be written).
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    with ExitStack() as undo:
        with NamedTemporaryFile("w", dir=path.parent, prefix=f".{path.name}.", newline="", delete=False) as file:
            undo.callback(Path(file.name).unlink, missing_ok=True)
            num_lines = sum(1 for line in audit_csv(records) if file.write(line))
        os.replace(file.name, path)
    return num_lines - 1


def _row(one: AuditRecord) -> list[object]:
    return [
        one.at.isoformat(),
        one.who,
        one.action,
        one.subject,
        one.subject_type,
        one.subject_id,
        one.budget_id,
        _json(one.before),
        _json(one.after),
    ]


def _json(values: dict[str, object]) -> str:
    return json.dumps(values, ensure_ascii=False, sort_keys=True)
