"""Files of examples to label: CSV or JSON lines, read and written row by row, so that memory stays flat."""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tables.csv_lines import csv_lines
from tables.reading import open_table
from tables.signs import is_blank
from tables.table import Row, TableReader, TableUnreadable, listed_columns
from training.data.reading import DataInvalid

CSV_SUFFIXES = (".csv",)
JSON_SUFFIXES = (".jsonl", ".ndjson")
MOST_SHOWN = 20


class FileInvalid(DataInvalid):
    """A file has rows that are no examples, or cannot be read; the message names them."""


@dataclass(frozen=True, kw_only=True)
class InputLine:
    """One example of a file: its line number, its uid (else that number) and its texts; or its problem."""

    number: int
    uid: str
    texts: Mapping[str, str]
    problem: str = ""


@dataclass(frozen=True, kw_only=True)
class LineAnswer:
    """A model's answer to one line; `predicted` is None where there is none, or the line was no example."""

    uid: str
    predicted: str | None
    probabilities: Mapping[str, float | None]
    problem: str = ""


@dataclass(frozen=True, kw_only=True)
class FileCheck:
    """What a first look at a file found: its lines, the bad ones (the first MOST_SHOWN), what was assumed."""

    num_lines: int
    num_bad: int
    bad: Sequence[InputLine]
    notes: Sequence[str]


def read_lines(*, path: Path, fields: Sequence[str], optional: Sequence[str] = ()) -> Iterator[InputLine]:
    """Read the input fields of a file's examples one by one, as an import reads them; `optional` ones may be absent.

    Raises: FileInvalid.
    """
    with _opened(path, _needed(fields, optional)) as table:
        for row in table:
            yield _line(path, row, fields, optional)


def _needed(fields: Sequence[str], optional: Sequence[str]) -> list[str]:
    return [name for name in fields if name not in optional]


def check_lines(*, path: Path, fields: Sequence[str], optional: Sequence[str] = ()) -> FileCheck:
    """Check a file before anything is labelled. Raises: FileInvalid as read_lines, or if it has no line at all."""
    count, num_bad, bad = 0, 0, list[InputLine]()
    with _opened(path, _needed(fields, optional)) as table:
        for row in table:
            line = _line(path, row, fields, optional)
            count += 1
            num_bad += bool(line.problem)
            if line.problem and len(bad) < MOST_SHOWN:
                bad.append(line)
        notes = table.notes
    if count == 0:
        raise FileInvalid(f"{path.name}: has no examples. Put at least one line in it, with {', '.join(fields)}.")
    return FileCheck(num_lines=count, num_bad=num_bad, bad=bad, notes=notes)


def is_csv(path: Path) -> bool:
    """Say by its name whether a file is CSV and not JSON lines; raises FileInvalid where it is neither."""
    suffix = path.suffix.lower()
    if suffix not in (*CSV_SUFFIXES, *JSON_SUFFIXES):
        raise FileInvalid(f"{path.name}: is neither CSV nor JSON lines by its name. Name it .csv or .jsonl.")
    return suffix in CSV_SUFFIXES


def answer_rows(*, path: Path, answers: Iterable[LineAnswer], labels: Sequence[str]) -> Iterator[str]:
    """Write answers one by one as the lines of a file, CSV or JSON lines by the path's name."""
    if not is_csv(path):
        return map(_json_line, answers)
    header = ["uid", "predicted", *(f"probability {label}" for label in labels), "error"]
    return csv_lines(header=header, rows=(_csv_row(answer, labels) for answer in answers))


@contextmanager
def _opened(path: Path, fields: Sequence[str]) -> Iterator[TableReader]:
    try:
        has_header = is_csv(path)
        with path.open("rb") as stream:
            table = open_table(stream=stream, file_name=path.name)
            absent = [name for name in fields if has_header and name not in table.columns]
            if absent:
                raise FileInvalid(
                    f"{path.name}: There is no column {', '.join(absent)}. "
                    f"The columns are {listed_columns(table.columns)}."
                )
            yield table
    except OSError as error:
        raise FileInvalid(f"{path.name}: {error.strerror}. Name a file that can be read.") from error
    except TableUnreadable as error:
        raise FileInvalid(f"{path.name}: {error}") from error


def _line(path: Path, row: Row, fields: Sequence[str], optional: Sequence[str]) -> InputLine:
    if row.ends_reading:
        raise FileInvalid(f"{path.name}: line {row.line}: {row.problem}. Correct the line.")
    uid = row.cells.get("uid", "") or str(row.line)
    problems = [
        row.problem,
        _uid_problem(row.not_texts.get("uid", "")),
        *(_problem(row, name) for name in fields if name not in optional or name in row.not_texts),
    ]
    problem = next(filter(None, problems), "")
    texts = {} if problem else {name: row.cells.get(name, "") for name in fields}
    return InputLine(number=row.line, uid=uid, texts=texts, problem=problem)


def _problem(row: Row, name: str) -> str:
    if name not in row.cells:
        return f"has no {name}"
    if name in row.not_texts:
        return f"has a {name} that is no text but {row.not_texts[name]}"
    return f"has an empty {name}" if is_blank(row.cells[name]) else ""


def _uid_problem(what: str) -> str:
    is_whole = what.removeprefix("-").isdecimal()
    return f"has a uid that is neither a text nor a whole number but {what}" if what and not is_whole else ""


def _json_line(answer: LineAnswer) -> str:
    row: dict[str, Any] = {"uid": answer.uid, "predicted": answer.predicted}
    row |= {"error": answer.problem} if answer.problem else {"probabilities": dict(answer.probabilities)}
    return json.dumps(row, ensure_ascii=False, allow_nan=False) + "\n"


def _csv_row(answer: LineAnswer, labels: Sequence[str]) -> list[object]:
    shares = [answer.probabilities.get(label) for label in labels]
    return [answer.uid, answer.predicted or "", *shares, answer.problem]
