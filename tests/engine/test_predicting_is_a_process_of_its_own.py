from pathlib import Path

import pytest

from training.__main__ import main


def test_it_says_how_far_it_is(teacher: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    source, target = tmp_path / "in.jsonl", tmp_path / "out.jsonl"
    source.write_text('{"text": "good"}\n' * 3)
    assert main(["predict", str(teacher), str(source), str(target)]) == 0
    assert capsys.readouterr().out.splitlines()[-1] == "3"


def test_what_is_wrong_stands_on_standard_error(
    teacher: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    source = tmp_path / "in.jsonl"
    source.write_text("{}\n")
    assert main(["predict", str(teacher), str(source), str(tmp_path / "out.jsonl")]) == 2
    assert "line 1: has no text" in capsys.readouterr().err


def test_a_folder_that_is_no_artifact_is_refused_in_words(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["predict", str(tmp_path), "in.jsonl", "out.jsonl"]) == 2
    assert "label_map.json cannot be read" in capsys.readouterr().err


def test_bad_lines_can_be_kept(teacher: Path, tmp_path: Path) -> None:
    source, target = tmp_path / "in.jsonl", tmp_path / "out.jsonl"
    source.write_text('{}\n{"text": "good"}\n')
    assert main(["predict", str(teacher), str(source), str(target), "--keep-going"]) == 0
    assert '"error": "has no text"' in target.read_text()
