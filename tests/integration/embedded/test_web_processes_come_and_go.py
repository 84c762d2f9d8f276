import os
import signal
import subprocess
import sys
from pathlib import Path

import psutil
import pytest

from embedded.processes import NOT_STARTED
from tests.integration.embedded.sample_app import LARGE_BYTES
from tests.integration.embedded.web_ground import PLATFORM, serving


def test_a_killed_process_is_replaced(tmp_path: Path) -> None:
    with serving(tmp_path, "--processes=1") as server:
        before = server.get("/")
        os.kill(int(before), signal.SIGKILL)
        # Its socket stays open, so that this waits for the next one and is not refused.
        assert server.get("/") != before


def test_an_application_that_is_preloaded_is_loaded_once(tmp_path: Path) -> None:
    with serving(tmp_path, "--processes=1", "--preload") as server:
        loaded_by, before = server.get("/loaded").split()
        os.kill(int(before), signal.SIGKILL)
        again, after = server.get("/loaded").split()
    assert loaded_by == again
    assert len({loaded_by, before, after}) == 3


@pytest.mark.parametrize("switches", [(), ("--preload",)])
def test_one_that_cannot_be_loaded_ends_the_server_with_its_reason(tmp_path: Path, switches: tuple[str, ...]) -> None:
    command = [sys.executable, "-m", "embedded.web", "no_such_module:application", "--bind=127.0.0.1:0", *switches]
    done = subprocess.run(command, env={"PYTHONPATH": str(PLATFORM)}, capture_output=True, text=True, check=False)
    assert done.returncode == NOT_STARTED
    assert "no_such_module:application could not be loaded" in done.stderr


def test_what_was_begun_is_finished_before_the_end(tmp_path: Path) -> None:
    with serving(tmp_path) as server, server.connect() as connection:
        connection.sendall(b"GET /slow HTTP/1.0\r\nHost: x\r\n\r\n")
        assert server.get("/")
        server.process.stop()
        assert connection.makefile("rb").read().endswith(b"done")


def test_stopping_leaves_no_process(tmp_path: Path) -> None:
    with serving(tmp_path) as server:
        below = psutil.Process(server.process.pid).children(recursive=True)
        server.process.stop()
    assert [one for one in below if one.is_running()] == []


def test_a_large_download_arrives_whole(tmp_path: Path) -> None:
    with serving(tmp_path) as server:
        assert len(server.get("/large")) == LARGE_BYTES


def test_a_proxy_on_this_host_says_whether_people_came_by_https(tmp_path: Path) -> None:
    with serving(tmp_path) as server, server.connect() as connection:
        lines = "X-Forwarded-Proto: https", "X-Forwarded-For: 192.0.2.7", "Connection: close"
        connection.sendall(("GET /scheme HTTP/1.1\r\nHost: x\r\n" + "\r\n".join(lines) + "\r\n\r\n").encode())
        assert connection.makefile("rb").read().endswith(b"https https 127.0.0.1")
