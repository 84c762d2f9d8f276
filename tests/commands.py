"""`manage.py` as a person calls it, on a data folder of its own."""

import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
SECONDS_TO_END = 90


def manage(
    data: Path, *arguments: str, environment: Mapping[str, str], timeout: float = SECONDS_TO_END
) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, "manage.py", *arguments],
        cwd=ROOT,
        env=_environment(data, environment),
        capture_output=True,
        text=True,
        timeout=timeout,
        check=False,
    )


@contextmanager
def up(data: Path, *, environment: Mapping[str, str]) -> "Iterator[subprocess.Popen[str]]":
    """Serve, from when everything answers until the block is left."""
    process = subprocess.Popen(
        [sys.executable, "-u", "manage.py", "up"],
        cwd=ROOT,
        env=_environment(data, environment),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    try:
        assert process.stdout is not None
        lines = iter(process.stdout.readline, "")
        assert any(line.startswith("Up.") for line in lines), "it ended before it was up"
        yield process
    finally:
        process.terminate()
        process.communicate(timeout=SECONDS_TO_END)


def _environment(data: Path, given: Mapping[str, str]) -> dict[str, str]:
    kept = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
    return {**kept, "FULCRUM_DATA_DIR": str(data), **given}
