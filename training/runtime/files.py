"""Files that appear complete or not at all: write beside, then rename."""

import hashlib
import json
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from training.contract import CARD_FILE, CHECKPOINT, TRIALS

CHUNK_BYTES = 1 << 20


def read_json(path: Path) -> dict[str, Any]:
    """Return the object in a JSON file; empty where there is no file yet, or no object in it."""
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):
        return {}
    return content if isinstance(content, dict) else {}


def write_json(*, path: Path, payload: object, indent: int | None = 1) -> None:
    """Replace a JSON file in one step, so that no reader sees half of it; `indent` None is much faster."""
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    with removed_on_failure(temporary):
        temporary.write_text(json.dumps(payload, ensure_ascii=False, indent=indent, allow_nan=False), encoding="utf-8")
        temporary.replace(path)


@contextmanager
def removed_on_failure(temporary: Path) -> Iterator[None]:
    """Delete a file or folder that could not be written to its end, so that it takes no space on a full disk."""
    try:
        yield
    except BaseException:
        if temporary.is_dir():
            shutil.rmtree(temporary, ignore_errors=True)
        else:
            temporary.unlink(missing_ok=True)
        raise


@contextmanager
def atomic_folder(target: Path) -> Iterator[Path]:
    """Give a temporary folder to fill; it replaces the target only when the block succeeds."""
    temporary = target.with_name(f"{target.name}.tmp")
    shutil.rmtree(temporary, ignore_errors=True)
    temporary.mkdir(parents=True)
    with removed_on_failure(temporary):
        yield temporary
        shutil.rmtree(target, ignore_errors=True)
        temporary.rename(target)


def discard_working_files(folder: Path) -> None:
    """Delete what a run would resume from, its checkpoint and its trials, once it has a result or will have none."""
    for name in (CHECKPOINT, TRIALS):
        shutil.rmtree(folder / name, ignore_errors=True)


def file_hash(path: Path) -> str:
    """Return a file's SHA-256 as 64 hex digits."""
    digest = hashlib.sha256()
    with path.open("rb") as stream:
        while chunk := stream.read(CHUNK_BYTES):
            digest.update(chunk)
    return digest.hexdigest()


def folder_hash(folder: Path) -> str:
    """Return one SHA-256 over all files below a folder but its model card, whose costs are corrected later."""
    digest = hashlib.sha256()
    card = folder / CARD_FILE
    for path in sorted(p for p in folder.rglob("*") if p.is_file() and p != card):
        digest.update(f"{path.relative_to(folder).as_posix()}\0{file_hash(path)}\n".encode())
    return digest.hexdigest()
