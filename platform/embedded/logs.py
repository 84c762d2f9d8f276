"""Logs of services: for their owner only, and of bounded size."""

import os
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import IO

from embedded import EmbeddedError

DEFAULT_MB = 10
NUM_KEPT = 3
MEGABYTE = 1024 * 1024


class WrongLogSize(EmbeddedError):
    """FULCRUM_LOG_MB says no size."""


def append_to(path: Path) -> IO[bytes]:
    """Open a log for a service, which adds to its end, wherever that is by then."""
    return os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600), "ab")


def max_bytes(*, source: Mapping[str, str] | None = None) -> int:
    """The size at which a log is cut. Raises: WrongLogSize."""
    typed = (os.environ if source is None else source).get("FULCRUM_LOG_MB") or str(DEFAULT_MB)
    if not typed.isdecimal() or int(typed) < 1:
        raise WrongLogSize(f"FULCRUM_LOG_MB={typed!r} is no number of megabytes: give 1 or more.")
    return int(typed) * MEGABYTE


def cut(*, folder: Path, max_bytes: int) -> None:
    """Move what each log larger than this holds to NAME.log.1, and that of before to NAME.log.2 and so on.

    The file itself stays and is emptied, since its service goes on writing to it; a line written in the moment between
    is lost.
    """
    for log in folder.glob("*.log"):
        if log.stat().st_size > max_bytes:
            _rotate(log)


def _rotate(log: Path) -> None:
    for number in range(NUM_KEPT, 1, -1):
        earlier = _numbered(log, number - 1)
        if earlier.exists():
            earlier.replace(_numbered(log, number))
    fresh = log.with_name(f"{log.name}.new")
    with log.open("rb") as source, append_to(fresh) as target:
        shutil.copyfileobj(source, target)
        os.truncate(log, 0)
    fresh.replace(_numbered(log, 1))


def _numbered(log: Path, number: int) -> Path:
    return log.with_name(f"{log.name}.{number}")
