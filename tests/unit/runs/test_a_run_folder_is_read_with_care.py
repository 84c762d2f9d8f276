import json
from datetime import UTC, datetime
from pathlib import Path

import pytest

from runs.execution import last_sign_of_life, read_error, read_progress, read_result


@pytest.mark.parametrize("content", ["", "{", "[1]", "null"])
def test_a_file_that_is_no_object_reads_as_empty(tmp_path: Path, content: str) -> None:
    (tmp_path / "progress.json").write_text(content)

    assert read_progress(tmp_path) == {}
    assert last_sign_of_life(tmp_path) is None


def test_the_last_sign_of_life_is_the_trainers_own_time(tmp_path: Path) -> None:
    (tmp_path / "progress.json").write_text('{"at": "2026-01-02T03:04:05+00:00"}')

    assert last_sign_of_life(tmp_path) == datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)


def test_a_time_without_a_zone_is_not_believed(tmp_path: Path) -> None:
    (tmp_path / "progress.json").write_text('{"at": "2026-01-02T03:04:05"}')

    assert last_sign_of_life(tmp_path) is None


def test_a_result_counts_only_with_what_it_names(tmp_path: Path) -> None:
    (tmp_path / "result.json").write_text(json.dumps({"artifact": "artifact", "artifact_hash": "0"}))
    assert read_result(tmp_path) == {}

    (tmp_path / "artifact").mkdir()
    assert read_result(tmp_path)["artifact_hash"] == "0"


def test_an_error_is_read_in_its_words(tmp_path: Path) -> None:
    assert read_error(tmp_path) == ""

    (tmp_path / "error.json").write_text('{"error": "SpecInvalid", "message": "labels: none."}')
    assert read_error(tmp_path) == "labels: none."
