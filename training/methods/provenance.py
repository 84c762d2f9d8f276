"""Where a training came from: the checkpoint, and the rows."""

import hashlib
import json
from pathlib import Path
from typing import Any

import datasets

from training.model_files import PACKAGED_MODELS
from training.runtime import file_hash
from training.spec import DataPaths, ModelSource

ROWS_PER_BATCH = 1000
WEIGHTS = ("model.safetensors", "pytorch_model.bin")


def checkpoint_provenance(*, source: ModelSource, config: Any) -> dict[str, Any]:
    """Say which checkpoint a training started from; the `config` of one from a hub knows its commit."""
    revision = source.revision
    if source.source == "hub":
        revision = getattr(config, "_commit_hash", None) or revision
    return {
        "source": source.source,
        "name": source.name,
        "revision": revision,
        "layers": source.layers,
        "weights_sha256": _weights_hash(source),
    }


def dataset_hashes(paths: DataPaths) -> dict[str, dict[str, Any]]:
    """Return, for train, dev, test and pool as far as given, num_rows and the SHA-256 of all rows in their order."""
    named = {"train": paths.train, "dev": paths.dev, "test": paths.test, "pool": paths.pool}
    return {name: _hashed(folder) for name, folder in named.items() if folder is not None}


def _weights_hash(source: ModelSource) -> str | None:
    if source.source == "package":
        return PACKAGED_MODELS[source.name].sha256
    files = [Path(source.name) / name for name in WEIGHTS] if source.source == "folder" else []
    return next((file_hash(path) for path in files if path.is_file()), None)


def _hashed(folder: Path) -> dict[str, Any]:
    dataset = datasets.load_from_disk(str(folder))
    return {"num_rows": len(dataset), "sha256": rows_hash(dataset, rows_per_batch=ROWS_PER_BATCH)}


def rows_hash(dataset: datasets.Dataset, *, rows_per_batch: int) -> str:
    """Return one SHA-256 over every row's values in their order; it depends on the size of a batch."""
    digest = hashlib.sha256()
    for batch in dataset.iter(batch_size=rows_per_batch):
        digest.update(json.dumps(batch, sort_keys=True, default=str).encode())
    return digest.hexdigest()
