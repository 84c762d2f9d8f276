"""CSV as we write it: line by line, and safe to open in a spreadsheet."""

import csv
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any, TypeVar

T = TypeVar("T")
# A spreadsheet runs a cell that begins with one of these.
_FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")


def safe_cell(cell: object) -> object:
    """Put a quote before text that a spreadsheet would run; our own numbers stay numbers."""
    return f"'{cell}" if isinstance(cell, str) and cell.startswith(_FORMULA_STARTS) else cell


def spellings(cell: str) -> tuple[str, ...]:
    """List what a cell may mean: itself, or its text before `safe_cell` put a quote there."""
    return (cell, cell[1:]) if cell[:1] == "'" and cell[1:].startswith(_FORMULA_STARTS) else (cell,)


def csv_lines(*, header: Sequence[str], rows: Iterable[Sequence[object]], is_safe: bool = True) -> Iterator[str]:
    """Yield a CSV line by line, header first; with `is_safe` each cell goes through `safe_cell`."""
    writer: Any = csv.writer(_Passing())
    yield writer.writerow(header)
    for row in rows:
        yield writer.writerow([safe_cell(cell) for cell in row] if is_safe else row)


def csv_of(columns: Mapping[str, Callable[[T], object]], items: Iterable[T]) -> Iterator[str]:
    """Yield a CSV of items, from a table of columns: their names, and how each cell is taken from an item."""
    cells = list(columns.values())
    return csv_lines(header=list(columns), rows=([cell(item) for cell in cells] for item in items))


class _Passing:
    """Hands each line on instead of keeping it."""

    def write(self, line: str) -> str:
        return line
