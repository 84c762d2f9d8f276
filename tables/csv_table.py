"""CSV: a header and rows that fit it, each with the line it starts on."""

from collections import Counter
from collections.abc import Iterator, Sequence

from tables.dialects import DELIMITERS, Record, declared_delimiter, find_delimiter, records
from tables.signs import comparable, printable, unstorable
from tables.sources import TextSource
from tables.table import (
    MOST_COLUMNS,
    Row,
    TableReader,
    TableUnreadable,
    counted,
    listed,
    name_problem,
    repeated,
    too_many_columns,
)


class CsvTable(TableReader):
    """Reads a CSV whose delimiter is declared, or found from its first lines."""

    def __init__(self, *, source: TextSource, default_delimiter: str = ",") -> None:
        """Read the header. Raises: TableUnreadable."""
        lines = source.sample_lines()
        declared = declared_delimiter(lines[0]) if lines else ""
        self._delimiter = declared or find_delimiter(lines=lines, default=default_delimiter)
        if declared:
            next(source.lines, None)
        self._records = records(source.lines, delimiter=self._delimiter, first_line=2 if declared else 1)
        self._header = self._read_header()
        self._names = {place: name for place, name in enumerate(self._header) if name}
        self._num_needed = max(self._names, default=-1) + 1
        self._notes = (*source.notes, self._delimiter_note(is_declared=bool(declared)))
        self._values_without_name: Counter[int] = Counter()
        self._num_blank = 0
        self._check_names()

    @property
    def columns(self) -> tuple[str, ...]:
        return tuple(self._names.values())

    @property
    def notes(self) -> tuple[str, ...]:
        blank = f"{counted(self._num_blank, 'empty row')} left out." if self._num_blank else ""
        return tuple(note for note in (*self._notes, self._left_out_note(), blank) if note)

    def __iter__(self) -> Iterator[Row]:
        """Yield the rows; several empty cells are no row, but an only cell that is empty is one."""
        for record in self._records:
            if record.problem:
                yield Row(line=record.line, problem=record.problem, ends_reading=record.is_end)
            elif record.is_blank and len(record.cells) != 1:
                # A line with nothing on it, not even a delimiter, is no row to be missed.
                self._num_blank += bool(record.cells)
            else:
                yield self._row(record)

    def _read_header(self) -> Sequence[str]:
        first = next((record for record in self._records if not record.is_blank), None)
        if first is None:
            return ()
        if first.problem:
            raise TableUnreadable(f"Line {first.line}: {first.problem}.")
        if problem := next(filter(None, map(name_problem, first.cells)), ""):
            raise TableUnreadable(f"Line {first.line}: {problem}.")
        return [comparable(cell) for cell in first.cells]

    def _check_names(self) -> None:
        names = self.columns
        if len(names) > MOST_COLUMNS:
            raise too_many_columns(f"The header has {len(names):,} columns, more")
        if self._header and not names:
            raise TableUnreadable("Line 1: no column has a name. Write the columns' names into the first line.")
        if twice := repeated(names):
            called = ", ".join(f"“{printable(name)}”" for name in twice[:5])
            raise TableUnreadable(f"Line 1: several columns are called {called}. Give each a name of its own.")

    def _row(self, record: Record) -> Row:
        cells, num_columns = record.cells, len(self._header)
        if len(cells) < self._num_needed or any(cell.strip() for cell in cells[num_columns:]):
            hint = "; a quote behind a space does not quote" if any(map(_is_quoted_late, cells)) else ""
            found = counted(len(cells), "cell")
            return Row(line=record.line, problem=f"{found} where the header has {num_columns}{hint}")
        if bad := next(filter(None, map(unstorable, cells)), ""):
            return Row(line=record.line, problem=f"a cell has {bad}; write it without")
        if len(self._names) < num_columns:
            extra = range(min(num_columns, len(cells)))
            self._values_without_name.update(n for n in extra if n not in self._names and cells[n].strip())
        return Row(line=record.line, cells={name: cells[place] for place, name in self._names.items()})

    def _delimiter_note(self, *, is_declared: bool) -> str:
        name = DELIMITERS.get(self._delimiter, f"“{self._delimiter}”")
        if is_declared:
            return f"Delimiter: {name}, as line 1 says (sep={self._delimiter})."
        if len(self._header) < 2:
            return f"One column; a text with a {name} in it needs quotes."
        return f"Delimiter: {name}. It gives the rows as many cells as the header."

    def _left_out_note(self) -> str:
        unnamed = [place for place in range(len(self._header)) if place not in self._names]
        if not unnamed:
            return ""
        values = self._values_without_name.total()
        columns, were = ("column", "was") if len(unnamed) == 1 else ("columns", "were")
        what = f"which had {counted(values, 'value')}" if values else f"which {were} empty"
        return f"Left out without a name: {columns} {listed([place + 1 for place in unnamed])}, {what}."


def _is_quoted_late(cell: str) -> bool:
    return cell.startswith(" ") and cell.lstrip().startswith('"')
