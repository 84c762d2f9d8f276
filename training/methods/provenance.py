"""Where a training came from: the checkpoint, and the rows."""

from __future__ import annotations

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
    """Say which checkpoint a training started from.

    Parameters
    ----------
    config
        of the loaded checkpoint; one from a hub knows the commit it came from.

    Returns
    -------
    Source, name, revision and layers; the SHA-256 of the weights where they are local files.
    """
    revision = source.revision
    if source.source == "hub":
        revision = getattr(config, "_commit_hash", None) or revision
    found = {
        "source": source.source,
        "name": source.name,
        "revision": revision,
        "layers": getattr(source, "layers", None),
    }
    return {**found, "weights_sha256": _weights_hash(source)}


def dataset_hashes(paths: DataPaths) -> dict[str, dict[str, Any]]:
    """Hash the labelled rows that a run was given.

    Returns
    -------
    For train, dev and test, as far as given: num_rows, and sha256 over every row's values in their order.
    """
    named = {"train": paths.train, "dev": paths.dev, "test": paths.test}
    return {name: _hashed(folder) for name, folder in named.items() if folder is not None}


def _weights_hash(source: ModelSource) -> str | None:
    if source.source == "package":
        return PACKAGED_MODELS[source.name].sha256
    files = [Path(source.name) / name for name in WEIGHTS] if source.source == "folder" else []
    return next((file_hash(path) for path in files if path.is_file()), None)


def _hashed(folder: Path) -> dict[str, Any]:
    dataset = datasets.load_from_disk(str(folder))
    digest = hashlib.sha256()
    for batch in dataset.iter(batch_size=ROWS_PER_BATCH):
        digest.update(json.dumps(batch, sort_keys=True, default=str).encode())
    return {"num_rows": len(dataset), "sha256": digest.hexdigest()}
