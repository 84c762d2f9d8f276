"""JSON lines: one object per line, with the text, the number or the structure of each key."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from tables.signs import comparable, printable, unstorable
from tables.sources import TextSource
from tables.table import (
    MISSING,
    MOST_CELL_CHARACTERS,
    MOST_COLUMNS,
    Row,
    TableReader,
    counted,
    name_problem,
    too_many_columns,
)

_SHOWN_NUMBER = 40


class RowInvalid(Exception):
    """A line is no row; the message says why."""


@dataclass(frozen=True)
class _Number:
    """A number as it was written, so that 1.0, 1e400 and a thousand digits stay what they are."""

    text: str


class JsonTable(TableReader):
    """Reads JSON lines."""

    def __init__(self, *, source: TextSource) -> None:
        self._source = source
        self._columns: dict[str, None] = {}
        self._num_without_name = 0

    @property
    def columns(self) -> tuple[str, ...]:
        return tuple(self._columns)

    @property
    def notes(self) -> tuple[str, ...]:
        unnamed = self._num_without_name
        left_out = f"Left out for a key without a name: {counted(unnamed, 'value')}."
        return (*self._source.notes, left_out) if unnamed else self._source.notes

    def __iter__(self) -> Iterator[Row]:
        """Yield the rows; a line of white space is none. Raises: TableUnreadable (too many keys)."""
        for number, line in enumerate(self._source.lines, 1):
            if not line.strip():
                continue
            row = self._row(number, line)
            if len(self._columns) > MOST_COLUMNS:
                raise too_many_columns(f"The different keys up to line {number:,} make more")
            yield row

    def _row(self, number: int, line: str) -> Row:
        try:
            value = _DECODER.decode(line)
            if not isinstance(value, dict):
                raise RowInvalid("not a JSON object; write one object on each line")
            return self._read(number, _named(value))
        except RowInvalid as error:
            return Row(line=number, problem=str(error))
        except json.JSONDecodeError as error:
            problem = f"not JSON from character {error.pos + 1:,} on ({error.msg}); write one object on each line"
            return Row(line=number, problem=problem)
        except RecursionError:
            return Row(line=number, problem="not JSON that can be read: lists or objects stand too deep in each other")

    def _read(self, number: int, value: dict[str, Any]) -> Row:
        self._num_without_name += value.pop("", None) is not None
        self._columns.update(dict.fromkeys(value))
        cells, not_texts = dict[str, str](), dict[str, str]()
        for name, one in value.items():
            cells[name], what = _cell(one)
            if what:
                not_texts[name] = what
        for name, cell in cells.items():
            _check_cell(name, cell)
        structured = frozenset(name for name in not_texts if isinstance(value[name], dict | list))
        return Row(line=number, cells=cells, structured=structured, not_texts=not_texts)


def _named(value: dict[str, Any]) -> dict[str, Any]:
    """Bring an object's keys into the form of columns' names. Raises: RowInvalid."""
    if len(value) > MOST_COLUMNS:
        raise RowInvalid(f"{len(value):,} keys; {MOST_COLUMNS} columns are the most")
    return _without_repeats([(_name(key), one) for key, one in value.items()])


@lru_cache(maxsize=MOST_COLUMNS)
def _name(key: str) -> str:
    if problem := name_problem(key):
        raise RowInvalid(problem)
    return comparable(key)


def _without_repeats(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for key, one in pairs:
        if key in found:
            raise RowInvalid(f"the key “{printable(key)}” stands twice")
        found[key] = one
    return found


def _cell(value: Any) -> tuple[str, str]:
    """Write a value as a cell, and say what it is where it is neither a text nor null."""
    if isinstance(value, str):
        return value, ""
    if value is None:
        return "", ""
    if isinstance(value, _Number):
        return "" if value.text == MISSING else value.text, printable(value.text, most=_SHOWN_NUMBER)
    written = json.dumps(value, ensure_ascii=False, default=_as_number)
    return written, written if isinstance(value, bool) else "a list or an object"


def _check_cell(name: str, cell: str) -> None:
    if bad := unstorable(cell):
        raise RowInvalid(f"{printable(name)}: has {bad}; write it without")
    if len(cell) > MOST_CELL_CHARACTERS:
        raise RowInvalid(f"{printable(name)}: {len(cell):,} characters; {MOST_CELL_CHARACTERS:,} is the most")


def _as_number(number: _Number) -> int | float:
    try:
        return int(number.text)
    except ValueError:
        return float(number.text)


_DECODER = json.JSONDecoder(
    object_pairs_hook=_without_repeats, parse_int=_Number, parse_float=_Number, parse_constant=_Number
)
