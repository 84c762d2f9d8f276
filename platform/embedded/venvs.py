"""Virtual environments that are made once and again when what they are made from changed. Standard library only."""

import hashlib
import importlib.util
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from embedded import EmbeddedError, locks, logs
from embedded.environment import scrubbed

LINES_SHOWN = 15


class SetUpFailed(EmbeddedError):
    """A virtual environment could not be made, or a package not be installed."""


@dataclass(frozen=True, kw_only=True)
class Install:
    """One call of pip: a requirements file and the switches it needs."""

    requirements: Path
    switches: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Recipe:
    """What a virtual environment is made of; `name` tells several sets in one environment apart."""

    name: str
    folder: Path
    installs: tuple[Install, ...]
    log: Path

    @property
    def python(self) -> Path:
        return self.folder / "bin" / "python"

    @property
    def stamp(self) -> Path:
        return self.folder / f".made-{self.name}"

    def digest(self) -> str:
        parts = [sys.version, *(f"{i.switches}{i.requirements.read_text()}" for i in self.installs)]
        return hashlib.sha256("\n".join(parts).encode()).hexdigest()

    def is_made(self) -> bool:
        return self.python.exists() and self.stamp.exists() and self.stamp.read_text() == self.digest()


def ensure(*, recipe: Recipe) -> bool:
    """Make or update the environment; quick when nothing changed. Returns whether there was anything to do."""
    if recipe.is_made():
        return False
    lock = recipe.folder.parent / f"{recipe.folder.name}.lock"
    with locks.exclusive(path=lock, waiting=f"waiting for another set-up of {recipe.folder.name}"):
        if recipe.is_made():
            return False
        _make(recipe)
        return True


def _make(recipe: Recipe) -> None:
    recipe.log.parent.mkdir(parents=True, exist_ok=True)
    began = time.monotonic()
    print(f"{recipe.name}: installing packages, a few minutes the first time (log: {recipe.log})", flush=True)
    recipe.stamp.unlink(missing_ok=True)
    _make_folder(recipe)
    for install in recipe.installs:
        _pip(recipe, install)
    # Last, so that a set-up that was cut off is resumed by the next command.
    recipe.stamp.write_text(recipe.digest())
    print(f"{recipe.name}: ready after {time.monotonic() - began:.0f} s", flush=True)


def _make_folder(recipe: Recipe) -> None:
    if importlib.util.find_spec("venv") is None or importlib.util.find_spec("ensurepip") is None:
        version = f"{sys.version_info.major}.{sys.version_info.minor}"
        raise SetUpFailed(
            f"This Python cannot make virtual environments: install its venv module "
            f"(on Debian and Ubuntu `apt install python{version}-venv`) and try again."
        )
    # A folder whose pip answers is kept: what is installed in it need not be fetched again.
    if recipe.python.exists() and _is_usable(recipe):
        return
    _run(recipe, [sys.executable, "-m", "venv", "--clear", str(recipe.folder)])


def _is_usable(recipe: Recipe) -> bool:
    check = "import sys, pip; print(sys.version)"
    done = subprocess.run([recipe.python, "-c", check], capture_output=True, text=True, check=False, env=scrubbed())
    return done.returncode == 0 and done.stdout.strip() == sys.version.strip()


def _pip(recipe: Recipe, install: Install) -> None:
    quiet = ["--no-input", "--progress-bar=off", "--disable-pip-version-check"]
    source = ["-r", str(install.requirements)]
    _run(recipe, [str(recipe.python), "-m", "pip", "install", *quiet, *install.switches, *source])


def _run(recipe: Recipe, command: Sequence[str]) -> None:
    with logs.append_to(recipe.log) as log:
        done = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, env=scrubbed(), check=False)
    if done.returncode != 0:
        last = "\n".join(recipe.log.read_text(errors="replace").splitlines()[-LINES_SHOWN:])
        raise SetUpFailed(
            f"Setting up {recipe.folder.name} failed; run the same command again to continue from here. "
            f"The end of {recipe.log}:\n{last}"
        )
