import json
from pathlib import Path

import pytest

from training.__main__ import main
from training.data import DataInvalid


def test_each_line_gets_a_label_and_probabilities(teacher: Path, tmp_path: Path) -> None:
    source, target = tmp_path / "in.jsonl", tmp_path / "out.jsonl"
    source.write_text('{"uid": "1", "text": "good"}\n{"uid": "2", "text": "very bad film"}\n')
    assert main(["predict", str(teacher), str(source), str(target)]) == 0
    answers = [json.loads(line) for line in target.read_text().splitlines()]
    assert [answer["uid"] for answer in answers] == ["1", "2"]
    assert all(set(answer["probabilities"]) == {"neg", "pos"} for answer in answers)


def test_a_line_without_text_is_refused_and_nothing_is_written(teacher: Path, tmp_path: Path) -> None:
    source, target = tmp_path / "in.jsonl", tmp_path / "out.jsonl"
    source.write_text('{"uid": "1"}\n')
    with pytest.raises(DataInvalid, match="Each needs uid, text"):
        main(["predict", str(teacher), str(source), str(target)])
    assert not target.exists()
