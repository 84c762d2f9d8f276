"""A run in motion: its spec, its folder, and the ways to report, stop and count."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from training.meter import Meter
from training.progress import Progress
from training.spec import RunSpec
from training.stop import StopFlag


@dataclass(frozen=True, kw_only=True)
class Job:
    """What every method is handed."""

    spec: RunSpec
    folder: Path
    progress: Progress
    stop: StopFlag = field(default_factory=StopFlag)
    meter: Meter = field(default_factory=Meter)
