"""The lines of a price file: read as a spreadsheet writes them, checked one by one. Knows no database."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from io import BytesIO

from budgets.cost_kinds import CostKind
from budgets.money import parse_amount
from config.refusals import Refusal
from tables.csv_lines import spellings
from tables.csv_table import CsvTable
from tables.signs import printable
from tables.sources import open_source
from tables.table import Row, TableUnreadable, repeated

COLUMNS = ("kind", "device", "study", "annotator", "amount", "starts_at")
REQUIRED = ("kind", "amount", "starts_at")
MOST_BYTES = 1024 * 1024


class PriceFileUnreadable(Refusal):
    """This is not a price file: no line of it can be checked. Nothing was imported."""


@dataclass(frozen=True, kw_only=True)
class PriceLine:
    """One line as it was read; amounts and times are parsed, names are not looked up yet.

    `amount` None ends an override. `assumed_utc` says that the start came without a time zone.
    """

    number: int
    kind: CostKind
    device: str
    study: str
    annotator: str
    amount: Decimal | None
    starts_at: datetime
    assumed_utc: bool


def read_lines(content: bytes) -> tuple[list[PriceLine | str], tuple[str, ...]]:
    """Read each line, or the text of its error; and what was guessed of the file, and what of it was left out.

    Raises PriceFileUnreadable (size, encoding; columns missing, unknown or doubled).
    """
    if len(content) > MOST_BYTES:
        raise PriceFileUnreadable(
            f"it has {len(content):,} bytes; split it into files of {MOST_BYTES:,} at most.", field="file"
        )
    try:
        table = CsvTable(source=open_source(stream=BytesIO(content)))
        header = [name.lower() for name in table.columns]
        _refuse("missing", [name for name in REQUIRED if name not in header])
        _refuse("unknown", [printable(name) for name in header if name not in COLUMNS])
        _refuse("repeated", repeated(header))
        lines = [_line_or_problem(row) for row in table]
    except TableUnreadable as error:
        raise PriceFileUnreadable(f"{error}", field="file") from None
    return lines, table.notes


def text_of(content: bytes) -> str:
    """Decode a file whose lines could be read, to be sent again as text."""
    return "".join(open_source(stream=BytesIO(content)).lines)


def _refuse(what: str, names: Collection[str]) -> None:
    if names:
        allowed = f"The header names the columns {', '.join(COLUMNS)}."
        raise PriceFileUnreadable(f"{what} column {', '.join(names)[:200]}. {allowed}", field="file")


def _line_or_problem(row: Row) -> PriceLine | str:
    try:
        return _line(row)
    except Refusal as problem:
        return f"line {row.line}: {problem}"


def _line(row: Row) -> PriceLine:
    if row.problem:
        raise Refusal(f"{row.problem}.")
    cells = {name.lower(): cell.strip() for name, cell in row.cells.items()}
    kind = spellings(cells["kind"])[-1]
    if kind not in CostKind.values:
        raise Refusal(f"{kind[:40]!r} is not one of {', '.join(CostKind.values)}.", field="kind")
    amount = spellings(cells["amount"])[-1]
    starts_at, assumed_utc = _start(spellings(cells["starts_at"])[-1])
    return PriceLine(
        number=row.line,
        kind=CostKind(kind),
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
        raise Refusal(f"{text[:40]!r} is not a time such as 2026-01-31T09:30:00+00:00.", field="starts_at") from None
