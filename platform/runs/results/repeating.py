"""Repeating an ended run in a copy of its folder, to compare results. Nothing is held, charged or registered."""

import shutil
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from config.refusals import Refusal
from runs.execution import Trainer, hold_device, read_error, read_result
from runs.models import Run
from training.contract import SPEC_FILE
from training.runtime import file_hash

SECONDS_BETWEEN_LOOKS = 1.0
# What must be equal in both results. Times, memory and energy never are.
COMPARED = ("metrics", "search", "seeds", "num_train", "num_pseudo_labels")
# A card names the day and the cost; the rest of an artifact hangs on the spec alone.
_NOT_COMPARED = frozenset({"README.md"})


class NothingToRepeat(Refusal):
    """The run has no spec, no data or no result that another could be compared with."""


class RepeatFailed(Refusal):
    """The repeated run came to no result."""


@dataclass(frozen=True, kw_only=True)
class Repeat:
    """What differs between a run and its repetition, and the versions that do."""

    differences: list[str]
    versions: list[str]

    @property
    def is_identical(self) -> bool:
        return not self.differences


def repeat(*, run: Run, folder: Path) -> Repeat:
    """Carry out a run again in an empty or new folder, where copy and log stay, and compare.

    Raises: NothingToRepeat; RepeatFailed.
    """
    if not read_result(run.folder):
        raise NothingToRepeat(f"{run} has no result in {run.folder}. Only a run that succeeded can be repeated.")
    _copy(run, folder)
    with hold_device(kind=run.device, is_leaving=lambda: False) as device:
        assert device is not None
        trainer = Trainer(folder=folder, device=device)
        try:
            while (exit_code := trainer.wait(SECONDS_BETWEEN_LOOKS)) is None:
                continue
        except BaseException:
            trainer.kill()
            raise
    if exit_code or not read_result(folder):
        reason = read_error(folder) or f"exit code {exit_code}"
        raise RepeatFailed(f"{run} could not be repeated: {reason}. Its log is in {folder}.")
    return compare(run=run, folder=folder)


def compare(*, run: Run, folder: Path) -> Repeat:
    """Compare a run with its repetition in a folder: results, weights, predictions and versions."""
    first, again = read_result(run.folder), read_result(folder)
    before, now = first.get("versions") or {}, again.get("versions") or {}
    files, files_now = _hashes(run.folder / first["artifact"]), _hashes(folder / again["artifact"])
    return Repeat(
        differences=[
            *(f"{name}: {first.get(name)} before, {again.get(name)} now" for name in _changed(first, again, COMPARED)),
            *(f"{name}: other content" for name in _changed(files, files_now, {*files, *files_now})),
        ],
        versions=[
            f"{name} {before.get(name)} before, {now.get(name)} now" for name in _changed(before, now, {*before, *now})
        ],
    )


def _changed(before: Mapping[str, Any], now: Mapping[str, Any], names: Collection[str]) -> list[str]:
    return [name for name in sorted(names) if before.get(name) != now.get(name)]


def _copy(run: Run, folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    if any(folder.iterdir()):
        raise NothingToRepeat(f"{folder} is not empty. Name an empty folder, or none.")
    for source in (run.folder / SPEC_FILE, run.folder / "data"):
        if not source.exists():
            raise NothingToRepeat(f"{run} has no {source.name} any more in {run.folder}. Bring its folder back first.")
    shutil.copyfile(run.folder / SPEC_FILE, folder / SPEC_FILE)
    shutil.copytree(run.folder / "data", folder / "data")


def _hashes(artifact: Path) -> dict[str, str]:
    paths = (path for path in artifact.rglob("*") if path.is_file() and path.name not in _NOT_COMPARED)
    return {path.relative_to(artifact).as_posix(): file_hash(path) for path in paths}
