"""Reading CSV and JSON lines: bytes to numbered rows, or an error that names the line and the mend."""

import csv
import io
import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import _csv

ENCODINGS = {
    "utf-8": "UTF-8",
    "utf-16": "UTF-16",
    "cp1252": "Windows-1252 (Western)",
    "latin-1": "ISO 8859-1",
}
_SINGLE_BYTE = {"cp1252", "latin-1"}
_MAX_FIELD = 1_000_000


class FileUnreadable(ValueError):
    """The file as a whole cannot be read: its kind, encoding, header or size is wrong."""


@dataclass(frozen=True, kw_only=True)
class Row:
    """One row: its first line in the file, and its cells by column, or what is wrong with it.

    `structured` names the cells that were lists or objects; they are kept as JSON.
    """

    line: int
    cells: dict[str, str] = field(default_factory=dict)
    structured: frozenset[str] = frozenset()
    problem: str = ""


@dataclass(frozen=True, kw_only=True)
class Table:
    columns: tuple[str, ...]
    rows: tuple[Row, ...]


def read_table(*, content: bytes, file_name: str, encoding: str = "utf-8", max_rows: int = 200_000) -> Table:
    """Read a CSV or JSON-lines file.

    Raises: FileUnreadable (unknown kind, encoding, empty file, header, more than `max_rows` rows).
    """
    text = decode(content=content, encoding=encoding)
    if not text.strip():
        raise FileUnreadable(f"{file_name} is empty.")
    suffix = file_name.rsplit(".", 1)[-1].lower()
    if suffix in {"jsonl", "ndjson"}:
        table = _read_jsonl(text)
    elif suffix in {"csv", "tsv", "txt"}:
        table = _read_csv(text)
    else:
        raise FileUnreadable(f"{file_name}: files ending in .csv, .tsv or .jsonl are read, not .{suffix}.")
    if not table.rows:
        raise FileUnreadable(f"{file_name} has a header but no rows.")
    if len(table.rows) > max_rows:
        raise FileUnreadable(f"{file_name} has {len(table.rows):,} rows; {max_rows:,} is the most. Split the file.")
    return table


def decode(*, content: bytes, encoding: str) -> str:
    """Decode strictly; never guess, never replace. Raises: FileUnreadable naming the first lines that are wrong."""
    if encoding not in ENCODINGS:
        raise FileUnreadable(f"encoding: {encoding!r} is not one of {', '.join(ENCODINGS)}.")
    if content.startswith((b"\xff\xfe", b"\xfe\xff")):
        encoding = "utf-16"
    try:
        text = content.decode("utf-8-sig" if encoding == "utf-8" else encoding)
    except UnicodeDecodeError as error:
        raise FileUnreadable(_decode_message(content, encoding, error)) from None
    if encoding in _SINGLE_BYTE and (lines := _utf8_lines(content)):
        raise FileUnreadable(
            f"Mixed encodings: {_name_lines(lines)} are UTF-8, while the file is read as {ENCODINGS[encoding]}. "
            "Save the whole file as UTF-8."
        )
    if "\x00" in text:
        line = text[: text.index("\x00")].count("\n") + 1
        raise FileUnreadable(f"Line {line} holds a NUL character: this is no text file, or its encoding is another.")
    return text


def _decode_message(content: bytes, encoding: str, error: UnicodeDecodeError) -> str:
    if encoding != "utf-8":
        return f"The file is not {ENCODINGS[encoding]} (byte {error.start:,}). Choose another encoding."
    wrong = [n for n, line in enumerate(content.split(b"\n"), 1) if not _is_utf8(line)]
    mixed = " Others are UTF-8, so the file mixes encodings." if _utf8_lines(content) else ""
    return f"{_name_lines(wrong)} are not UTF-8.{mixed} Save the file as UTF-8, or choose the encoding it was saved in."


def _is_utf8(line: bytes) -> bool:
    try:
        line.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True


def _utf8_lines(content: bytes) -> list[int]:
    return [n for n, line in enumerate(content.split(b"\n"), 1) if not line.isascii() and _is_utf8(line)]


def _name_lines(lines: list[int]) -> str:
    shown = ", ".join(str(line) for line in lines[:5])
    return f"Lines {shown}" + (f" and {len(lines) - 5:,} more" if len(lines) > 5 else "")


def _read_csv(text: str) -> Table:
    csv.field_size_limit(_MAX_FIELD)
    first_line = text.split("\n", 1)[0]
    delimiter = max(",;\t", key=first_line.count)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    try:
        header = [name.strip() for name in next(reader)]
    except csv.Error as error:
        raise FileUnreadable(f"Line 1: {error}.") from None
    repeated = sorted({name for name in header if header.count(name) > 1 or not name})
    if repeated:
        raise FileUnreadable(f"Line 1: every column needs a name of its own; look at {repeated}.")
    return Table(columns=tuple(header), rows=tuple(_csv_rows(reader, header)))


def _csv_rows(reader: "_csv.Reader", header: list[str]) -> Iterator[Row]:
    while True:
        line = reader.line_num + 1
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            # After a broken quote the rest of the file cannot be told apart into rows.
            yield Row(line=line, problem=f"{error}; the rest of the file was not read")
            return
        if not cells:
            continue
        if len(cells) != len(header):
            yield Row(line=line, problem=f"{len(cells)} cells where the header has {len(header)}")
        else:
            yield Row(line=line, cells=dict(zip(header, cells, strict=True)))


def _read_jsonl(text: str) -> Table:
    rows = tuple(_json_row(n, line) for n, line in enumerate(text.split("\n"), 1) if line.strip())
    columns = dict.fromkeys(name for row in rows for name in row.cells)
    if not columns:
        raise FileUnreadable(f"No line is a JSON object of texts. Line {rows[0].line}: {rows[0].problem}.")
    return Table(columns=tuple(columns), rows=rows)


def _json_row(number: int, line: str) -> Row:
    try:
        value = json.loads(line)
    except (ValueError, RecursionError) as error:
        return Row(line=number, problem=f"not JSON ({error})")
    if not isinstance(value, dict):
        return Row(line=number, problem="not a JSON object")
    structured = frozenset(key for key, cell in value.items() if isinstance(cell, dict | list))
    return Row(line=number, cells={key: _cell(one) for key, one in value.items()}, structured=structured)


def _cell(value: object) -> str:
    if isinstance(value, dict | list):
        return json.dumps(value, ensure_ascii=False)
    return "" if value is None else str(value)
