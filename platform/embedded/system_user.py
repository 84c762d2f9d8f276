"""The user that root starts PostgreSQL as, which refuses to run as root. Its group may walk through our folders."""

import os
import pwd
from pathlib import Path

NAME = "pgserver"


def gid() -> int | None:
    """Its group; None while there is no such user."""
    try:
        return pwd.getpwnam(NAME).pw_gid
    except KeyError:
        return None


def close_to_others(folder: Path) -> None:
    """Let nobody else into a folder of ours; where root owns it, PostgreSQL's user may walk through, not list it."""
    if os.geteuid() != 0:
        folder.chmod(0o700)
        return
    group = gid()
    if group is not None:
        os.chown(folder, -1, group)
    # Until there is such a user it is one of all others.
    folder.chmod(0o711 if group is None else 0o710)
