"""What a run used: device seconds, memory, and the versions it ran on."""

from __future__ import annotations

import importlib.metadata
import platform
import resource
import sys
import time

METER_FILE = "meter.json"
PACKAGES = ("torch", "transformers", "datasets", "numpy")


class Meter:
    """Counts from its making; a device is held for as long as the process lives, busy or not."""

    def __init__(self) -> None:
        self._started = time.monotonic()

    def device_seconds(self) -> float:
        """Return the wall-clock seconds this attempt has held its device."""
        return time.monotonic() - self._started


def peak_memory_bytes() -> int:
    """Return the largest resident memory of this process so far, in bytes."""
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else peak * 1024


def versions() -> dict[str, str]:
    """Return the versions a result depends on, by package name."""
    found = {name: importlib.metadata.version(name) for name in PACKAGES}
    return {"python": platform.python_version(), **found}
