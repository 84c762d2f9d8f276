import ast
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]


def _manage(*arguments: str) -> "subprocess.CompletedProcess[str]":
    command = [sys.executable, str(ROOT / "manage.py"), *arguments]
    return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)


def test_an_old_python_can_parse_the_entry_point_and_gets_a_sentence() -> None:
    ast.parse((ROOT / "manage.py").read_text(), feature_version=(3, 8))


def test_no_command_prints_the_commands() -> None:
    done = _manage()
    assert done.returncode == 0
    assert all(word in done.stdout for word in ("demo", "up", "test", "check_all", "clean"))


def test_a_wrong_argument_is_named() -> None:
    done = _manage("clean", "--everything")
    assert done.returncode == 1
    assert "--everything" in done.stderr


@pytest.mark.parametrize("arguments", [("help", "up"), ("help", "test"), ("demo", "--help"), ("clean", "-h")])
def test_help_about_a_command_of_ours_prints_the_commands_and_starts_nothing(arguments: tuple[str, ...]) -> None:
    done = _manage(*arguments)
    assert done.returncode == 0
    assert "check_all" in done.stdout
