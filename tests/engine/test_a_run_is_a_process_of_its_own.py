import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.tiny_runs import RunFolder

ROOT = Path(__file__).parents[2]
FOREVER = {"steps": 100000, "evaluations": 1000}


def start(folder: Path, **environment: str) -> subprocess.Popen[str]:
    variables = {**os.environ, "PYTHONPATH": str(ROOT), **environment}
    command = [sys.executable, "-m", "training", str(folder / "spec.json")]
    return subprocess.Popen(command, env=variables, cwd="/", stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def wait_for_steps(folder: Path) -> None:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        path = folder / "progress.json"
        if path.is_file() and json.loads(path.read_text())["step"] > 0:
            return
        time.sleep(0.1)
    raise AssertionError("the run took no step")


def leave(process: subprocess.Popen[str]) -> tuple[int, str, str]:
    out, err = process.communicate(timeout=60)
    return process.returncode, out, err


def test_sigterm_leaves_with_three_and_a_checkpoint(run_folder: RunFolder) -> None:
    folder = run_folder(training=FOREVER)
    process = start(folder)
    wait_for_steps(folder)
    asked_at = time.monotonic()
    process.send_signal(signal.SIGTERM)
    code, _, _ = leave(process)
    assert code == 3
    assert time.monotonic() - asked_at < 5
    assert (folder / "checkpoint" / "state.pt").is_file()
    assert not (folder / "result.json").exists()


@pytest.mark.usefixtures("forked_trainers")
def test_a_run_whose_starter_died_stops_by_itself(run_folder: RunFolder) -> None:
    folder = run_folder(training=FOREVER)
    code, _, _ = leave(start(folder, FULCRUM_PARENT_PID="1" if os.getpid() != 1 else "2"))
    assert code == 3


def test_a_good_run_ends_with_nought_and_a_log(run_folder: RunFolder) -> None:
    folder = run_folder()
    code, out, err = leave(start(folder, FULCRUM_PARENT_PID=str(os.getpid())))
    assert code == 0, err
    assert "step 6/6  loss" in out and "dev accuracy" in out
    assert json.loads((folder / "result.json").read_text())["artifact"] == "artifact"
    assert json.loads((folder / "progress.json").read_text())["stage"] == "save"
    assert not (folder / "checkpoint").exists()


def test_what_cannot_succeed_leaves_with_two_and_says_why(run_folder: RunFolder) -> None:
    folder = run_folder(version=9)
    code, _, err = leave(start(folder))
    assert code == 2, err
    found = json.loads((folder / "error.json").read_text())
    assert found["error"] == "SpecInvalid" and "Write version 1" in found["message"]
    assert not (folder / "result.json").exists()
