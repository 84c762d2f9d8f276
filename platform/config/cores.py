"""How many processor cores this process may use, as the system lets it, not as the machine has them."""

import os
from pathlib import Path

_QUOTA = Path("/sys/fs/cgroup/cpu.max")


def cores_held(quota: Path = _QUOTA) -> int:
    """The cores that this process may run on: what it is bound to, or fewer where a container's quota is smaller."""
    bound = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    try:
        share, period = quota.read_text().split()
        allowed = int(share) // int(period)
    except (OSError, ValueError):  # no container, or one without a quota: it says "max"
        return bound
    return max(1, min(bound, allowed))
