from collections.abc import Iterator
from io import BytesIO
from typing import Any, ClassVar

import pytest

from tables.dialects import records
from tables.reading import open_table
from tables.table import MOST_COLUMNS, TableUnreadable, repeated


class Counting(str):
    """A name that counts how often it is compared or hashed."""

    looks: ClassVar[int] = 0

    def __eq__(self, other: object) -> bool:
        Counting.looks += 1
        return str.__eq__(self, other)

    def __hash__(self) -> int:
        Counting.looks += 1
        return str.__hash__(self)


def looks_at(number: int) -> int:
    Counting.looks = 0
    assert repeated([Counting(f"column {n}") for n in range(number)]) == []
    return Counting.looks


def test_names_that_stand_twice_are_found_in_time_linear_in_the_names() -> None:
    assert looks_at(4000) < 3 * looks_at(2000)
    assert looks_at(4000) < 10 * 4000


def test_json_lines_with_ever_new_keys_are_refused_at_the_first_key_too_many() -> None:
    content = b"".join(b'{"text": "a", "key %d": 1}\n' % n for n in range(20_000))
    rows = iter(open_table(stream=BytesIO(content), file_name="a.jsonl"))
    read = [next(rows) for _ in range(MOST_COLUMNS - 1)]
    assert not any(row.problem for row in read)
    with pytest.raises(TableUnreadable, match="up to line 200 make more than 200 columns"):
        next(rows)


def test_an_object_with_too_many_keys_is_an_error_of_its_line() -> None:
    wide = "{" + ", ".join(f'"k{n}": 1' for n in range(5000)) + "}\n"
    reader = open_table(stream=BytesIO((wide + '{"text": "a"}\n').encode()), file_name="a.jsonl")
    assert [row.problem for row in reader] == ["5,000 keys; 200 columns are the most", ""]
    assert reader.columns == ("text",)


def test_a_header_with_too_many_columns_is_refused_before_a_row_is_read() -> None:
    content = ",".join(f"column {n}" for n in range(20_000)) + "\n"
    with pytest.raises(TableUnreadable, match="20,000 columns, more than 200 columns, which is the most"):
        open_table(stream=BytesIO(content.encode()), file_name="a.csv")


def test_each_line_is_taken_once_although_quotes_break() -> None:
    taken: list[str] = []

    def lines() -> Iterator[str]:
        for n in range(2000):
            taken.append(line := f'"a{n} "b"",c\n')
            yield line

    found: list[Any] = list(records(lines(), delimiter=","))
    assert len(found) == len(taken) == 2000
