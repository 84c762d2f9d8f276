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
        self._payers = [python("payer.py") for _ in range(NUM_PROCESSES)]

    def start(self, orders: list[dict[str, Any]]) -> None:
        """Hand each its order; one that gets none rests."""
        self._busy = list(zip(self._payers, orders, strict=False))
        for payer, order in self._busy:
            assert payer.stdin is not None
            payer.stdin.write(json.dumps(order) + "\n")
            payer.stdin.flush()

    def answers(self) -> list[str]:
        """Wait for all; how each try went."""
        return [outcome for payer, _ in self._busy for outcome in self._answer(payer)]

    def dismiss(self) -> None:
        for payer in self._payers:
            payer.communicate(timeout=60)

    def _answer(self, payer: "subprocess.Popen[str]") -> list[str]:
        assert payer.stdout is not None
        line = payer.stdout.readline()
        assert line, f"a process ended with {payer.wait()} instead of answering"
        answers: list[str] = json.loads(line)
        return answers


@pytest.fixture(scope="module")
def crew(django_db_setup: None) -> Iterator[Crew]:
    made = Crew()
    yield made
    made.dismiss()
