"""What a run used: device seconds, memory, and the versions it ran on."""

import hashlib
import importlib.metadata
import platform
import resource
import sys
import time
from pathlib import Path

PACKAGES = ("torch", "transformers", "datasets", "numpy")


class Meter:
    """Counts from its creation; a device is held for as long as the process lives, busy or not."""

    def __init__(self) -> None:
        self._started = time.monotonic()

    def device_seconds(self) -> float:
        return time.monotonic() - self._started


def peak_memory_bytes() -> int:
    """Return the largest resident memory of this process so far, in bytes."""
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else peak * 1024


def peak_device_memory_bytes() -> int | None:
    """Return the most memory this process had of its accelerator, in bytes; None where it uses none."""
    torch = sys.modules.get("torch")
    if torch is None or not torch.cuda.is_initialized():
        return None
    return int(torch.cuda.max_memory_allocated())


def versions() -> dict[str, str]:
    """Return versions by package name, a hash of this trainer's source, and the processor: a result depends on them."""
    found = {name: importlib.metadata.version(name) for name in PACKAGES}
    here = {"processor": platform.machine(), "training": source_hash()}
    return {"python": platform.python_version(), **found, **here}


def source_hash() -> str:
    """Return twelve hex digits over this package's source; equal ones are the same trainer."""
    digest = hashlib.sha256()
    for path in sorted(Path(__file__).parents[1].rglob("*.py")):
        digest.update(path.read_bytes())
    return digest.hexdigest()[:12]
