"""Cells and lines of our CSV files: safe to open in a spreadsheet, and written as they are read."""

import csv
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

# A spreadsheet runs a cell that begins with one of these.
_FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")


def safe_cell(cell: object) -> object:
    """Text gets a quote before a formula's first character; our own numbers stay numbers."""
    return f"'{cell}" if isinstance(cell, str) and cell.startswith(_FORMULA_STARTS) else cell


def csv_lines(*, header: Sequence[str], rows: Iterable[Sequence[object]]) -> Iterator[str]:
    """Yield a CSV line by line, its header first; no row is read before its line is needed."""
    writer: Any = csv.writer(_Passing())
    yield writer.writerow(header)
    for row in rows:
        yield writer.writerow([safe_cell(cell) for cell in row])


class _Passing:
    """Hands each line on instead of keeping it."""

    def write(self, line: str) -> str:
        return line
