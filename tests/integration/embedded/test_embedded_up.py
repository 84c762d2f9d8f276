import os
import signal
import time
from pathlib import Path

import psutil
import pytest

from tests.commands import SECONDS_TO_END, manage, up

# With a Label Studio elsewhere there is none to wait a minute for.
ELSEWHERE = {"LABEL_STUDIO_URL": "http://127.0.0.1:9", "LABEL_STUDIO_API_TOKEN": "none"}


@pytest.fixture
def data(open_folder: Path) -> Path:
    """The same for both tests: what comes up first makes its tables."""
    return open_folder / "data"


def _of(data: Path) -> list[int]:
    """Every process that works on this data folder, by what it was started with."""
    found = []
    for process in psutil.process_iter(["pid", "cmdline", "environ"]):
        facts = process.info
        if str(data) in " ".join(facts["cmdline"] or []) or str(data) in str(facts["environ"]):
            found.append(facts["pid"])
    return [pid for pid in found if pid != os.getpid()]


def test_up_serves_and_a_signal_leaves_no_process(data: Path) -> None:
    with up(data, environment=ELSEWHERE) as process:
        services = manage(data, "services", environment=ELSEWHERE)
        again = manage(data, "up", environment=ELSEWHERE)
        cleaned = manage(data, "clean", environment=ELSEWHERE)
        process.send_signal(signal.SIGTERM)
        process.communicate(timeout=SECONDS_TO_END)
    assert process.returncode == 0
    assert _of(data) == []
    assert (services.returncode, again.returncode, cleaned.returncode) == (0, 0, 1)
    assert all(name in services.stdout for name in ("postgres", "web", "workers", "worker-runs", "beat"))
    assert "Already up" in again.stdout
    # Where to, and as whom; its output is no terminal, so no password.
    assert "Sign in at http://127.0.0.1:" in again.stdout
    assert "changepassword admin@example.com" in again.stdout
    assert "with the password" not in again.stdout


def test_up_killed_at_once_leaves_no_process(data: Path) -> None:
    with up(data, environment=ELSEWHERE) as process:
        process.kill()
        process.communicate(timeout=SECONDS_TO_END)
    end = time.monotonic() + SECONDS_TO_END
    while _of(data):
        assert time.monotonic() < end, "processes were left behind"
        time.sleep(0.2)
