"""A package that holds a ready model folder."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from training.model_files.packaged.base import PackagedModel
from training.runtime import file_hash


@dataclass(frozen=True, kw_only=True)
class PackagedFolder(PackagedModel):
    """A model folder used where its package put it; `files` has the SHA-256, by name, of config and tokenizer files."""

    weights_path: str
    files: Mapping[str, str]

    def folder(self, *, name: str) -> Path:
        weights = self.packaged_file(self.requirements[0], self.weights_path)
        self.check(file_hash(weights))
        for file_name, pinned in self.files.items():
            inside = f"{Path(self.weights_path).parent}/{file_name}"
            actual = file_hash(self.packaged_file(self.requirements[0], inside))
            self.check(actual, pinned=pinned, what=f"contents of {file_name}")
        return weights.parent
