"""The lines of a price file: read as a spreadsheet writes them, checked one by one. Knows no database."""

import csv
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from io import StringIO

from budgets.models import Kind
from budgets.money import parse_amount

COLUMNS = ("kind", "device", "study", "annotator", "amount", "starts_at")
REQUIRED = ("kind", "amount", "starts_at")
MOST_BYTES = 1024 * 1024
_FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")


class PriceFileUnreadable(ValueError):
    """This is no price file: no line of it can be checked. Nothing was imported."""


@dataclass(frozen=True, kw_only=True)
class PriceLine:
    """One line as it was read; amounts and times are parsed, names are not looked up yet.

    `amount` None ends an override. `assumed_utc` says that the start came without a time zone.
    """

    number: int
    kind: Kind
    device: str
    study: str
    annotator: str
    amount: Decimal | None
    starts_at: datetime
    assumed_utc: bool


def text_of(content: bytes) -> str:
    """Decode a file. Raises: PriceFileUnreadable (size, encoding)."""
    if len(content) > MOST_BYTES:
        raise PriceFileUnreadable(
            f"file: it has {len(content):,} bytes; split it into files of {MOST_BYTES:,} at most."
        )
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise PriceFileUnreadable("file: it is not UTF-8. Save it as “CSV UTF-8”.") from None


def read_lines(text: str) -> Iterator[PriceLine | str]:
    """Read a price file, each line to what it says or, as text, to what is wrong with it.

    Raises: PriceFileUnreadable (empty, columns missing, unknown or doubled).
    """
    rows = csv.reader(StringIO(text, newline=""), strict=True)
    header = _header(rows)
    while True:
        try:
            cells = next(rows, None)
        except csv.Error as error:
            yield f"line {rows.line_num}: this is no CSV ({error}). Nothing after it was read."
            return
        if cells is None:
            return
        if any(cell.strip() for cell in cells):
            yield _line_or_problem(rows.line_num, header, cells)


def spellings(cell: str) -> tuple[str, ...]:
    """What a cell may mean: itself, or its text before a formula's first character got a quote."""
    return (cell, cell[1:]) if cell[:1] == "'" and cell[1:].startswith(_FORMULA_STARTS) else (cell,)


def _header(rows: Iterator[list[str]]) -> list[str]:
    try:
        header = [cell.strip().lower() for cell in next(rows, [])]
    except csv.Error as error:
        raise PriceFileUnreadable(f"file: this is no CSV ({error}).") from None
    allowed = f"Its first line names the columns {', '.join(COLUMNS)}, separated by commas."
    _refuse("misses", [name for name in REQUIRED if name not in header], allowed)
    _refuse("has unknown", [name or "(no name)" for name in header if name not in COLUMNS], allowed)
    _refuse("has twice", sorted({name for name in header if header.count(name) > 1}), allowed)
    return header


def _refuse(what: str, names: Collection[str], allowed: str) -> None:
    if names:
        raise PriceFileUnreadable(f"file: it {what} the column {', '.join(names)[:200]}. {allowed}")


def _line_or_problem(number: int, header: list[str], cells: list[str]) -> PriceLine | str:
    if len(cells) != len(header):
        return f"line {number}: it has {len(cells)} cells, and the first line names {len(header)} columns."
    named = {name: cell.strip() for name, cell in zip(header, cells, strict=True)}
    try:
        return _line(number, named)
    except ValueError as problem:
        return f"line {number}: {problem}"


def _line(number: int, cells: Mapping[str, str]) -> PriceLine:
    kind = spellings(cells["kind"])[-1]
    if kind not in Kind.values:
        raise ValueError(f"kind: {kind[:40]!r} is none of {', '.join(Kind.values)}.")
    amount = spellings(cells["amount"])[-1]
    starts_at, assumed_utc = _start(spellings(cells["starts_at"])[-1])
    return PriceLine(
        number=number,
        kind=Kind(kind),
        device=spellings(cells.get("device", ""))[-1],
        study=cells.get("study", ""),
        annotator=cells.get("annotator", ""),
        amount=parse_amount(amount, name="amount", allow_zero=True) if amount else None,
        starts_at=starts_at,
        assumed_utc=assumed_utc,
    )


def _start(text: str) -> tuple[datetime, bool]:
    try:
        at = datetime.fromisoformat(text)
        return (at.replace(tzinfo=UTC), True) if at.tzinfo is None else (at.astimezone(UTC), False)
    except (ValueError, OverflowError):
        raise ValueError(f"starts_at: {text[:40]!r} is no time such as 2026-01-31T09:30:00+00:00.") from None
