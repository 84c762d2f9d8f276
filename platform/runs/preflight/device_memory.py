"""How much memory a run may use on its device, as this machine tells."""

import os
import shutil
import subprocess
from functools import lru_cache
from pathlib import Path

from django.conf import settings

GIB = 2**30
_CGROUP_LIMITS = ("/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory/memory.limit_in_bytes")
_SECONDS_FOR_AN_ANSWER = 5


def device_memory(device: str) -> int | None:
    """Bytes of memory on a device: the setting, else what this machine says; None where it cannot tell."""
    if settings.RUN_MEMORY_GB:
        return int(settings.RUN_MEMORY_GB) * GIB
    return _of_machine() if device == "cpu" else _of_gpu()


def _of_machine() -> int:
    limits = [os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")]
    for name in _CGROUP_LIMITS:
        path = Path(name)
        limit = path.read_text().strip() if path.is_file() else ""
        limits += [int(limit)] if limit.isdecimal() else []
    return min(limits)


@lru_cache(maxsize=1)
def _of_gpu() -> int | None:
    """The first GPU's memory, asked once: a run has one device."""
    program = shutil.which("nvidia-smi")
    if program is None:
        return None
    command = [program, "--query-gpu=memory.total", "--format=csv,noheader,nounits"]
    try:
        output = subprocess.run(
            command, capture_output=True, text=True, timeout=_SECONDS_FOR_AN_ANSWER, check=True
        ).stdout
    except (OSError, subprocess.SubprocessError):
        return None
    first = output.split("\n", 1)[0].strip()
    return int(first) * 2**20 if first.isdecimal() else None
