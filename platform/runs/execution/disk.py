"""Free space on the disk for runs: a full one pauses a run, it does not fail it."""

import shutil
from pathlib import Path

from django.conf import settings

from training.contract import DISK_FULL, ERROR_FILE
from training.runtime import read_json

BYTES_PER_MEGABYTE = 2**20


def disk_space_shortage() -> str:
    """Why there is too little space to start a run; empty where there is enough."""
    folder = Path(settings.RUNS_DIR)
    folder.mkdir(parents=True, exist_ok=True)
    free = shutil.disk_usage(folder).free // BYTES_PER_MEGABYTE
    least = settings.MIN_FREE_MB
    if free >= least:
        return ""
    return f"only {free:,} MB is free on the disk for runs; {least:,} MB is needed to start one"


def ran_out_of_disk(folder: Path) -> bool:
    """Whether a run's trainer reports that it exited because the disk was full."""
    return read_json(folder / ERROR_FILE).get("error") == DISK_FULL
