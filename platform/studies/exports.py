"""A study's examples as a file that an import takes again."""

import json
from collections.abc import Callable, Iterator
from typing import Any

from django.db.models import QuerySet

from config.refusals import Refusal
from studies.models import Example, Study
from tables.csv_lines import csv_lines

ROWS_AT_A_TIME = 1000
Pieces = Iterator[bytes]


class UnknownFormat(Refusal):
    """Examples are not written in this format."""


def export_examples(*, study: Study, examples: QuerySet[Example], suffix: str) -> Pieces:
    """Write examples with their labels, piece by piece; `suffix` is a key of WRITERS. Raises: UnknownFormat."""
    if suffix not in WRITERS:
        raise UnknownFormat(f"{suffix!r} is not one of {', '.join(WRITERS)}.")
    return WRITERS[suffix](study, examples.select_related("label").iterator(chunk_size=ROWS_AT_A_TIME))


def _csv(study: Study, examples: Iterator[Example]) -> Pieces:
    columns = [*study.definition.input_fields, "label", "split", "source", "chosen_by"]
    rows = (_row(study, example) for example in examples)
    cells = ([_cell(row[name]) for name in columns] for row in rows)
    # As they are, also where a spreadsheet would take one for a formula: an import reads the same.
    return (line.encode() for line in csv_lines(header=columns, rows=cells, is_safe=False))


def _cell(value: Any) -> str:
    if value is None:
        return ""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _jsonl(study: Study, examples: Iterator[Example]) -> Pieces:
    return (json.dumps(_row(study, example), ensure_ascii=False).encode() + b"\n" for example in examples)


def _row(study: Study, example: Example) -> dict[str, Any]:
    label = getattr(example, "label", None)
    return {
        **{name: example.fields[name] for name in study.definition.input_fields},
        "label": None if label is None else study.definition.as_json(label.value),
        "split": example.split,
        "source": "" if label is None else label.source,
        "chosen_by": example.chosen_by,
    }


WRITERS: dict[str, Callable[[Study, Iterator[Example]], Pieces]] = {"csv": _csv, "jsonl": _jsonl}
