from pathlib import Path

import pytest

from embedded import checking
from embedded.data_folder import Paths

# Each waits until all have begun, as only sessions beside each other can, and ends with its number.
SESSION = """
import os, pathlib, sys, time
number = int(os.environ.get("FULCRUM_TEST_BESIDE", "0"))
folder = pathlib.Path(os.environ["FULCRUM_TEST_TAKEN"])
(folder / str(number)).touch()
while len(list(folder.iterdir())) < {how_many}:
    time.sleep(0.01)
print("session", number, "ended")
sys.exit(number == {failing})
"""


@pytest.mark.parametrize(("num_cores", "how_many"), [(1, 2), (2, 3), (64, checking.MOST_SESSIONS)])
def test_there_is_one_more_than_there_are_cores(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str], num_cores: int, how_many: int
) -> None:
    monkeypatch.setattr("os.cpu_count", lambda: num_cores)
    status = run(tmp_path, SESSION.format(how_many=how_many, failing=None))
    assert (status, capfd.readouterr().out.count("ended")) == (0, how_many)


@pytest.mark.parametrize("failing", [0, 1, 2])
def test_one_that_fails_fails_them_all(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, failing: int) -> None:
    monkeypatch.setattr("os.cpu_count", lambda: 2)
    assert run(tmp_path, SESSION.format(how_many=3, failing=failing)) == 1


def run(folder: Path, session: str) -> int:
    paths = Paths(root=folder, data=folder / "data").make()
    return checking._test_shared(paths, ("-c", session), {})
