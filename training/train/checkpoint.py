"""Where a run resumes: one file that is replaced as a whole."""

import os
import pickle
import time
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from training.runtime import removed_on_failure

# Saving may cost this share of the time between two saves; small models save always, large ones now and then.
SAVING_SHARE = 0.05
# A kill costs no more than this and a save, however long it is from one evaluation to the next.
SECONDS_BETWEEN_SAVES = 120.0
UNREADABLE = (RuntimeError, OSError, EOFError, ValueError, KeyError, pickle.UnpicklingError, zipfile.BadZipFile)


class Checkpoint:
    """The saved state of a run in one folder; a spec that changed makes it useless."""

    def __init__(self, folder: Path, *, fingerprint: str) -> None:
        self._folder = folder
        self._fingerprint = fingerprint
        self._made_at = time.monotonic()
        self._saved_at = -float("inf")
        self._seconds_per_save = 0.0

    @property
    def _path(self) -> Path:
        return self._folder / "state.pt"

    def is_due(self) -> bool:
        """Say whether enough was done since the last save to justify another."""
        return (time.monotonic() - self._saved_at) * SAVING_SHARE >= self._seconds_per_save

    def is_old(self) -> bool:
        """Say whether nothing was saved for so long that it is time, evaluation or not."""
        age = time.monotonic() - max(self._saved_at, self._made_at)
        return age > SECONDS_BETWEEN_SAVES and self.is_due()

    def save(self, state: dict[str, Any]) -> None:
        """Replace the saved state: tensors, numbers, strings and containers of them."""
        started = time.monotonic()
        self._folder.mkdir(exist_ok=True)
        save_state(path=self._path, state={"fingerprint": self._fingerprint, "rng": _rng_state(), **state})
        self._saved_at = time.monotonic()
        self._seconds_per_save = self._saved_at - started

    def is_there(self, *, fits: Callable[[dict[str, Any]], bool] = lambda state: True) -> bool:
        """Say whether there is a complete saved state that `load` would return; nothing is changed."""
        try:
            state = load_state(self._path)
            return state.get("fingerprint") == self._fingerprint and fits(state)
        except UNREADABLE:
            return False

    def load(self, *, fits: Callable[[dict[str, Any]], bool] = lambda state: True) -> dict[str, Any] | None:
        """Return the saved state and set the random generators to it; None if there is none, or it does not fit."""
        if not self._path.is_file():
            return None
        try:
            state = load_state(self._path)
            if state.pop("fingerprint") != self._fingerprint:
                print("checkpoint is of another spec or trial, starting from the first step", flush=True)
                return None
            random_state = state.pop("rng")
            is_usable = fits(state)
        except UNREADABLE as error:
            print(f"checkpoint cannot be read ({type(error).__name__}), starting from the first step", flush=True)
            return None
        if not is_usable:
            print("checkpoint was made by another version, starting from the first step", flush=True)
            return None
        _set_rng_state(random_state)
        return state


def save_state(*, path: Path, state: dict[str, Any]) -> None:
    """Write tensors, numbers, strings and containers of them into a file that is there complete or not at all."""
    temporary = path.with_suffix(".tmp")
    # A file of ours, not a path: torch would hide that the disk is full behind words about positions.
    with removed_on_failure(temporary), temporary.open("wb", buffering=0) as stream:
        torch.save(state, stream)
    os.replace(temporary, path)


def load_state(path: Path) -> dict[str, Any]:
    """Read what `save_state` wrote, onto the CPU; raises one of `UNREADABLE`, also where it was changed since."""
    # torch itself checks no sums: a changed byte would be loaded as a weight.
    with zipfile.ZipFile(path) as archive:
        broken = archive.testzip()
    if broken is not None:
        raise ValueError(f"{path.name}: {broken} was changed after it was written")
    state = torch.load(path, map_location="cpu", weights_only=True)
    if not isinstance(state, dict):
        raise ValueError(f"{path.name}: holds no state")
    return state


def _rng_state() -> dict[str, Tensor]:
    state = {"cpu": torch.get_rng_state()}
    if torch.cuda.is_available():
        state["cuda"] = torch.cuda.get_rng_state()
    return state


def _set_rng_state(state: dict[str, Tensor]) -> None:
    torch.set_rng_state(state["cpu"])
    if "cuda" in state and torch.cuda.is_available():
        torch.cuda.set_rng_state(state["cuda"])
