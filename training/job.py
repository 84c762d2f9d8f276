"""A run in progress: its spec, its folder, and the means to report, stop and count."""

from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Self

from training.reporting import Meter, Progress
from training.runtime import RunCache, StopFlag
from training.spec import RunSpec, TrainingSettings


@dataclass(frozen=True, kw_only=True)
class Job:
    """What every method is handed."""

    spec: RunSpec
    folder: Path
    progress: Progress
    stop: StopFlag = field(default_factory=StopFlag)
    meter: Meter = field(default_factory=Meter)
    cache: RunCache | None = field(default_factory=RunCache.of_environment)

    def with_settings(self, settings: TrainingSettings, *, seed: int | None = None) -> Self:
        changed = replace(self.spec, training=settings, seed=self.spec.seed if seed is None else seed)
        return replace(self, spec=changed)
