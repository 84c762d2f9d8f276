"""Files of examples: read whole, within limits, into numbered rows that have cells or a problem."""

from dataclasses import dataclass
from io import BytesIO
from itertools import islice

from config.refusals import Refusal
from tables.reading import open_table
from tables.table import Row, TableUnreadable


class FileUnreadable(Refusal):
    """The file as a whole cannot be read: its kind, encoding, header or size is wrong."""


@dataclass(frozen=True, kw_only=True)
class Table:
    """A file's columns and rows; `notes` say what was guessed and what was left out."""

    columns: tuple[str, ...]
    rows: tuple[Row, ...]
    notes: tuple[str, ...] = ()


def read_table(*, content: bytes, file_name: str, encoding: str = "utf-8", max_rows: int = 200_000) -> Table:
    """Read a CSV or JSON-lines file. Raises: FileUnreadable (also where it has more than `max_rows` rows)."""
    try:
        reader = open_table(stream=BytesIO(content), file_name=file_name, encoding=encoding)
        rows = list(islice(reader, max_rows + 1))
    except TableUnreadable as error:
        raise FileUnreadable(str(error)) from None
    if len(rows) > max_rows:
        raise FileUnreadable(f"{file_name} has more than {max_rows:,} rows, the maximum. Split the file.")
    if not rows:
        raise FileUnreadable(f"{file_name} has a header but no rows.")
    if not reader.columns:
        problem = rows[0].problem or "an object without a named value"
        raise FileUnreadable(f"No line is a JSON object of texts. Line {rows[0].line}: {problem}.")
    return Table(columns=reader.columns, rows=tuple(rows), notes=reader.notes)
