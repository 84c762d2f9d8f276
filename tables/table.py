"""What a table file is read into: named columns, rows that have cells or a problem, and what was assumed."""

from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from tables.signs import printable, unstorable

MOST_COLUMNS = 200
MOST_NAME_CHARACTERS = 500
MOST_CELL_CHARACTERS = 1_000_000
# What programs write in JSON for a value that is missing, though it is no JSON.
MISSING = "NaN"
_NAMED = 5
_NAMED_COLUMNS = 20


class TableUnreadable(Exception):
    """The file as a whole cannot be read: its kind, encoding, header or size is wrong."""


@dataclass(frozen=True, kw_only=True)
class Row:
    """One row: its first line in the file, and its cells by column, or what is wrong with it.

    `structured` names the cells that were lists or objects; they are kept as JSON. `not_texts` has what JSON had
    instead of a text, by column: a number, true, NaN, a list. `ends_reading`: nothing after it could be read.
    """

    line: int
    cells: dict[str, str] = field(default_factory=dict)
    structured: frozenset[str] = frozenset()
    not_texts: Mapping[str, str] = field(default_factory=dict)
    problem: str = ""
    ends_reading: bool = False


class TableReader(ABC):
    """Reads the rows of one file, once, one by one."""

    @property
    @abstractmethod
    def columns(self) -> tuple[str, ...]:
        """The names of the columns; JSON lines know them only when all rows are read."""

    @property
    @abstractmethod
    def notes(self) -> tuple[str, ...]:
        """What was guessed and what was left out, in sentences; complete when all rows are read."""

    @abstractmethod
    def __iter__(self) -> Iterator[Row]:
        """Yield the rows."""


def name_problem(name: str) -> str:
    """Say why a column cannot be called so; empty where it can."""
    if len(name) > MOST_NAME_CHARACTERS:
        return f"the name of a column has {len(name):,} characters; {MOST_NAME_CHARACTERS} is the most"
    if bad := unstorable(name):
        return f"the name of the column “{printable(name)}” has {bad}"
    return ""


def repeated(names: Sequence[str]) -> list[str]:
    """Return the names that stand more than once, in order."""
    return [name for name, count in Counter(names).items() if count > 1]


def too_many_columns(where: str) -> TableUnreadable:
    """Say that a file has more columns than a table can have."""
    return TableUnreadable(
        f"{where} than {MOST_COLUMNS} columns, which is the most. Keep the columns with texts, labels and splits."
    )


def listed(numbers: Sequence[int]) -> str:
    """Name lines or columns by number: the first ones, and how many more there are."""
    return first_of([f"{number:,}" for number in numbers], most=_NAMED)


def listed_columns(columns: Sequence[str]) -> str:
    """Name columns in a message: the first ones, and how many more there are."""
    return first_of([printable(name) for name in columns], most=_NAMED_COLUMNS)


def first_of(names: Sequence[str], *, most: int) -> str:
    """Write the first names of a list, and how many more there are."""
    return ", ".join(names[:most]) + (f" and {len(names) - most:,} more" if len(names) > most else "")


def counted(number: int, noun: str) -> str:
    """Write a number with its noun."""
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"
