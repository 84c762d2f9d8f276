"""Virtual environments, created once and updated when their requirements change."""

import hashlib
import importlib.util
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from embedded import EmbeddedError
from embedded.data_folder import hold_lock, open_log
from embedded.environment import scrubbed

LINES_SHOWN = 15
QUIET = ("--no-input", "--progress-bar=off", "--disable-pip-version-check")


class SetUpFailed(EmbeddedError):
    """A virtual environment could not be created, or a package not be installed."""


@dataclass(frozen=True, kw_only=True)
class PipInstall:
    requirements: Path
    switches: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class VenvSpec:
    """What to install into a virtual environment; `name` tells several sets in one environment apart."""

    name: str
    folder: Path
    installs: tuple[PipInstall, ...]
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


def ensure_venv(*, spec: VenvSpec) -> bool:
    """Create or update the environment. Returns: whether there was anything to do."""
    if spec.is_made():
        return False
    lock = spec.folder.parent / f"{spec.folder.name}.lock"
    with hold_lock(path=lock, waiting=f"waiting for another set-up of {spec.folder.name}"):
        if spec.is_made():
            return False
        _install(spec)
        return True


def _install(spec: VenvSpec) -> None:
    spec.log.parent.mkdir(parents=True, exist_ok=True)
    began = time.monotonic()
    print(f"{spec.name}: installing packages, a few minutes the first time (log: {spec.log})", flush=True)
    spec.stamp.unlink(missing_ok=True)
    _create_folder(spec)
    for install in spec.installs:
        source = ["-r", str(install.requirements)]
        _run(spec, [str(spec.python), "-m", "pip", "install", *QUIET, *install.switches, *source])
    # Last, so that an interrupted set-up is resumed by the next command.
    spec.stamp.write_text(spec.digest())
    print(f"{spec.name}: ready after {time.monotonic() - began:.0f} s", flush=True)


def _create_folder(spec: VenvSpec) -> None:
    if importlib.util.find_spec("venv") is None or importlib.util.find_spec("ensurepip") is None:
        version = f"{sys.version_info.major}.{sys.version_info.minor}"
        raise SetUpFailed(
            f"This Python cannot create virtual environments: install its venv module "
            f"(on Debian and Ubuntu `apt install python{version}-venv`) and try again."
        )
    # A folder whose pip works is kept, with what is installed in it.
    if spec.python.exists() and _is_usable(spec):
        return
    _run(spec, [sys.executable, "-m", "venv", "--clear", str(spec.folder)])


def _is_usable(spec: VenvSpec) -> bool:
    check = "import sys, pip; print(sys.version)"
    done = subprocess.run([spec.python, "-c", check], capture_output=True, text=True, check=False, env=scrubbed())
    return done.returncode == 0 and done.stdout.strip() == sys.version.strip()


def _run(spec: VenvSpec, command: Sequence[str]) -> None:
    with open_log(spec.log) as log:
        done = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, env=scrubbed(), check=False)
    if done.returncode != 0:
        last = "\n".join(spec.log.read_text(errors="replace").splitlines()[-LINES_SHOWN:])
        raise SetUpFailed(
            f"Setting up {spec.folder.name} failed; run the same command again to continue from here. "
            f"The end of {spec.log}:\n{last}"
        )
