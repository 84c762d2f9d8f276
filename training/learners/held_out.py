"""A model's outputs for the rows that taught it, each by a model that it did not teach.

What a model says of rows that it was fitted to is too sure, and copies their wrong labels.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Self

import numpy as np

from training.data import ModelOutputs

HELD_OUT_FILE = "held_out.npz"


@dataclass(frozen=True, kw_only=True)
class HeldOut:
    """Outputs of rows, by uid."""

    uids: list[str]
    outputs: ModelOutputs

    def save(self, folder: Path) -> None:
        """Write them beside an artifact's weights."""
        values, bounds = self.outputs.values_UC, self.outputs.bounds
        np.savez_compressed(folder / HELD_OUT_FILE, uids=np.array(self.uids), values_UC=values, bounds=bounds)

    @classmethod
    def read(cls, folder: Path) -> Self | None:
        """Return those of an artifact; None where it has none."""
        path = folder / HELD_OUT_FILE
        if not path.is_file():
            return None
        with np.load(path, allow_pickle=False) as kept:
            outputs = ModelOutputs(values_UC=kept["values_UC"], bounds=kept["bounds"])
            return cls(uids=kept["uids"].tolist(), outputs=outputs)

    def put_into(self, outputs: ModelOutputs, *, uids: list[str]) -> ModelOutputs:
        """Return outputs for other rows, in which those of the same uid and number of units are these."""
        values_UC = outputs.values_UC.copy()
        place = {uid: row for row, uid in enumerate(self.uids)}
        for row, uid in enumerate(uids):
            known = self.outputs.row(place[uid]) if uid in place else None
            start, end = outputs.bounds[row], outputs.bounds[row + 1]
            if known is not None and len(known) == end - start:
                values_UC[start:end] = known
        return ModelOutputs(values_UC=values_UC, bounds=outputs.bounds)
