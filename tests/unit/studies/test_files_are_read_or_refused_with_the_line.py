import pytest

from studies.imports import FileUnreadable
from studies.imports.files import read_table
from tables.table import Row


def csv(content: bytes, encoding: str = "utf-8") -> tuple[Row, ...]:
    return read_table(content=content, file_name="rows.csv", encoding=encoding).rows


def test_rows_carry_the_line_they_start_on_although_cells_span_lines() -> None:
    rows = csv(b'text,label\n"one\ntwo",good\nthree,bad\n')
    assert [(row.line, row.cells["text"]) for row in rows] == [(2, "one\ntwo"), (4, "three")]


def test_a_row_with_too_few_cells_is_an_error_of_that_line_only() -> None:
    rows = csv(b"text,label\nonly\nfine,good\n")
    assert [(row.line, row.problem) for row in rows] == [(2, "1 cell where the header has 2"), (3, "")]


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_the_delimiter_is_read_off_the_header(delimiter: str) -> None:
    assert csv(f"text{delimiter}label\na{delimiter}good\n".encode())[0].cells == {"text": "a", "label": "good"}


def test_a_byte_order_mark_is_no_part_of_the_first_column() -> None:
    assert "text" in csv("text\nhello\n".encode("utf-8-sig"))[0].cells


def test_utf_16_is_known_by_its_mark() -> None:
    assert csv("text\ncafé\n".encode("utf-16"))[0].cells == {"text": "café"}


def test_lines_that_are_not_utf_8_are_named() -> None:
    with pytest.raises(FileUnreadable, match="Line 3 is not UTF-8"):
        csv(b"text\nfine\ncaf\xe9\n")


def test_mixed_encodings_are_told_apart_from_a_wrong_choice() -> None:
    mixed = "text\ncafé\n".encode() + b"caf\xe9\n"
    with pytest.raises(FileUnreadable, match="mixes encodings"):
        csv(mixed)
    with pytest.raises(FileUnreadable, match="Mixed encodings: Line 2 is UTF-8"):
        csv(mixed, encoding="cp1252")


def test_a_western_file_is_read_when_its_encoding_is_chosen() -> None:
    assert csv(b"text\ncaf\xe9\n", encoding="cp1252")[0].cells == {"text": "café"}


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "is empty"),
        (b"text\n", "a header but no rows"),
        (b"text,text\na,b\n", "a name of its own"),
        (b"te\x00xt\na\n", "Line 1 has NUL characters"),
    ],
)
def test_a_file_that_cannot_be_a_table_is_refused(content: bytes, message: str) -> None:
    with pytest.raises(FileUnreadable, match=message):
        csv(content)


def test_an_unknown_kind_of_file_is_refused() -> None:
    with pytest.raises(FileUnreadable, match=r"not \.xlsx"):
        read_table(content=b"a", file_name="rows.xlsx")


def test_more_rows_than_allowed_are_refused() -> None:
    with pytest.raises(FileUnreadable, match="Split the file"):
        read_table(content=b"text\na\nb\n", file_name="rows.csv", max_rows=1)


def test_an_unclosed_quote_is_said_with_its_line() -> None:
    rows = csv(b'text\nfine\n"open\n')
    assert rows[-1].line == 3
    assert "the rest of the file was not read" in rows[-1].problem


def test_json_lines_keep_their_line_numbers_and_errors() -> None:
    rows = read_table(content=b'{"text": "a"}\n\nnot json\n[1]\n{"text": ["b"]}\n', file_name="rows.jsonl").rows
    assert [row.line for row in rows] == [1, 3, 4, 5]
    assert [bool(row.problem) for row in rows] == [False, True, True, False]


def test_a_list_in_json_lines_is_kept_as_json_and_told_from_a_text() -> None:
    (row,) = read_table(content=b'{"text": "a", "label": ["b"], "n": 3}\n', file_name="rows.jsonl").rows
    assert row.cells == {"text": "a", "label": '["b"]', "n": "3"}
    assert row.structured == {"label"}


def test_json_that_is_nested_too_deep_is_an_error_of_its_line() -> None:
    rows = read_table(content=b'{"text": "a"}\n' + b"[" * 200_000 + b"\n", file_name="rows.jsonl").rows
    assert [bool(row.problem) for row in rows] == [False, True]


def test_what_is_no_utf_16_is_not_read_as_such() -> None:
    with pytest.raises(
        FileUnreadable, match=r"^The file is not UTF-16\. Save the file as UTF-8, or choose the encoding"
    ):
        read_table(content=b"text,label\ngood,pos\n", file_name="a.csv", encoding="utf-16")
    assert read_table(content="text\n\u6728\n".encode("utf-16-le"), file_name="a.csv", encoding="utf-16").rows
