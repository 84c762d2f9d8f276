"""Repeating an ended run from its stored spec in a copy of its folder, to see whether the same comes out.

It is a check by whoever looks after the machine: nothing is held or charged for it, and nothing is registered.
"""

import shutil
from collections.abc import Iterator
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
    """A repeated run beside the first: what differs in words, and the versions that are not the same."""

    differences: list[str]
    versions: list[str]

    @property
    def is_identical(self) -> bool:
        return not self.differences


def repeat(*, run: Run, folder: Path) -> Repeat:
    """Carry out a run again from its stored spec and compare results, weights and predictions.

    Parameters: `folder` an empty one, or one that is not there yet; the copy and its log stay in it.
    Raises: NothingToRepeat; RepeatFailed.
    """
    if not read_result(run.folder):
        raise NothingToRepeat(f"{run} has no result in {run.folder}. Only a run that succeeded can be repeated.")
    _copy(run, folder)
    with hold_device(kind=run.device, is_leaving=lambda: False) as device:
        assert device is not None
        exit_code = _carried_out(Trainer(folder=folder, device=device))
    if exit_code or not read_result(folder):
        reason = read_error(folder) or f"exit code {exit_code}"
        raise RepeatFailed(f"{run} could not be repeated: {reason}. Its log is in {folder}.")
    return compare(run=run, folder=folder)


def _carried_out(trainer: Trainer) -> int:
    try:
        while (exit_code := trainer.wait(SECONDS_BETWEEN_LOOKS)) is None:
            continue
    except BaseException:
        trainer.kill()
        raise
    return exit_code


def compare(*, run: Run, folder: Path) -> Repeat:
    """Compare a run with one that was repeated in a folder: results, weights and predictions, and what they hang on."""
    first, again = read_result(run.folder), read_result(folder)
    before, now = first.get("versions") or {}, again.get("versions") or {}
    changed = [name for name in sorted({*before, *now}) if before.get(name) != now.get(name)]
    return Repeat(
        differences=[
            *_of_results(first, again),
            *_of_files(run.folder / first["artifact"], folder / again["artifact"]),
        ],
        versions=[f"{name} {before.get(name)} before, {now.get(name)} now" for name in changed],
    )


def _copy(run: Run, folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    if any(folder.iterdir()):
        raise NothingToRepeat(f"{folder} is not empty. Name an empty folder, or none.")
    for source in (run.folder / SPEC_FILE, run.folder / "data"):
        if not source.exists():
            raise NothingToRepeat(f"{run} has no {source.name} any more in {run.folder}. Bring its folder back first.")
    shutil.copyfile(run.folder / SPEC_FILE, folder / SPEC_FILE)
    shutil.copytree(run.folder / "data", folder / "data")


def _of_results(first: dict[str, Any], again: dict[str, Any]) -> Iterator[str]:
    for name in COMPARED:
        if first.get(name) != again.get(name):
            yield f"{name}: {first.get(name)} before, {again.get(name)} now"


def _of_files(first: Path, again: Path) -> Iterator[str]:
    before, now = _files(first), _files(again)
    for name in sorted(before | now):
        if before.get(name) != now.get(name):
            yield f"{name}: other content"


def _files(artifact: Path) -> dict[str, str]:
    paths = (path for path in artifact.rglob("*") if path.is_file() and path.name not in _NOT_COMPARED)
    return {path.relative_to(artifact).as_posix(): file_hash(path) for path in paths}
