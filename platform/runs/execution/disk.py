"""Whether the disk that holds the runs has room: a full one pauses a run, it does not fail it."""

import shutil
from pathlib import Path

from django.conf import settings

from training.contract import DISK_FULL, ERROR_FILE
from training.runtime import read_json

BYTES_PER_MEGABYTE = 2**20


def missing_room() -> str:
    """Say in words that too little room is left to start anything; empty where there is enough."""
    folder = Path(settings.RUNS_DIR)
    folder.mkdir(parents=True, exist_ok=True)
    free = shutil.disk_usage(folder).free // BYTES_PER_MEGABYTE
    least = settings.MIN_FREE_MB
    if free >= least:
        return ""
    return f"only {free:,} MB are free on the disk that holds the runs, and {least:,} MB must be before one starts"


def found_no_room(folder: Path) -> bool:
    """Say whether a run's trainer left because the disk was full, by its own word."""
    return read_json(folder / ERROR_FILE).get("error") == DISK_FULL
