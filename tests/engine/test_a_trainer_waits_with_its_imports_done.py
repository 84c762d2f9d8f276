import json
import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from tests.tiny_runs import RunFolder

ROOT = Path(__file__).parents[2]


def waiting(**environment: str) -> tuple[subprocess.Popen[bytes], socket.socket]:
    ours, its = socket.socketpair()
    variables = {**os.environ, "PYTHONPATH": str(ROOT), **environment}
    command = [sys.executable, "-m", "training", "--wait"]
    with its:
        return subprocess.Popen(command, env=variables, stdin=its.fileno(), stdout=subprocess.DEVNULL), ours


def test_it_carries_out_the_run_it_is_told_and_logs_where_it_is_told(run_folder: RunFolder) -> None:
    folder = run_folder()
    process, ours = waiting()
    order = {
        "spec": str(folder / "spec.json"),
        "log": str(folder / "log.txt"),
        "environment": {"CUDA_VISIBLE_DEVICES": ""},
    }
    with ours:
        socket.send_fds(ours, [json.dumps(order).encode()], [])
    assert process.wait(timeout=60) == 0
    assert "step 6/6" in (folder / "log.txt").read_text()
    assert json.loads((folder / "meter.json").read_text())["stages"]["start"] < 1


@pytest.mark.usefixtures("forked_trainers")
def test_it_leaves_when_nobody_needs_it() -> None:
    process, ours = waiting()
    ours.close()
    assert process.wait(timeout=60) == 0


def test_it_leaves_with_whoever_started_it() -> None:
    process, ours = waiting(FULCRUM_PARENT_PID="1" if os.getppid() != 1 else "2")
    assert process.wait(timeout=60) == 0
    ours.close()
