from pathlib import Path

import pytest
from pytest_django import Settings

from runs.models import Run
from runs.queries import log_tail


@pytest.fixture
def run(settings: Settings, tmp_path: Path) -> Run:
    settings.RUNS_DIR = tmp_path
    (tmp_path / "7").mkdir()
    return Run(pk=7)


def test_a_short_log_is_shown_whole(run: Run) -> None:
    (run.folder / "log.txt").write_text("one\ntwo\n")

    assert log_tail(run) == "one\ntwo\n"


def test_a_long_log_starts_at_its_first_whole_line(run: Run) -> None:
    (run.folder / "log.txt").write_text("first line é\nsecond\nthird\n", encoding="utf-8")

    assert log_tail(run, num_bytes=16) == "second\nthird\n"


def test_no_log_yet_is_no_error(run: Run) -> None:
    assert log_tail(run) == ""
