"""The user that root starts PostgreSQL as, which refuses to run as root. Its group may traverse our folders."""

import os
import pwd
from pathlib import Path

SYSTEM_USER = "pgserver"


def system_user_gid() -> int | None:
    """Its group; None while there is no such user."""
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
