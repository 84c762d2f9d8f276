import csv
import json
from pathlib import Path

import pytest

from tests.tiny_runs import RunFolder, carry_out, sentences
from training.data import FileInvalid, LineAnswer, answer_rows, check_lines, read_lines
from training.evaluation import predict_file


@pytest.fixture
def target(tmp_path: Path) -> Path:
    return tmp_path / "out.jsonl"


def lines_in(tmp_path: Path, *lines: str, name: str = "in.jsonl") -> Path:
    source = tmp_path / name
    source.write_text("".join(f"{line}\n" for line in lines))
    return source


def answers_in(target: Path) -> list[dict[str, object]]:
    return [json.loads(line) for line in target.read_text().splitlines()]


def test_each_line_gets_a_label_and_probabilities(teacher: Path, tmp_path: Path, target: Path) -> None:
    source = lines_in(tmp_path, '{"uid": "a", "text": "good"}', "", '{"text": "very bad film"}')
    assert predict_file(artifact=teacher, source=source, target=target) == 2
    answers = answers_in(target)
    assert [answer["uid"] for answer in answers] == ["a", "3"]
    assert all(set(answer["probabilities"]) == {"neg", "pos"} for answer in answers)  # type: ignore[call-overload]


def test_a_csv_gives_a_csv_that_a_spreadsheet_may_open(teacher: Path, tmp_path: Path) -> None:
    source, target = lines_in(tmp_path, "uid,text", '=1+1,"good, very good"', name="in.csv"), tmp_path / "out.csv"
    predict_file(artifact=teacher, source=source, target=target)
    (row,) = csv.DictReader(target.read_text().splitlines())
    assert row["uid"] == "'=1+1"
    assert float(row["probability neg"]) + float(row["probability pos"]) == pytest.approx(1, abs=1e-5)


def test_an_example_that_is_called_0_keeps_its_name(tmp_path: Path) -> None:
    source = lines_in(tmp_path, '{"uid": 0, "text": "good"}', '{"uid": 1, "text": "bad"}', '{"uid": "", "text": "so"}')
    assert [line.uid for line in read_lines(path=source, fields=("text",))] == ["0", "1", "3"]


def test_a_file_is_not_written_over_itself(teacher: Path, tmp_path: Path) -> None:
    source = lines_in(tmp_path, '{"text": "good"}')
    with pytest.raises(FileInvalid, match="Name another file"):
        predict_file(artifact=teacher, source=source, target=source)
    assert source.read_text() == '{"text": "good"}\n'


def test_bad_lines_are_named_and_nothing_is_written(teacher: Path, tmp_path: Path, target: Path) -> None:
    source = lines_in(tmp_path, '{"text": "good"}', '{"uid": "1"}', "{", "[]", '{"text": " "}', '{"text": 7}')
    with pytest.raises(FileInvalid) as refusal:
        predict_file(artifact=teacher, source=source, target=target)
    for problem in (
        "2: has no text",
        "3: not JSON",
        "4: not a JSON object",
        "5: has an empty text",
        "6: has a text that",
    ):
        assert f"line {problem}" in str(refusal.value)
    assert not target.exists()


def test_bad_lines_may_keep_their_error_instead(teacher: Path, tmp_path: Path, target: Path) -> None:
    source = lines_in(tmp_path, '{"text": "good"}', '{"uid": "x"}', '{"text": "bad"}')
    predict_file(artifact=teacher, source=source, target=target, keep_going=True)
    first, second, third = answers_in(target)
    assert second == {"uid": "x", "predicted": None, "error": "has no text"}
    assert first["predicted"] and third["predicted"]


def test_no_error_in_a_csv_begins_a_formula() -> None:
    answer = LineAnswer(uid="1", predicted=None, probabilities={}, problem="=1+1: has a NUL")
    assert list(answer_rows(path=Path("out.csv"), answers=[answer], labels=["pos"]))[1] == "1,,,'=1+1: has a NUL\r\n"


def test_no_encoding_is_offered_where_none_can_be_chosen(tmp_path: Path) -> None:
    (tmp_path / "in.csv").write_bytes(b"text\ncaf\xe9\n")
    with pytest.raises(FileInvalid, match=r"Line 2 is not UTF-8\. Save the file as UTF-8\.$"):
        check_lines(path=tmp_path / "in.csv", fields=["text"])


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("in.txt", b"good", "Name it .csv or .jsonl"),
        ("in.csv", b"uid,words\n1,good\n", "no column text. The columns are uid, words"),
        ("in.jsonl", b"", "is empty"),
        ("in.jsonl", b'{"text": "\xff"}', "Line 1 is not UTF-8"),
    ],
)
def test_a_file_that_is_no_list_of_examples_is_refused(
    name: str, content: bytes, words: str, teacher: Path, tmp_path: Path, target: Path
) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(FileInvalid, match=words):
        predict_file(artifact=teacher, source=tmp_path / name, target=target)


def test_blocks_make_no_difference(
    teacher: Path, tmp_path: Path, target: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = lines_in(tmp_path, *(json.dumps({"text": text}) for text in sentences(20)["text"]))
    predict_file(artifact=teacher, source=source, target=target)
    monkeypatch.setattr("training.evaluation.predict.LINES_PER_BLOCK", 7)
    predict_file(artifact=teacher, source=source, target=tmp_path / "again.jsonl")
    labels = [[answer["predicted"] for answer in answers_in(path)] for path in (target, tmp_path / "again.jsonl")]
    assert labels[0] == labels[1]


def test_lines_are_read_one_by_one(tmp_path: Path) -> None:
    source = lines_in(tmp_path, '{"text": "good"}', '{"text": "bad"}')
    lines = read_lines(path=source, fields=["text"])
    assert next(lines).texts == {"text": "good"}


def test_a_model_of_spans_answers_with_spans(run_folder: RunFolder, tmp_path: Path, target: Path) -> None:
    folder = run_folder(task_type="entity_extraction", evaluation={"metric": "micro_f1", "num_resamples": 10})
    carry_out(folder)
    source = lines_in(tmp_path, '{"text": "good the movie"}')
    predict_file(artifact=folder / "artifact", source=source, target=target)
    assert isinstance(json.loads(str(answers_in(target)[0]["predicted"])), list)
