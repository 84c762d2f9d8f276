import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import psutil
import psycopg
import pytest

from embedded import cleaning, postgres
from embedded.data_folder import Paths
from tests.beside import wait_until

PLATFORM = Path(__file__).resolve().parents[3] / "platform"
HOLDER = """
import sys, time
from pathlib import Path
from embedded import cleaning, postgres
from embedded.data_folder import Paths
from tests.beside import wait_until
with postgres.running(paths=Paths(root=Path(sys.argv[1]), data=Path(sys.argv[2])), durable=False):
    print("holding", flush=True)
    time.sleep(float(sys.argv[3]))
"""


@pytest.fixture(scope="module")
def paths(open_folder: Path) -> Paths:
    return Paths(root=open_folder, data=open_folder / "var").make()


def _hold(paths: Paths, seconds: float) -> "subprocess.Popen[bytes]":
    command = [sys.executable, "-c", HOLDER, str(paths.root), str(paths.data), str(seconds)]
    environment = {**os.environ, "PYTHONPATH": str(PLATFORM)}
    return subprocess.Popen(command, stdout=subprocess.PIPE, env=environment)


def _status_of_holding(paths: Paths, seconds: float) -> int:
    with _hold(paths, seconds) as process:
        return process.wait()


@contextmanager
def _holder(paths: Paths, seconds: float) -> Iterator["subprocess.Popen[bytes]"]:
    with _hold(paths, seconds) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"holding\n"
        yield process


def _answer(paths: Paths, name: str = postgres.APPLICATION) -> str:
    with psycopg.connect(postgres.database_url(paths=paths, name=name)) as connection:
        row = connection.execute("select current_user").fetchone()
    assert row is not None
    return str(row[0])


def test_it_starts_answers_and_is_gone_when_nobody_holds_it(paths: Paths) -> None:
    with postgres.running(paths=paths, durable=False):
        assert _answer(paths) == "fulcrum"
    assert not postgres.is_running(paths=paths)


def test_data_is_there_after_a_second_start(paths: Paths) -> None:
    url = postgres.database_url(paths=paths)
    with postgres.running(paths=paths, durable=False), psycopg.connect(url) as connection:
        connection.execute("create table kept as select 42 as value")
    with postgres.running(paths=paths, durable=False), psycopg.connect(url) as connection:
        assert connection.execute("select value from kept").fetchone() == (42,)


def test_several_commands_at_once_share_one_server(paths: Paths) -> None:
    with ThreadPoolExecutor(4) as pool:
        statuses = list(pool.map(lambda n: _status_of_holding(paths, n / 10), range(4)))
    assert statuses == [0, 0, 0, 0]
    assert not postgres.is_running(paths=paths)


def test_the_command_that_started_it_may_end_before_the_others(paths: Paths) -> None:
    with _holder(paths, seconds=0.1) as first, postgres.running(paths=paths, durable=False):
        first.wait()
        time.sleep(1)
        assert _answer(paths) == "fulcrum"


def test_a_crashed_server_comes_back_by_itself(paths: Paths) -> None:
    with postgres.running(paths=paths, durable=False):
        before = postgres.pid(paths=paths)
        os.kill(before, signal.SIGKILL)
        wait_until(lambda: _is_back(paths, before))


def _is_back(paths: Paths, before: int) -> bool:
    try:
        return _answer(paths) == "fulcrum" and postgres.pid(paths=paths) != before
    except (psycopg.OperationalError, FileNotFoundError, IndexError):
        return False


def test_a_holder_killed_at_once_lets_go(paths: Paths) -> None:
    with _holder(paths, seconds=60) as process:
        server = postgres.pid(paths=paths)
        process.kill()
    wait_until(lambda: not psutil.pid_exists(server))


def test_label_studio_cannot_reach_the_ledger_nor_fulcrum_its_tables(paths: Paths) -> None:
    url = postgres.database_url(paths=paths, name=postgres.LABEL_STUDIO)
    with postgres.running(paths=paths, durable=False):
        assert _answer(paths, postgres.LABEL_STUDIO) == "label_studio"
        with pytest.raises(psycopg.OperationalError, match="permission denied"):
            psycopg.connect(url, dbname=postgres.APPLICATION)


def test_label_studio_holds_no_lock_for_ever(paths: Paths) -> None:
    with (
        postgres.running(paths=paths, durable=False),
        psycopg.connect(postgres.database_url(paths=paths, name=postgres.LABEL_STUDIO)) as connection,
    ):
        shown = {name: connection.execute(f"show {name}").fetchone() for name in postgres.LABEL_STUDIO_LIMITS}
    assert shown == {name: (value,) for name, value in postgres.LABEL_STUDIO_LIMITS.items()}


def test_nobody_gets_in_without_the_password(paths: Paths) -> None:
    with postgres.running(paths=paths, durable=False):
        host = str(postgres.socket_folder(paths=paths))
        with pytest.raises(psycopg.OperationalError, match="password"):
            psycopg.connect(host=host, user="postgres", dbname="postgres", password="guess")


def test_a_lost_password_is_explained(paths: Paths, tmp_path: Path) -> None:
    kept = (paths.data / "secrets.json").rename(tmp_path / "kept")
    try:
        with pytest.raises(postgres.PostgresUnavailable, match=r"secrets\.json"), postgres.running(paths=paths):
            pass
    finally:
        kept.rename(paths.data / "secrets.json")


def test_a_long_path_gets_a_short_socket_that_is_remembered(open_folder: Path) -> None:
    deep = Paths(root=open_folder, data=open_folder / ("long" * 30)).make()
    folder = postgres.socket_folder(paths=deep)
    try:
        assert len(str(folder)) < 50
        assert postgres.socket_folder(paths=deep) == folder
        with postgres.running(paths=deep, durable=False):
            assert _answer(deep) == "fulcrum"
    finally:
        folder.rmdir()


@pytest.fixture
def closed(tmp_path: Path) -> Iterator[Paths]:
    """A data folder below one that only its owner may enter, as a clone below /root is."""
    home = tmp_path / "home"
    home.mkdir(mode=0o700)
    made = Paths(root=home, data=home / "clone" / "var").make()
    yield made
    cleaning.clean(paths=made, everything=False)


def test_a_closed_folder_stays_closed_and_its_server_runs(closed: Paths) -> None:
    with postgres.running(paths=closed, durable=False):
        assert _answer(closed) == "fulcrum"
    assert closed.root.stat().st_mode & 0o777 == 0o700
    with postgres.running(paths=closed, durable=False):
        assert _answer(closed) == "fulcrum"


def test_cleaning_removes_what_lies_elsewhere(closed: Paths) -> None:
    with postgres.running(paths=closed, durable=False):
        tables = closed.postgres.resolve()
        assert (tables / "PG_VERSION").exists()
    cleaning.clean(paths=closed, everything=False)
    assert not tables.exists()


def test_nobody_else_can_look_into_the_data_folder(paths: Paths) -> None:
    with postgres.running(paths=paths, durable=False):
        folders = [paths.data, *(folder for folder in paths.data.iterdir() if folder.is_dir())]
        assert {folder.stat().st_mode & 0o067 for folder in folders} == {0}
        assert {file.stat().st_mode & 0o077 for file in paths.data.glob("*.json")} == {0}
        assert paths.log("postgres").stat().st_mode & 0o077 == 0
