"""Checks of a checkpoint's files without torch: whether its weights are safe to load, and how large its tables are."""

import json
from collections.abc import Iterable
from pathlib import Path

from training.runtime import read_json

SAFE_WEIGHTS = ("model.safetensors", "model.safetensors.index.json")
# Loading one of these can run whatever code its maker put in.
PICKLED_WEIGHTS = ("pytorch_model.bin", "pytorch_model.bin.index.json", "model.pt", "model.pth")
USE_SAFETENSORS = "Save it again with model.save_pretrained, which writes model.safetensors."
# Beside whole weights the library would put what it names into the model, and save nothing else later.
_ADAPTER = "adapter_config.json"
_TOKEN_TABLES = ("word_embeddings", "shared", "embed_tokens", "tok_embeddings", "wte", "word_embedding")
_POSITION_TABLES = ("position_embeddings", "embed_positions", "wpe")
_LONGEST_HEADER = 100 * 2**20


def only_pickled(folder: Path) -> str | None:
    """Return the name of the pickle file with a folder's weights; None where there are safe ones or none at all."""
    if any((folder / name).is_file() for name in SAFE_WEIGHTS):
        return None
    return next((name for name in PICKLED_WEIGHTS if (folder / name).is_file()), None)


def pickled_message(*, model: str, file_name: str) -> str:
    """Say that weights are pickled, and what to do."""
    return f"{model} has its weights in {file_name}, a pickle file, which is never loaded. {USE_SAFETENSORS}"


def adapter_message(*, model: str) -> str:
    """Say that low-rank adapters lie beside a model's weights, and what to do."""
    return (
        f"{model} has low-rank adapters ({_ADAPTER}) beside its weights. Merge them with merge_and_unload and save the "
        "model again in an empty folder, or remove their files."
    )


def embeddings_message(*, model: str, num_tokens: int, num_embeddings: int) -> str:
    """Say that a tokenizer has more tokens than its model has embeddings, and what to do."""
    return (
        f"{model} has a tokenizer of {num_tokens} tokens and embeddings for {num_embeddings}, so that some tokens have "
        f"none. Call model.resize_token_embeddings({num_tokens}), then save model and tokenizer again."
    )


def find_fault(folder: Path, *, model: str) -> str | None:
    """Return why a checkpoint can never be trained, with what to do; None where its files show nothing of the kind."""
    pickled = only_pickled(folder)
    if pickled is not None:
        return pickled_message(model=model, file_name=pickled)
    if (folder / _ADAPTER).is_file():
        return adapter_message(model=model)
    tokens, shapes = num_tokens(folder), tensor_shapes(folder)
    embeddings = _rows_of(shapes, _TOKEN_TABLES)
    if tokens and embeddings and tokens > embeddings:
        return embeddings_message(model=model, num_tokens=tokens, num_embeddings=embeddings)
    positions = _rows_of(shapes, _POSITION_TABLES)
    configured = read_json(folder / "config.json").get("max_position_embeddings")
    if positions and isinstance(configured, int) and configured > positions:
        return (
            f"{model} has {positions} positions in its weights, and its config.json says {configured}. "
            "Set max_position_embeddings to what the weights have, or save the model again."
        )
    return None


def num_tokens(folder: Path) -> int | None:
    """Return one more than the highest token id of a folder's tokenizer; None where no file says it."""
    whole = read_json(folder / "tokenizer.json")
    model = whole.get("model")
    if isinstance(model, dict):
        ids = [*_ids_of(model.get("vocab")), *_ids_of(whole.get("added_tokens"))]
    else:
        vocabulary = list(range(_lines(folder / "vocab.txt"))) or _ids_of(read_json(folder / "vocab.json"))
        ids = [*vocabulary, *_ids_of(read_json(folder / "added_tokens.json"))] if vocabulary else []
    return max(ids) + 1 if ids else None


def _ids_of(vocabulary: object) -> list[int]:
    if isinstance(vocabulary, dict):
        return [number for number in vocabulary.values() if isinstance(number, int)]
    if not isinstance(vocabulary, list):
        return []
    # Of a unigram model the place is the id; an added token names its own.
    return [
        one["id"] if isinstance(one, dict) and isinstance(one.get("id"), int) else place
        for place, one in enumerate(vocabulary)
    ]


def tensor_shapes(folder: Path) -> dict[str, list[int]]:
    """Return the shape of each tensor in a folder's safetensors files; empty where none can be read."""
    index = read_json(folder / SAFE_WEIGHTS[1]).get("weight_map")
    names: Iterable[str] = sorted({str(name) for name in index.values()}) if isinstance(index, dict) else ()
    shapes: dict[str, list[int]] = {}
    for name in names or (SAFE_WEIGHTS[0],):
        # A file of the same folder, whatever the index says.
        shapes |= _header(folder / Path(name).name)
    return shapes


def _header(path: Path) -> dict[str, list[int]]:
    try:
        with path.open("rb") as stream:
            length = int.from_bytes(stream.read(8), "little")
            content = json.loads(stream.read(length)) if length <= _LONGEST_HEADER else {}
    except (OSError, ValueError, RecursionError):
        return {}
    if not isinstance(content, dict):
        return {}
    return {
        name: one["shape"] for name, one in content.items() if isinstance(one, dict) and _is_shape(one.get("shape"))
    }


def _is_shape(value: object) -> bool:
    return isinstance(value, list) and all(type(size) is int for size in value)


def _rows_of(shapes: dict[str, list[int]], tables: tuple[str, ...]) -> int | None:
    names = {name: shape for name, shape in shapes.items() if name.endswith(".weight") and len(shape) == 2}
    found = [shape[0] for name, shape in names.items() if f".{name}".split(".")[-2] in tables]
    return min(found, default=None)


def _lines(path: Path) -> int:
    try:
        return sum(1 for _ in path.open("rb"))
    except OSError:
        return 0
