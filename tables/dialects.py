"""The delimiter of a CSV: as the file declares it, else the one by which its rows fit its header best."""

import csv
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from tables.signs import printable
from tables.table import MOST_CELL_CHARACTERS, TableUnreadable

# The rarer one is in prose, the more it says where the rows fit by several.
_SHOWN = 40
DELIMITERS = {"\t": "tab", "|": "vertical bar", ";": "semicolon", ",": "comma"}
_DECLARATION = re.compile(r"\ufeff?\s*\"?sep=", re.IGNORECASE)
_DECLARED = re.compile(r"\ufeff?[ ]*\"?sep=([^\w\s\"]|\t)\"?[ \r\n]*", re.IGNORECASE)


@dataclass(frozen=True, kw_only=True)
class Record:
    """Cells as they stand on a line or several, or what is wrong there; `is_end`: no more can be read after it."""

    line: int
    cells: Sequence[str] = ()
    problem: str = ""
    is_end: bool = False

    @property
    def is_blank(self) -> bool:
        """Whether it has nothing but white space between its delimiters."""
        return not self.problem and not any(cell.strip() for cell in self.cells)


def declared_delimiter(first_line: str) -> str:
    """Read `sep=;`, a line that Excel writes and takes for itself; empty where there is none.

    Raises: TableUnreadable (it names no delimiter, or more than one, as where a program saved it as a row).
    """
    found = _DECLARED.fullmatch(first_line)
    if found is None and _DECLARATION.match(first_line):
        line = printable(first_line.strip("\ufeff \r\n"), most=_SHOWN)
        raise TableUnreadable(
            f"Line 1: “{line}” names no single delimiter. Write sep=; or the like alone there, or remove it."
        )
    return found[1] if found else ""


def find_delimiter(*, lines: Sequence[str], default: str) -> str:
    """Find the delimiter by which the header has several cells and most rows as many; `default` where none does."""
    shares = {delimiter: _share_that_fits(lines, delimiter) for delimiter in DELIMITERS}
    best = max(shares, key=shares.__getitem__)
    return best if shares[best] >= 0 else default


def _share_that_fits(lines: Sequence[str], delimiter: str) -> float:
    """Return the share of rows that fit the header, -1 where it is one cell."""
    found = (record for record in records(lines, delimiter=delimiter) if not record.is_blank)
    header = next(found, None)
    if header is None or len(header.cells) < 2:
        return -1
    rows = list(found)
    return sum(_fits(row, len(header.cells)) for row in rows) / len(rows) if rows else 1


def _fits(row: Record, num_cells: int) -> bool:
    return not row.problem and len(row.cells) >= num_cells and not any(cell.strip() for cell in row.cells[num_cells:])


def records(lines: Iterable[str], *, delimiter: str, first_line: int = 1) -> Iterator[Record]:
    """Read records strictly: a quote opens at a cell's start, closes at its end, and is doubled within."""
    csv.field_size_limit(MOST_CELL_CHARACTERS)
    last = _Last(lines)
    reader = csv.reader(last, delimiter=delimiter, strict=True)
    while True:
        before = reader.line_num
        try:
            yield Record(line=first_line + before, cells=next(reader))
        except StopIteration:
            return
        except csv.Error as error:
            is_one_line = reader.line_num == before + 1
            # With each quote closed on its line, the next line begins a record; else nobody knows where one begins.
            is_end = not is_one_line or last.line.count('"') % 2 == 1
            until = first_line + reader.line_num - 1 + (sum(1 for _ in last) if is_end else 0)
            problem = _in_words(str(error))
            if is_end:
                problem += f"; the rest of the file was not read (to line {until:,})"
            yield Record(line=first_line + before, problem=problem, is_end=is_end)
            if is_end:
                return


def _in_words(error: str) -> str:
    if "unexpected end of data" in error:
        return "a quote is opened and never closed"
    if "field larger" in error:
        return f"a cell has more than {MOST_CELL_CHARACTERS:,} characters, or a quote is opened and never closed"
    if "new-line character" in error:
        return "a line end (CR) stands within a cell without quotes"
    if "expected after" in error:
        return 'a quote stands within a quoted cell; write it twice ("")'
    return error


class _Last:
    """Hands lines on, and keeps the last one."""

    def __init__(self, lines: Iterable[str]) -> None:
        self._lines = iter(lines)
        self.line = ""

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        self.line = next(self._lines)
        return self.line
