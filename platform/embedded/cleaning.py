"""Removing what we made. Standard library only: it must work when packages are broken."""

import shutil
import time
from pathlib import Path

from embedded import EmbeddedError, locks, reach
from embedded.paths import Paths

PATIENCE_SECONDS = 30


class StillInUse(EmbeddedError):
    """Services of this copy run, so its data is not removed."""


def clean(*, paths: Paths, everything: bool) -> None:
    """Remove the data folder; with `everything`, both virtual environments too."""
    _refuse_when_in_use(paths)
    note = paths.run / "socket-folder"
    if note.exists():
        shutil.rmtree(note.read_text(), ignore_errors=True)
    paths.remove_data()
    reach.remove_elsewhere(paths=paths)
    print(f"removed {paths.data}")
    for folder in (paths.venv, paths.label_studio_venv) if everything else ():
        _remove_environment(folder)


def _refuse_when_in_use(paths: Paths) -> None:
    if not paths.run.exists():
        return
    if locks.is_held(path=paths.run / "supervisor.lock"):
        raise StillInUse(f"the services of {paths.data} are up: stop `manage.py up` with Ctrl-C first.")
    # PostgreSQL stops by itself a moment after its last user.
    until = time.monotonic() + PATIENCE_SECONDS
    while locks.is_held(path=paths.run / "postgres.keeper"):
        if time.monotonic() > until:
            raise StillInUse(f"a command still uses PostgreSQL in {paths.postgres}: wait for it, or end it.")
        time.sleep(0.2)


def _remove_environment(folder: Path) -> None:
    if folder.is_symlink():
        folder.unlink()
    elif folder.exists():
        shutil.rmtree(folder)
    else:
        return
    print(f"removed {folder}")
