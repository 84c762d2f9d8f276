import os
import subprocess
import sys
from pathlib import Path

import pytest

from training.contract import RUN_CACHE_MB_VARIABLE, RUN_CACHE_VARIABLE
from training.runtime import RunCache

CONTENT = bytes(984)  # with its digest 1,000


WRITER = """
import sys
from pathlib import Path
from training.runtime import RunCache

cache = RunCache(folder=Path(sys.argv[1]), most_bytes=1 << 24)
while True:
    cache.write("a", bytes([7]) * 3_000_000)
    print("written", flush=True)
"""


def aged(path: Path, seconds: int) -> None:
    os.utime(path, (path.stat().st_mtime - seconds,) * 2)


def test_what_is_kept_is_read_again(tmp_path: Path) -> None:
    cache = RunCache(folder=tmp_path, most_bytes=2_000)
    cache.write("baselines/a", CONTENT)
    assert (cache.read("baselines/a"), cache.read("baselines/b")) == (CONTENT, None)


def test_the_least_recently_used_goes_first_and_so_does_what_a_killed_writer_left(tmp_path: Path) -> None:
    cache = RunCache(folder=tmp_path, most_bytes=3_000)
    (tmp_path / ".lost.1.tmp").write_bytes(CONTENT)
    for name in ("used", "unused"):
        cache.write(name, CONTENT)
    for path in tmp_path.iterdir():
        aged(path, 60)
    assert cache.read("used") is not None
    cache.write("new", CONTENT)
    cache.write("newer", CONTENT)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["new", "newer", "used"]


@pytest.mark.parametrize("damaged", [b"", CONTENT[:10], CONTENT + b"more"])
def test_what_is_damaged_counts_as_not_there(damaged: bytes, tmp_path: Path) -> None:
    cache = RunCache(folder=tmp_path, most_bytes=2_000)
    cache.write("a", CONTENT)
    (tmp_path / "a").write_bytes(damaged)
    assert cache.read("a") is None
    cache.write("a", CONTENT)
    assert cache.read("a") == CONTENT


def test_a_cache_that_cannot_be_written_says_so_and_stops_nobody(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "file").write_text("no folder")
    RunCache(folder=tmp_path / "file", most_bytes=1_000).write("a", CONTENT)
    assert "not kept for further runs" in capsys.readouterr().out


@pytest.mark.parametrize(("folder", "size", "is_there"), [("x", "1", True), ("x", "0", False), ("", "1", False)])
def test_the_environment_names_it(folder: str, size: str, is_there: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(RUN_CACHE_VARIABLE, folder)
    monkeypatch.setenv(RUN_CACHE_MB_VARIABLE, size)
    assert (RunCache.of_environment() is not None) == is_there


def test_writers_at_once_one_of_them_killed_leave_only_what_is_whole(tmp_path: Path) -> None:
    cache = RunCache(folder=tmp_path, most_bytes=1 << 24)
    writers = [
        subprocess.Popen([sys.executable, "-c", WRITER, str(tmp_path)], stdout=subprocess.PIPE) for _ in range(2)
    ]
    try:
        for writer in writers:
            assert writer.stdout is not None and writer.stdout.readline() == b"written\n"
        found = [cache.read("a") for _ in range(20)]
        writers[0].kill()
        found += [cache.read("a") for _ in range(20)]
    finally:
        for writer in writers:
            writer.kill()
            writer.communicate()
    assert set(found) == {bytes([7]) * 3_000_000}
    assert cache.read("a") == found[0]
