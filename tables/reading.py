"""The one reader of tables: what is imported, priced and predicted is read by it."""

from typing import BinaryIO

from tables.csv_table import CsvTable
from tables.json_table import JsonTable
from tables.sources import open_source
from tables.table import TableReader, TableUnreadable

JSON_SUFFIXES = frozenset({"jsonl", "ndjson"})
CSV_SUFFIXES = frozenset({"csv", "tsv", "txt"})


def open_table(*, stream: BinaryIO, file_name: str, encoding: str | None = None) -> TableReader:
    """Open a CSV or JSON-lines file, by the suffix of its name; memory does not grow with its rows.

    `stream` can seek and stays open as long as rows are read; `encoding` is one of ENCODINGS, None for UTF-8.
    Raises: TableUnreadable, also while rows are read.
    """
    suffix = suffix_of(file_name)
    if suffix not in JSON_SUFFIXES | CSV_SUFFIXES:
        raise TableUnreadable(f"{file_name}: files ending in .csv, .tsv or .jsonl are read, not .{suffix}.")
    source = open_source(stream=stream, encoding=encoding)
    if source.is_whole and not source.sample.strip():
        raise TableUnreadable(f"{file_name} is empty.")
    if suffix in JSON_SUFFIXES:
        return JsonTable(source=source)
    return CsvTable(source=source, default_delimiter="\t" if suffix == "tsv" else ",")


def suffix_of(file_name: str) -> str:
    """Return what follows the last dot of a file's name, in lower case."""
    return file_name.rsplit(".", 1)[-1].lower()
