from pathlib import Path

import pytest

from training.data import FileInvalid, InputLine, check_lines, read_lines
from training.evaluation import Listener, predict_file

GOOD = [("2", "good")]


def written(tmp_path: Path, content: bytes, name: str = "in.csv") -> Path:
    path = tmp_path / name
    path.write_bytes(content)
    return path


def read(tmp_path: Path, content: bytes, name: str = "in.csv") -> list[InputLine]:
    return list(read_lines(path=written(tmp_path, content, name), fields=["text"]))


def test_a_line_with_a_comma_that_is_not_quoted_is_refused_whole(tmp_path: Path, teacher: Path) -> None:
    prose = b"text\nthe food was bad, but the service saved the evening\nbad, great great great\ngreat\n"
    source, target = written(tmp_path, prose), tmp_path / "out.csv"
    with pytest.raises(FileInvalid) as refusal:
        predict_file(artifact=teacher, source=source, target=target)
    assert "2 of 3 lines cannot be labelled" in str(refusal.value)
    for number in (2, 3):
        assert f"line {number}: 2 cells where the header has 1" in str(refusal.value)
    assert not target.exists()


@pytest.mark.parametrize(
    "content",
    [
        b"text;uid\ngood;2\n",
        b"sep=;\ntext;uid\ngood;2\n",
        b",text,uid\n0,good,2\n",
        b"text;uid;\ngood;2;\n;;\n",
        b"\xef\xbb\xbftext\rgood\r",
        "text\tuid\ngood\t2\n".encode("utf-16"),
        b" text , uid \ngood,2\n",
    ],
)
def test_dialects_that_an_import_takes_are_taken(content: bytes, tmp_path: Path) -> None:
    assert [(line.uid, line.texts["text"]) for line in read(tmp_path, content)] == GOOD


@pytest.mark.parametrize(
    ("line", "problem"),
    [
        (b'{"text": "\\ud800"}', "text: has half of a character, or a NUL"),
        (b'{"text": "a\\u0000"}', "text: has half of a character, or a NUL"),
        (b'{"text": NaN}', "has a text that is no text but NaN"),
        (b'{"text": 1e400}', "has a text that is no text but 1e400"),
        (b'{"text": "a", "text": "b"}', "the key “text” stands twice"),
        (b'{"text": "\\u200b"}', "has an empty text"),
        (b'{"text": "a", "uid": true}', "has a uid that is neither a text nor a whole number but true"),
    ],
)
def test_a_json_line_that_is_no_example_is_named(line: bytes, problem: str, tmp_path: Path) -> None:
    (found,) = read(tmp_path, line + b"\n", "in.jsonl")
    assert problem in found.problem


def test_a_quote_that_is_never_closed_refuses_the_file(tmp_path: Path) -> None:
    with pytest.raises(FileInvalid, match=r"line 2: a quote is opened and never closed.*to line 4"):
        read(tmp_path, b'text\n"open\ngood\ngood\n')


def test_what_was_guessed_and_what_is_left_out_is_found_before(tmp_path: Path) -> None:
    check = check_lines(path=written(tmp_path, b"text;label;\nso;pos;\n;;\n"), fields=["text"])
    assert (check.num_lines, check.num_bad) == (1, 0)
    assert any("semicolon" in note for note in check.notes)
    assert "1 empty row left out." in check.notes


def test_lines_that_get_an_error_are_counted_aloud(tmp_path: Path, teacher: Path) -> None:
    source, notes = written(tmp_path, b"text\nbad, great\ngreat\n"), list[str]()
    listener = Listener(on_note=notes.append, on_rows=lambda count: None)
    predict_file(artifact=teacher, source=source, target=tmp_path / "out.csv", keep_going=True, listener=listener)
    assert notes[-1] == "1 of 2 lines cannot be labelled and get an error: 2."
