"""The number of processor cores that this process may use."""

import os
from pathlib import Path

_QUOTA = Path("/sys/fs/cgroup/cpu.max")


def cores_held(quota: Path = _QUOTA) -> int:
    """The cores of this process's CPU affinity, or fewer where a container's quota is smaller."""
    affinity = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    try:
        share, period = quota.read_text().split()
        allowed = int(share) // int(period)
    except (OSError, ValueError):  # no container, or no quota: the file says "max"
        return affinity
    return max(1, min(affinity, allowed))
