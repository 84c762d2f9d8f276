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
    """FULCRUM_LOG_MB is not a size."""


def open_log(path: Path) -> IO[bytes]:
    """Open a log for appending, also after it was truncated."""
    return os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600), "ab")


def max_log_bytes(*, source: Mapping[str, str] | None = None) -> int:
    """The size at which a log is rotated. Raises: WrongLogSize."""
    raw = (os.environ if source is None else source).get("FULCRUM_LOG_MB") or str(DEFAULT_MB)
    if not raw.isdecimal() or int(raw) < 1:
        raise WrongLogSize(f"FULCRUM_LOG_MB={raw!r} is not a number of megabytes: give 1 or more.")
    return int(raw) * MEGABYTE


def rotate_logs(*, folder: Path, max_bytes: int) -> None:
    """Copy each log larger than this to NAME.log.1, the one before to NAME.log.2 and so on, and truncate it.

    The file itself stays, since its service keeps it open; a line written between copy and truncation is lost.
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
    with log.open("rb") as source, open_log(fresh) as target:
        shutil.copyfileobj(source, target)
        os.truncate(log, 0)
    fresh.replace(_numbered(log, 1))


def _numbered(log: Path, number: int) -> Path:
    return log.with_name(f"{log.name}.{number}")
