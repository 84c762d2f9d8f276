"""What runs compute once and share: files by content, the least recently used removed first.

Any number of processes may read and write at once: files appear whole, are never changed, and one that is damaged or
gone counts as not there. A cache that cannot be written is said in the log, and costs time alone.
"""

import hashlib
import os
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Self

from training.contract import RUN_CACHE_MB_VARIABLE, RUN_CACHE_VARIABLE
from training.runtime.files import removed_on_failure

DIGEST_BYTES = 16
BYTES_PER_MB = 1 << 20


@dataclass(frozen=True, kw_only=True)
class RunCache:
    """A folder, and how many bytes it may hold."""

    folder: Path
    most_bytes: int

    @classmethod
    def of_environment(cls) -> Self | None:
        """Return the cache that the environment names; None for none, or one of no size."""
        folder = os.environ.get(RUN_CACHE_VARIABLE, "")
        most_bytes = int(os.environ.get(RUN_CACHE_MB_VARIABLE) or 0) * BYTES_PER_MB
        return cls(folder=Path(folder), most_bytes=most_bytes) if folder and most_bytes else None

    def read(self, name: str) -> bytes | None:
        """Return what is kept by a name; None for nothing, or nothing whole."""
        path = self.folder / name
        try:
            kept = path.read_bytes()
        except OSError:
            return None
        content = kept[DIGEST_BYTES:]
        if digest_of(content) != kept[:DIGEST_BYTES]:
            self.remove(path)
            return None
        self.used(path)
        return content

    def write(self, name: str, content: bytes) -> None:
        """Keep bytes by a name."""
        self.add({name: lambda stream: stream.write(digest_of(content) + content)})

    def add(self, files: dict[str, Callable[[BinaryIO], object]]) -> None:
        """Write files below the folder, one after the other, and remove what is then too much."""
        try:
            for name, write in files.items():
                _write(self.folder / name, write)
            self._trim()
        except OSError as error:
            print(f"not kept for further runs: {error}", flush=True)

    def used(self, *paths: Path) -> None:
        """Note that files were read just now."""
        for path in paths:
            # Another process may have removed it.
            with suppress(OSError):
                os.utime(path)

    def remove(self, *paths: Path) -> None:
        """Remove files that are damaged, or whose other half is gone."""
        for path in paths:
            with suppress(OSError):
                path.unlink()

    def _trim(self) -> None:
        """Remove the least recently used files, those of writers that were killed too, until the size is kept."""
        found = []
        for path in self.folder.rglob("*"):
            with suppress(FileNotFoundError):
                status = path.stat()
                found += [(status.st_mtime_ns, status.st_size, path)] if path.is_file() else []
        excess = sum(size for _, size, _ in found) - self.most_bytes
        for _, size, path in sorted(found):
            if excess <= 0:
                return
            path.unlink(missing_ok=True)
            excess -= size


def digest_of(content: bytes) -> bytes:
    """Return the digest of bytes, of DIGEST_BYTES."""
    return hashlib.blake2b(content, digest_size=DIGEST_BYTES).digest()


def _write(path: Path, write: Callable[[BinaryIO], object]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    with removed_on_failure(temporary):
        with temporary.open("wb") as stream:
            write(stream)
        temporary.replace(path)
