import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests import beside
from tests.commands import ROOT

NUM_PROCESSES = 16


def python(script: str, *arguments: str) -> "subprocess.Popen[str]":
    command = (sys.executable, str(Path(__file__).with_name(script)), *arguments)
    return subprocess.Popen(
        command, env=beside.environment(), cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )


class Crew:
    """Processes that all work at once."""

    def __init__(self) -> None:
        self._payers = python("payer.py", str(NUM_PROCESSES))

    def start(self, orders: list[dict[str, Any]]) -> None:
        """Hand each its order; one that gets none rests."""
        assert self._payers.stdin is not None
        self._payers.stdin.write(json.dumps(orders) + "\n")
        self._payers.stdin.flush()

    def answers(self) -> list[str]:
        """Wait for all; how each try went."""
        assert self._payers.stdout is not None
        line = self._payers.stdout.readline()
        assert line, f"they ended with {self._payers.wait()} instead of answering"
        answers: list[str] = json.loads(line)
        return answers

    def dismiss(self) -> None:
        self._payers.communicate(timeout=60)


@pytest.fixture(scope="module")
def crew(django_db_setup: None) -> Iterator[Crew]:
    made = Crew()
    yield made
    made.dismiss()
