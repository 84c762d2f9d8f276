"""Ledger entries as files, piece by piece: few rows are in memory at once, however many the file has.

Cells are safe to open in a spreadsheet: text that would be a formula is quoted in CSV, and written as text in XLSX.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from io import BytesIO
from itertools import chain, islice
from operator import attrgetter
from tempfile import TemporaryFile
from typing import IO, Any

import pyarrow as pa
import pyarrow.parquet as pq
import xlsxwriter

from budgets.money import trim_quantity
from reports.costs import focus
from reports.costs.costs import CostFilter, CostRow, Grouping, cost_rows, names_of
from reports.costs.rows import EntryRow, entry_rows
from tables.csv_lines import csv_lines, csv_of

# What a sheet of Excel holds, less the header.
ROWS_PER_SHEET = 1_048_575
ROWS_PER_GROUP = 20_000
_LINES_PER_PIECE = 500
_BYTES_PER_PIECE = 1 << 18

_AMOUNT = pa.decimal128(18, 6)
_QUANTITY = pa.decimal128(24, 12)
_MOMENT = pa.timestamp("us", tz="UTC")


SCHEMA = pa.schema(
    {
        "entry_id": pa.int64(),
        "study": pa.string(),
        "budget_id": pa.int64(),
        "occurred_at": _MOMENT,
        "entered_at": _MOMENT,
        "kind": pa.string(),
        "path": pa.string(),
        "origin": pa.string(),
        "annotator": pa.string(),
        "run": pa.string(),
        "quantity": _QUANTITY,
        "unit": pa.string(),
        "price_id": pa.int64(),
        "price": _AMOUNT,
        "amount": _AMOUNT,
        "currency": pa.string(),
        "source_key": pa.string(),
        "subject_key": pa.string(),
        "memo": pa.string(),
        "overshoot": pa.bool_(),
        "reverses_id": pa.int64(),
        "replaces_id": pa.int64(),
    }
)
COLUMNS = tuple(SCHEMA.names)
# Of columns that are not a row's field as it is.
_DERIVED: dict[str, Callable[[EntryRow], Any]] = {
    "study": attrgetter("name"),
    "path": lambda row: row.path or None,
    "run": lambda row: row.run or None,
    "quantity": lambda row: trim_quantity(row.quantity),
    "memo": lambda row: row.memo or None,
}
_CELLS = [_DERIVED.get(name, attrgetter(name)) for name in COLUMNS]


def cells_of(row: EntryRow) -> list[Any]:
    """An entry in the order of COLUMNS."""
    return [cell(row) for cell in _CELLS]


def csv_pieces(rows: Iterable[EntryRow]) -> Iterator[bytes]:
    return _in_pieces(csv_lines(header=COLUMNS, rows=([_csv_cell(cell) for cell in cells_of(row)] for row in rows)))


def focus_pieces(rows: Iterable[EntryRow]) -> Iterator[bytes]:
    return _in_pieces(csv_lines(header=focus.COLUMNS, rows=map(focus.focus_row, rows)))


def parquet_pieces(rows: Iterable[EntryRow], *, rows_per_group: int = ROWS_PER_GROUP) -> Iterator[bytes]:
    """Yield the entries as Parquet, a row group at a time; amounts are decimals."""
    drained = _Drained()
    writer = pq.ParquetWriter(pa.PythonFile(drained, mode="w"), SCHEMA)
    left = iter(rows)
    while group := list(islice(left, rows_per_group)):
        columns = zip(*map(cells_of, group), strict=True)
        arrays = [pa.array(column, type=kind) for column, kind in zip(columns, SCHEMA.types, strict=True)]
        writer.write_table(pa.Table.from_arrays(arrays, schema=SCHEMA))
        yield drained.take()
    writer.close()
    yield drained.take()


def xlsx_pieces(rows: Iterable[EntryRow], *, rows_per_sheet: int = ROWS_PER_SHEET) -> Iterator[bytes]:
    """Yield the entries as an Excel workbook, with as many sheets as they need. Amounts are numbers, times UTC."""
    with TemporaryFile() as file:
        _write_workbook(file, rows, rows_per_sheet)
        file.seek(0)
        while piece := file.read(_BYTES_PER_PIECE):
            yield piece


@dataclass(frozen=True, kw_only=True)
class Format:
    """A kind of file. `suffix` ends its name."""

    label: str
    suffix: str
    content_type: str
    pieces: Callable[[Iterable[EntryRow]], Iterator[bytes]]


_CSV = "text/csv; charset=utf-8"
FORMATS = {
    "csv": Format(label="CSV", suffix="csv", content_type=_CSV, pieces=csv_pieces),
    "xlsx": Format(
        label="XLSX",
        suffix="xlsx",
        content_type="application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
        pieces=xlsx_pieces,
    ),
    "parquet": Format(
        label="Parquet", suffix="parquet", content_type="application/vnd.apache.parquet", pieces=parquet_pieces
    ),
    "focus": Format(label="FOCUS 1.2", suffix="focus.csv", content_type=_CSV, pieces=focus_pieces),
}


def export_entries(*, wanted: CostFilter, file_format: Format) -> Iterator[bytes]:
    return file_format.pieces(entry_rows(wanted=wanted))


def grouped_csv(*, wanted: CostFilter, by: Grouping) -> Iterator[str]:
    """Yield a cost report as CSV, one line per row."""
    rows = cost_rows(wanted=wanted, by=by)
    names = names_of(by=by, keys={row.key for row in rows})
    columns: dict[str, Callable[[CostRow], Any]] = {
        by.value: lambda row: names[row.key],
        **{name: attrgetter(name) for name in ("key", "currency", "amount")},
        "quantity": lambda row: None if row.quantity is None else trim_quantity(row.quantity),
        "entries": attrgetter("num_entries"),
    }
    return csv_of(columns, rows)


def _csv_cell(cell: Any) -> Any:
    if isinstance(cell, bool):
        return "yes" if cell else "no"
    return cell.astimezone(UTC).isoformat() if isinstance(cell, datetime) else cell


def _in_pieces(lines: Iterable[str]) -> Iterator[bytes]:
    """Many lines at once: a line of its own costs a server more than its bytes."""
    left = iter(lines)
    while piece := list(islice(left, _LINES_PER_PIECE)):
        yield "".join(piece).encode()


class _Drained(BytesIO):
    """A file that is only written to, whose bytes are taken away as they come."""

    num_taken = 0

    def tell(self) -> int:
        return self.num_taken + super().tell()

    def take(self) -> bytes:
        taken = self.getvalue()
        self.num_taken += len(taken)
        self.seek(0)
        self.truncate()
        return taken


def _write_workbook(file: IO[bytes], rows: Iterable[EntryRow], rows_per_sheet: int) -> None:
    options = {"constant_memory": True, "remove_timezone": True, "default_date_format": "yyyy-mm-dd hh:mm:ss"}
    with xlsxwriter.Workbook(file, options) as workbook:
        left = iter(rows)
        sheet = 0
        while (first := next(left, None)) is not None or not sheet:
            sheet += 1
            of_sheet = islice(left, rows_per_sheet - 1)
            _write_sheet(workbook, f"Entries {sheet}", chain([first] if first else [], of_sheet))


def _write_sheet(workbook: Any, name: str, rows: Iterable[EntryRow]) -> None:
    sheet = workbook.add_worksheet(name)
    sheet.freeze_panes(1, 0)
    for column, title in enumerate(COLUMNS):
        sheet.write_string(0, column, title)
    for number, row in enumerate(rows, start=1):
        for column, cell in enumerate(cells_of(row)):
            _write_cell(sheet, number, column, cell)


def _write_cell(sheet: Any, row: int, column: int, cell: Any) -> None:
    """Write a cell by its type: text is text, whatever it begins with."""
    if isinstance(cell, str):
        sheet.write_string(row, column, cell)
    elif isinstance(cell, bool):
        sheet.write_boolean(row, column, cell)
    elif isinstance(cell, int | Decimal):
        sheet.write_number(row, column, cell)
    elif isinstance(cell, datetime):
        sheet.write_datetime(row, column, cell.astimezone(UTC))
