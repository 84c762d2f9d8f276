import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
MEMORY = str(8 * 2**30)


def start(artifact: Path, **environment: str) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", "training", "answer", str(artifact), "300", MEMORY]
    variables = {**os.environ, "PYTHONPATH": str(ROOT), **environment}
    return subprocess.Popen(
        command, env=variables, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )


def test_each_line_is_answered_until_no_more_come(teacher: Path) -> None:
    lines = b"".join(json.dumps({"text": text}).encode() + b"\n" for text in ("good",))
    out, err = start(teacher).communicate(lines, timeout=120)
    assert json.loads(out)["predicted"] in ("neg", "pos"), err


@pytest.mark.usefixtures("forked_trainers")
def test_it_leaves_as_soon_as_who_started_it_is_gone(teacher: Path) -> None:
    process = start(teacher, FULCRUM_PARENT_PID="1" if os.getpid() != 1 else "2")
    # Its input stays open: only the parent is gone.
    assert process.wait(timeout=120) == 0
    process.communicate()


def test_a_folder_that_is_no_model_is_said(tmp_path: Path) -> None:
    process = start(tmp_path)
    _, err = process.communicate(timeout=120)
    assert process.returncode == 2 and b"label_map.json cannot be read" in err
