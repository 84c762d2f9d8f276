import sys
from pathlib import Path

import pytest

from embedded.installation import PipInstall, SetUpFailed, VenvSpec, ensure_venv

# Stands for a virtual environment's Python: it writes down what pip is asked for, and fails while told to.
FAKE = """#!/bin/sh
here=$(dirname "$0")
case "$*" in
  -c*) echo "{version}" ;;
  *pip*) echo "$@" >> "$here/asked"; if [ -e "$here/broken" ]; then echo "no network"; exit 1; fi ;;
esac
"""


@pytest.fixture
def spec(tmp_path: Path) -> VenvSpec:
    folder = tmp_path / "venv"
    (folder / "bin").mkdir(parents=True)
    python = folder / "bin" / "python"
    python.write_text(FAKE.format(version=sys.version))
    python.chmod(0o755)
    wanted = tmp_path / "requirements.txt"
    wanted.write_text("something==1\n")
    installs = (PipInstall(requirements=wanted), PipInstall(requirements=wanted, switches=("--no-deps",)))
    return VenvSpec(name="test", folder=folder, installs=installs, log=tmp_path / "log")


def _asked(spec: VenvSpec) -> list[str]:
    return (spec.folder / "bin" / "asked").read_text().splitlines()


def test_an_unchanged_environment_is_left_alone(spec: VenvSpec) -> None:
    assert ensure_venv(spec=spec)
    assert not ensure_venv(spec=spec)
    assert len(_asked(spec)) == 2


def test_packages_with_unrelated_needs_come_without_them(spec: VenvSpec) -> None:
    ensure_venv(spec=spec)
    assert ["--no-deps" in line for line in _asked(spec)] == [False, True]


def test_a_changed_requirement_installs_again(spec: VenvSpec) -> None:
    ensure_venv(spec=spec)
    spec.installs[0].requirements.write_text("something==2\n")
    assert ensure_venv(spec=spec)


def test_a_half_done_set_up_is_resumed(spec: VenvSpec) -> None:
    broken = spec.folder / "bin" / "broken"
    broken.touch()
    with pytest.raises(SetUpFailed, match="no network"):
        ensure_venv(spec=spec)
    broken.unlink()
    assert ensure_venv(spec=spec)
    assert spec.is_made()


def test_a_missing_venv_module_is_named(spec: VenvSpec, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(SetUpFailed, match="-venv"):
        ensure_venv(spec=spec)
