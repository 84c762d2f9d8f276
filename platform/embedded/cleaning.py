"""The command `clean`: remove what we created. Standard library only: it must work when packages are broken."""

import shutil
import time
from pathlib import Path

from embedded import EmbeddedError
from embedded.data_folder import Paths, is_locked, remove_fallback_folder

WAIT_SECONDS = 30


class StillInUse(EmbeddedError):
    """Services of this copy are running, so its data is not removed."""


def clean(*, paths: Paths, everything: bool) -> None:
    """Remove the data folder; with `everything`, both virtual environments too."""
    _refuse_when_in_use(paths)
    if paths.socket_note.exists():
        shutil.rmtree(paths.socket_note.read_text(), ignore_errors=True)
    paths.remove_data()
    remove_fallback_folder(paths=paths)
    print(f"removed {paths.data}")
    for folder in (paths.venv, paths.label_studio_venv) if everything else ():
        _remove_environment(folder)


def _refuse_when_in_use(paths: Paths) -> None:
    if not paths.run.exists():
        return
    if is_locked(path=paths.supervisor_lock):
        raise StillInUse(f"the services of {paths.data} are up: stop `manage.py up` with Ctrl-C first.")
    # PostgreSQL stops by itself a moment after its last user.
    until = time.monotonic() + WAIT_SECONDS
    while is_locked(path=paths.keeper_lock):
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
