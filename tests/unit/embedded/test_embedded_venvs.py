import sys
from pathlib import Path

import pytest

from embedded import venvs

# Stands for a virtual environment's Python: it writes down what pip is asked for, and fails while told to.
FAKE = """#!/bin/sh
here=$(dirname "$0")
case "$*" in
  -c*) echo "{version}" ;;
  *pip*) echo "$@" >> "$here/asked"; if [ -e "$here/broken" ]; then echo "no network"; exit 1; fi ;;
esac
"""


@pytest.fixture
def recipe(tmp_path: Path) -> venvs.Recipe:
    folder = tmp_path / "venv"
    (folder / "bin").mkdir(parents=True)
    python = folder / "bin" / "python"
    python.write_text(FAKE.format(version=sys.version))
    python.chmod(0o755)
    wanted = tmp_path / "requirements.txt"
    wanted.write_text("something==1\n")
    installs = (venvs.Install(requirements=wanted), venvs.Install(requirements=wanted, switches=("--no-deps",)))
    return venvs.Recipe(name="test", folder=folder, installs=installs, log=tmp_path / "log")


def _asked(recipe: venvs.Recipe) -> list[str]:
    return (recipe.folder / "bin" / "asked").read_text().splitlines()


def test_an_unchanged_environment_is_left_alone(recipe: venvs.Recipe) -> None:
    assert venvs.ensure(recipe=recipe)
    assert not venvs.ensure(recipe=recipe)
    assert len(_asked(recipe)) == 2


def test_packages_with_unrelated_needs_come_without_them(recipe: venvs.Recipe) -> None:
    venvs.ensure(recipe=recipe)
    assert ["--no-deps" in line for line in _asked(recipe)] == [False, True]


def test_a_changed_requirement_installs_again(recipe: venvs.Recipe) -> None:
    venvs.ensure(recipe=recipe)
    recipe.installs[0].requirements.write_text("something==2\n")
    assert venvs.ensure(recipe=recipe)


def test_a_half_done_set_up_is_resumed(recipe: venvs.Recipe) -> None:
    broken = recipe.folder / "bin" / "broken"
    broken.touch()
    with pytest.raises(venvs.SetUpFailed, match="no network"):
        venvs.ensure(recipe=recipe)
    broken.unlink()
    assert venvs.ensure(recipe=recipe)
    assert recipe.is_made()


def test_a_missing_venv_module_is_named(recipe: venvs.Recipe, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(venvs.SetUpFailed, match="-venv"):
        venvs.ensure(recipe=recipe)
