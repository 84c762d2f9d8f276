import random
from io import BytesIO

import pytest

from tables.reading import open_table
from tables.signs import unstorable
from tables.sources import ENCODINGS
from tables.table import Row, TableUnreadable

PIECES = [
    *(
        b"text",
        b"label",
        b"good",
        b" ",
        b"sep=;",
        b",",
        b",",
        b";",
        b"\t",
        b"|",
        b'"',
        b'"',
        b'""',
        b"\n",
        b"\n",
        b"\r\n",
    ),
    *(b"\r", b"\x00", b"\xe9", b"\xff", b"\xc3\xa9", b"\xed\xa0\x80", b"\xe2\x80\x8b", b"\xef\xbb\xbf", b"\xff\xfe"),
    *(b'{"text": "a"}', b"{", b"}", b"[", b"]", b":", b"null", b"true", b"NaN", b"-Infinity", b"1e999", b"\\ud800"),
    *(b"\xfe\xff", b"9" * 5000),
]
NUM_FILES = 3000


def read(content: bytes, name: str, encoding: str) -> list[Row]:
    reader = open_table(stream=BytesIO(content), file_name=name, encoding=encoding)
    rows = list(reader)
    assert all(isinstance(note, str) for note in reader.notes)
    for row in rows:
        assert row.problem or row.cells.keys() <= set(reader.columns)
        assert not any(map(unstorable, [*row.cells, *row.cells.values(), row.problem]))
    return rows


@pytest.mark.parametrize("name", ["a.csv", "a.tsv", "a.jsonl"])
def test_any_bytes_are_read_or_refused_as_a_file(name: str) -> None:
    chance = random.Random(name)
    num_read = 0
    for _ in range(NUM_FILES):
        content = b"".join(chance.choices(PIECES, k=chance.randint(1, 40)))
        try:
            num_read += bool(read(content, name, chance.choice(list(ENCODINGS))))
        except TableUnreadable as refusal:
            assert not unstorable(str(refusal))
    assert num_read > NUM_FILES / 50


def test_every_line_becomes_a_row_an_error_or_is_counted_as_empty() -> None:
    chance = random.Random(7)
    for _ in range(500):
        lines = [b",".join(chance.choices([b"", b"a", b'"b"', b'c"', b" "], k=chance.randint(1, 3))) for _ in range(20)]
        reader = open_table(stream=BytesIO(b"\n".join([b"text,label", *lines]) + b"\n"), file_name="a.csv")
        found = {row.line for row in reader}
        num_blank = sum(int(note.split()[0]) for note in reader.notes if "empty row" in note)
        num_nothing = sum(line == b"" for line in lines)
        assert len(found) + num_blank + num_nothing == len(lines)
