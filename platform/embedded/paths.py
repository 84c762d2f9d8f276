"""Where everything lies: the repository, the data folder and its sub-folders."""

import os
import shutil
from dataclasses import dataclass
from pathlib import Path

from embedded import EmbeddedError

MARKER = ".fulcrum-data"


class NotOurFolder(EmbeddedError):
    """A folder that we did not make is never removed."""


@dataclass(frozen=True, kw_only=True)
class Paths:
    root: Path
    data: Path

    @property
    def venv(self) -> Path:
        return self.root / ".venv"

    @property
    def label_studio_venv(self) -> Path:
        return self.root / ".venv-label-studio"

    @property
    def run(self) -> Path:
        return self.data / "run"

    @property
    def logs(self) -> Path:
        return self.data / "logs"

    @property
    def postgres(self) -> Path:
        return self.data / "pg"

    @property
    def label_studio(self) -> Path:
        return self.data / "ls"

    @property
    def runs(self) -> Path:
        return self.data / "runs"

    @property
    def models(self) -> Path:
        return self.data / "models"

    def log(self, service: str) -> Path:
        return self.logs / f"{service}.log"

    def make(self) -> "Paths":
        """Make the folders that are missing and mark the data folder as ours."""
        for folder in (self.data, self.run, self.logs, self.label_studio, self.runs, self.models):
            folder.mkdir(parents=True, exist_ok=True)
        (self.data / MARKER).touch()
        return self

    def remove_data(self) -> None:
        if not self.data.exists():
            return
        if not (self.data / MARKER).exists():
            raise NotOurFolder(f"{self.data} has no {MARKER} file, so it is not removed; remove it by hand.")
        shutil.rmtree(self.data)


def locate(*, root: Path) -> Paths:
    """The paths of this copy; FULCRUM_DATA_DIR moves the data folder."""
    data = Path(os.environ.get("FULCRUM_DATA_DIR") or root / "var")
    return Paths(root=root, data=data.expanduser().resolve())
