"""A package that holds a ready model folder."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from training.carriers.base import Carrier, checked_file


@dataclass(frozen=True, kw_only=True)
class PackagedFolder(Carrier):
    """A model folder used where the package put it; `weights_path` is its safetensors file in site-packages."""

    weights_path: str

    def folder(self, *, name: str) -> Path:
        """Return the package's own folder once its weights are checked."""
        return checked_file(self, self.packaged_file(self.requirements[0], self.weights_path)).parent
