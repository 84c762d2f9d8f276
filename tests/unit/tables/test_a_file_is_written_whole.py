import stat
from collections.abc import Iterator
from pathlib import Path

import pytest

from tables.whole_files import write_whole


def half() -> Iterator[bytes]:
    yield b"half of"
    raise OSError("no more")


def test_what_ends_half_way_leaves_what_was_there(tmp_path: Path) -> None:
    target = tmp_path / "costs.csv"
    write_whole({target: [b"old\n"]})
    with pytest.raises(OSError, match="no more"):
        write_whole({target: half()})
    assert [path.name for path in tmp_path.iterdir()] == ["costs.csv"]
    assert target.read_bytes() == b"old\n"


def test_others_may_read_it(tmp_path: Path) -> None:
    write_whole({tmp_path / "costs.csv": [b"a", b"b"]})
    assert stat.S_IMODE((tmp_path / "costs.csv").stat().st_mode) == 0o644
