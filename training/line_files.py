"""Examples to be labelled, in files: CSV or JSON lines, read and written one by one, so that memory stays flat."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TextIO

from training.data import DataInvalid

CSV_SUFFIXES = (".csv",)
JSON_SUFFIXES = (".jsonl", ".ndjson")
MOST_SHOWN = 20
MOST_CHARACTERS = 10_000_000
# A spreadsheet runs a cell that begins with one of these; a quote before it keeps it text.
_FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")


class LinesInvalid(DataInvalid):
    """Lines of a file are no examples; the message names them."""


@dataclass(frozen=True, kw_only=True)
class Line:
    """One example of a file: its line, its uid (else that number) and its texts; or what is wrong with it."""

    number: int
    uid: str
    texts: Mapping[str, str]
    problem: str = ""


@dataclass(frozen=True, kw_only=True)
class Answer:
    """What a model said about one line; `predicted` is None where it gave no answer, or the line was no example."""

    uid: str
    predicted: str | None
    probabilities: Mapping[str, float | None]
    problem: str = ""


def read_lines(*, path: Path, fields: Sequence[str]) -> Iterator[Line]:
    """Read a file's examples, one by one.

    Parameters
    ----------
    path
        CSV with a header, or JSON lines; UTF-8.
    fields
        the input fields that each needs.

    Returns
    -------
    Its lines; empty ones are left out.

    Raises
    ------
    LinesInvalid: the file is of neither kind, cannot be read, or is a CSV without the columns.
    """
    read = _read_csv if is_csv(path) else _read_json
    try:
        with path.open(encoding="utf-8-sig", newline="") as stream:
            yield from read(stream, fields)
    except OSError as error:
        raise LinesInvalid(f"{path.name}: {error.strerror}. Name a file that can be read.") from error
    except UnicodeDecodeError as error:
        raise LinesInvalid(f"{path.name}: is not UTF-8 ({error.reason}). Save it as UTF-8.") from error
    except csv.Error as error:
        raise LinesInvalid(f"{path.name}: is no CSV ({error}). Save it again.") from error


def check_lines(*, path: Path, fields: Sequence[str]) -> tuple[int, list[Line]]:
    """Look through a file before anything is labelled.

    Parameters
    ----------
    path, fields
        as in read_lines.

    Returns
    -------
    How many lines it has, and those that are no examples, the first MOST_SHOWN of them.

    Raises
    ------
    LinesInvalid: as read_lines, or the file has no line at all.
    """
    count, bad = 0, list[Line]()
    for line in read_lines(path=path, fields=fields):
        count += 1
        if line.problem and len(bad) < MOST_SHOWN:
            bad.append(line)
    if count == 0:
        raise LinesInvalid(f"{path.name}: has no examples. Put at least one line in it, with {', '.join(fields)}.")
    return count, bad


def is_csv(path: Path) -> bool:
    """Say whether a file is CSV and not JSON lines, by its name; raises LinesInvalid where it is neither."""
    suffix = path.suffix.lower()
    if suffix not in (*CSV_SUFFIXES, *JSON_SUFFIXES):
        raise LinesInvalid(f"{path.name}: is neither CSV nor JSON lines by its name. Name it .csv or .jsonl.")
    return suffix in CSV_SUFFIXES


def writer_of(*, path: Path, stream: TextIO, labels: Sequence[str]) -> Callable[[Answer], None]:
    """Return what writes answers to a stream in the form that the path's name asks for.

    Parameters
    ----------
    path
        .csv or .jsonl.
    stream
        open for writing.
    labels
        in the order of the columns of a CSV.
    """
    return _csv_writer(stream, labels) if is_csv(path) else _json_writer(stream)


def _read_csv(stream: TextIO, fields: Sequence[str]) -> Iterator[Line]:
    # The limit is one of the whole process; it guards against a quote that is never closed.
    csv.field_size_limit(MOST_CHARACTERS)
    rows: Any = csv.DictReader(stream)
    absent = [name for name in fields if name not in (rows.fieldnames or ())]
    if absent:
        raise LinesInvalid(
            f"There is no column {', '.join(absent)}. The columns are {', '.join(rows.fieldnames or ())}."
        )
    for row in rows:
        yield _line(rows.line_num, row, fields)


def _read_json(stream: TextIO, fields: Sequence[str]) -> Iterator[Line]:
    for number, text in enumerate(stream, start=1):
        if not text.strip():
            continue
        try:
            row = json.loads(text)
        except (ValueError, RecursionError) as error:
            yield _bad(number, f"is no JSON ({str(error)[:80]})")
            continue
        yield _line(number, row, fields) if isinstance(row, dict) else _bad(number, "is no JSON object")


def _line(number: int, row: Mapping[str, Any], fields: Sequence[str]) -> Line:
    given = row.get("uid")
    uid = str(number if given is None or given == "" else given)
    for name in fields:
        text = row.get(name)
        if text is None:
            return _bad(number, f"has no {name}", uid)
        if not isinstance(text, str):
            return _bad(number, f"has a {name} that is no text", uid)
        if not text.strip():
            return _bad(number, f"has an empty {name}", uid)
    return Line(number=number, uid=uid, texts={name: row[name] for name in fields})


def _bad(number: int, problem: str, uid: str = "") -> Line:
    return Line(number=number, uid=uid or str(number), texts={}, problem=problem)


def _json_writer(stream: TextIO) -> Callable[[Answer], None]:
    def write(answer: Answer) -> None:
        row: dict[str, Any] = {"uid": answer.uid, "predicted": answer.predicted}
        row |= {"error": answer.problem} if answer.problem else {"probabilities": dict(answer.probabilities)}
        stream.write(json.dumps(row, ensure_ascii=False, allow_nan=False) + "\n")

    return write


def _csv_writer(stream: TextIO, labels: Sequence[str]) -> Callable[[Answer], None]:
    writer: Any = csv.writer(stream)
    writer.writerow(["uid", "predicted", *(f"probability {label}" for label in labels), "error"])

    def write(answer: Answer) -> None:
        shares = [answer.probabilities.get(label) for label in labels]
        writer.writerow([_safe(answer.uid), _safe(answer.predicted or ""), *shares, answer.problem])

    return write


def _safe(cell: str) -> str:
    return f"'{cell}" if cell.startswith(_FORMULA_STARTS) else cell
