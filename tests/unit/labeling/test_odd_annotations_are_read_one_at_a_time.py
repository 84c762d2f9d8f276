"""2,000 rows that no browser sends: each is read or rejected alone, and what is kept can be kept."""

import json
import random
from datetime import UTC, datetime
from typing import Any

import pytest

from labeling.label_studio import LabelStudioClient, storable
from labeling.label_studio.client import LabelStudioBadResponse
from labeling.label_studio.remote import LARGEST_ID, MAX_SIZE, read_example
from tests.odd_annotations import ALL_FIELDS, VALUES, deep, good_row, odd_rows

CHANGED_AT = datetime(2026, 11, 22, tzinfo=UTC)
READER = LabelStudioClient(url="http://127.0.0.1:9", sdk=None)


def read(*rows: Any) -> Any:
    return read_example({"id": 1, "data": {}, "annotations": list(rows)}, changed_at=CHANGED_AT)


def test_every_row_is_read_or_has_its_trouble() -> None:
    rows = list(odd_rows(seed=20261129, count=2000))
    example = read(*rows)
    ours = [
        row for row in rows if isinstance(row, dict) and (row.get("import_id") is not None or row.get("ground_truth"))
    ]
    assert len(example.annotations) + len(example.troubles) == len(rows) - len(ours)
    assert sum(not one.trouble for one in example.annotations) > 200


def test_what_is_kept_of_a_row_is_what_the_database_takes() -> None:
    for one in read(*odd_rows(seed=20261129, count=2000)).annotations:
        kept = json.dumps(one.result, allow_nan=False)
        assert "\\u0000" not in kept and "\\ud8" not in kept and "\\udf" not in kept
        assert json.loads(kept) == one.result
        assert 0 < one.id <= LARGEST_ID
        assert one.created_at.tzinfo and one.updated_at.tzinfo


@pytest.mark.parametrize("name", ALL_FIELDS)
def test_any_value_in_any_place_leaves_the_row_beside_it_as_it_is(name: str) -> None:
    good = good_row(random.Random(1), 7)
    (alone,) = read(good).annotations
    other = {**good_row(random.Random(2), 8), "created_at": "2026-11-23T00:00:00Z"}
    for value in [*VALUES, deep(900)]:
        assert alone in read(good, {**other, name: value}, value).annotations


@pytest.mark.parametrize("value", ["yes", 0, []])
def test_a_skip_that_is_neither_true_nor_false_is_said_to_be_that(value: object) -> None:
    (one,) = read({**good_row(random.Random(1), 7), "was_cancelled": value}).annotations
    assert one.trouble == "Its was_cancelled is neither true nor false."


def test_what_is_too_large_is_not_kept() -> None:
    assert storable([0] * (MAX_SIZE + 1)) == (None, "is too large to be kept")


@pytest.mark.parametrize(
    "content",
    [b"", b"<html>", b"{}", b"[1]", b'[{"a": "', b"\xff\xfe", b"[" * 100_000],
    ids=["nothing", "a page", "an object", "numbers", "cut off", "no text", "too deep"],
)
def test_an_export_that_is_none_is_said_to_be_none(content: bytes) -> None:
    with pytest.raises(LabelStudioBadResponse):
        READER._rows(content)


def test_a_number_of_any_length_does_not_keep_an_export_from_being_read() -> None:
    (row,) = READER._rows(b'[{"id": 1, "annotations": [{"result": [{"x": %s}]}]}]' % (b"9" * 5000))
    assert storable(row)[1] == "has a number that is not finite"
