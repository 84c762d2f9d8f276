"""A study's examples as a file that an import takes again."""

import json
from collections.abc import Callable, Iterator
from typing import Any

from django.db.models import QuerySet

from config.refusals import Refusal
from studies.models import Example, Label, Study
from tables.csv_lines import csv_lines

ROWS_AT_A_TIME = 1000
Pieces = Iterator[bytes]
_Row = dict[str, Any]


class UnknownFormat(Refusal):
    """Examples are not written in this format."""


def export_examples(*, study: Study, examples: QuerySet[Example], suffix: str, is_gold: bool = False) -> Pieces:
    """Write examples with their labels, piece by piece; `suffix` is a key of WRITERS. Raises: UnknownFormat.

    Parameters: with `is_gold`, what a language model labelled is written without a label.
    """
    if suffix not in WRITERS:
        raise UnknownFormat(f"{suffix!r} is not one of {', '.join(WRITERS)}.")
    found = examples.select_related("label").iterator(chunk_size=ROWS_AT_A_TIME)
    return WRITERS[suffix](study, (_row(study, example, is_gold=is_gold) for example in found))


def _csv(study: Study, rows: Iterator[_Row]) -> Pieces:
    columns = [*study.definition.input_fields, "label", "split", "source", "chosen_by"]
    cells = ([_cell(row[name]) for name in columns] for row in rows)
    # As they are, also where a spreadsheet would take one for a formula: an import reads the same.
    return (line.encode() for line in csv_lines(header=columns, rows=cells, is_safe=False))


def _cell(value: Any) -> str:
    if value is None:
        return ""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _jsonl(study: Study, rows: Iterator[_Row]) -> Pieces:
    return (json.dumps(row, ensure_ascii=False).encode() + b"\n" for row in rows)


def _row(study: Study, example: Example, *, is_gold: bool) -> _Row:
    label = getattr(example, "label", None)
    if is_gold and label is not None and label.source == Label.Source.LANGUAGE_MODEL:
        label = None
    return {
        **{name: example.fields[name] for name in study.definition.input_fields},
        "label": None if label is None else study.definition.as_json(label.value),
        "split": example.split,
        "source": "" if label is None else label.source,
        "chosen_by": example.chosen_by,
    }


WRITERS: dict[str, Callable[[Study, Iterator[_Row]], Pieces]] = {"csv": _csv, "jsonl": _jsonl}
