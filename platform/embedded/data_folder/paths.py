"""The paths of one copy: its repository, its data folder and the sub-folders there."""

import os
import pwd
import shutil
import stat
from pathlib import Path

from embedded import EmbeddedError

MARKER = ".fulcrum-data"
# The user that root starts PostgreSQL as, which refuses to run as root. Its group may traverse our folders.
SYSTEM_USER = "pgserver"


class NotOurFolder(EmbeddedError):
    """A folder without our marker file is never removed."""


class Paths:
    def __init__(self, *, root: Path, data: Path) -> None:
        self.root = root
        self.data = data
        self.venv = root / ".venv"
        self.label_studio_venv = root / ".venv-label-studio"
        self.run = data / "run"
        self.logs = data / "logs"
        self.postgres = data / "pg"
        self.label_studio = data / "ls"
        self.runs = data / "runs"
        self.models = data / "models"
        # Held by the process that runs the services.
        self.supervisor_lock = self.run / "supervisor.lock"
        # Held by the process that runs PostgreSQL.
        self.keeper_lock = self.run / "postgres.keeper"
        # Shared by all that use PostgreSQL.
        self.users_lock = self.run / "postgres.users"
        # What runs, for the other commands.
        self.state_file = self.run / "supervisor.json"
        # Names the folder of PostgreSQL's socket where that is not in the data folder.
        self.socket_note = self.run / "socket-folder"

    def log(self, service: str) -> Path:
        return self.logs / f"{service}.log"

    def make(self) -> "Paths":
        """Create missing folders, closed to other users, and mark the data folder as ours."""
        self.data.mkdir(mode=0o700, parents=True, exist_ok=True)
        (self.data / MARKER).touch(mode=0o600)
        for folder in (self.run, self.logs, self.label_studio, self.runs, self.models):
            folder.mkdir(mode=0o700, exist_ok=True)
        self._close_all()
        return self

    def _close_all(self) -> None:
        """Remove other users' permissions, in a folder of an earlier version too."""
        for folder in (self.data, self.run):
            close_to_others(folder)
        files = [*self.data.iterdir(), *self.run.iterdir(), *self.logs.iterdir()]
        for path in files:
            # The tables and the socket belong to PostgreSQL's user and are closed by it.
            if path not in (self.run, self.postgres, self.run / "socket") and not path.is_symlink():
                _restrict(path, 0o710 if path.is_dir() else 0o600)

    def remove_data(self) -> None:
        if not self.data.exists():
            return
        if not (self.data / MARKER).exists():
            raise NotOurFolder(f"{self.data} has no {MARKER} file, so it is not removed; remove it by hand.")
        shutil.rmtree(self.data)


def _restrict(path: Path, most: int) -> None:
    """Remove every permission beyond these."""
    try:
        mode = stat.S_IMODE(path.stat().st_mode)
        if mode & ~most:
            path.chmod(mode & most)
    except FileNotFoundError:
        return  # a lock or log of another command that has just ended


def locate(*, root: Path) -> Paths:
    """The paths of this copy; FULCRUM_DATA_DIR moves the data folder."""
    data = Path(os.environ.get("FULCRUM_DATA_DIR") or root / "var")
    return Paths(root=root, data=data.expanduser().resolve())


def system_user_gid() -> int | None:
    """The group of PostgreSQL's user; None while there is no such user."""
    try:
        return pwd.getpwnam(SYSTEM_USER).pw_gid
    except KeyError:
        return None


def close_to_others(folder: Path) -> None:
    """Close a folder of ours to other users; where root owns it, PostgreSQL's user may traverse it, not list it."""
    if os.geteuid() != 0:
        folder.chmod(0o700)
        return
    group = system_user_gid()
    if group is not None:
        os.chown(folder, -1, group)
    # Until that user exists, it would count as any other.
    folder.chmod(0o711 if group is None else 0o710)
