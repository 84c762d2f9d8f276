"""Pre-trained checkpoints: from a hub name, a folder or a package to an encoder and its tokenizer."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from torch import nn
from transformers import AutoModel, AutoTokenizer
from transformers.utils import logging as transformers_logging

from training.carriers import CARRIERS
from training.failures import PermanentFailure
from training.layers import carve
from training.settings import ModelSource

# A folder without either cannot cut text; transformers would then quietly make an empty tokenizer of its own.
TOKENIZER_FILES = ("tokenizer.json", "vocab.txt", "vocab.json", "spiece.model", "sentencepiece.bpe.model")


class PretrainedMissing(PermanentFailure):
    """A pre-trained checkpoint, or a part of it, is not where the spec says."""


class PretrainedUnusable(PermanentFailure):
    """A checkpoint is there but cannot serve this run."""


@dataclass(frozen=True, kw_only=True)
class Pretrained:
    """An encoder in fp32, or the layers of it that were asked for, with its tokenizer."""

    encoder: nn.Module
    tokenizer: Any


def load_pretrained(*, source: ModelSource, max_length: int) -> Pretrained:
    """Load the checkpoint a run starts from.

    Parameters
    ----------
    source
        hub name and revision, folder, or a name from `CARRIERS`. HF_HUB_OFFLINE is honoured.
    max_length
        tokens per example; must fit the checkpoint's positions.

    Returns
    -------
    Encoder (fp32, without its own pooler) and tokenizer.

    Raises
    ------
    PretrainedMissing: there is no such model, or its folder lacks config, weights or tokenizer.
    PretrainedUnusable: its tokenizer cannot pad, or it has fewer positions than max_length.
    LayersMissing: it lacks a layer that the source names.
    """
    transformers_logging.set_verbosity_error()  # type: ignore[no-untyped-call]
    transformers_logging.disable_progress_bar()  # type: ignore[no-untyped-call]
    place, revision = _place(source)
    pretrained = Pretrained(
        encoder=_load_encoder(place, revision, source), tokenizer=_load_tokenizer(place, revision, source)
    )
    _check_fit(pretrained, source, max_length)
    if source.layers is None:
        return pretrained
    return replace(pretrained, encoder=carve(model=pretrained.encoder, kept=source.layers))


def tokenizer_hash(tokenizer: Any) -> str:
    """Return one SHA-256 over all that decides how a tokenizer cuts a text; equal ones give equal tokens.

    Parameters
    ----------
    tokenizer
        a Hugging Face tokenizer.

    Returns
    -------
    64 hex digits.
    """
    if not tokenizer.is_fast:
        content: Any = sorted(tokenizer.get_vocab().items())
    else:
        # Calls leave their own padding and truncation behind, which belong to no tokenizer.
        content = {**json.loads(tokenizer.backend_tokenizer.to_str()), "padding": None, "truncation": None}
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()


def model_folder(source: ModelSource) -> Path | None:
    """Return the local folder of a checkpoint, None for a hub name; raises as load_pretrained does."""
    return None if source.source == "hub" else Path(_place(source)[0])


def _place(source: ModelSource) -> tuple[str, str | None]:
    if source.source == "hub":
        return source.name, source.revision
    folder = _packaged(source) if source.source == "package" else Path(source.name)
    if not folder.is_dir():
        raise PretrainedMissing(f"There is no folder {folder} for {source}. Give a folder made by save_pretrained.")
    for file_names, what in ((("config.json",), "config.json"), (TOKENIZER_FILES, "tokenizer")):
        if not any((folder / name).is_file() for name in file_names):
            raise PretrainedMissing(
                f"Model folder {folder} has no {what}. Save it with save_pretrained, model and tokenizer both."
            )
    return str(folder), None


def _packaged(source: ModelSource) -> Path:
    if source.name not in CARRIERS:
        raise PretrainedMissing(f"No package is known for {source.name}. Known are {', '.join(sorted(CARRIERS))}.")
    return CARRIERS[source.name].folder(name=source.name)


def _load_encoder(place: str, revision: str | None, source: ModelSource) -> nn.Module:
    try:
        encoder, report = AutoModel.from_pretrained(
            place, revision=revision, dtype=torch.float32, output_loading_info=True
        )
    except (OSError, ValueError, RuntimeError, SafetensorError) as error:
        raise PretrainedMissing(
            f"Model {source} cannot be loaded: {_first_line(error)} Check the name, or the network if it is a hub's."
        ) from error
    # A sentence encoder's pooler is left random by its makers; ours is the mean over tokens.
    encoder.pooler = None
    absent = sorted(name for name in report["missing_keys"] if not name.startswith("pooler."))
    if absent:
        raise PretrainedUnusable(
            f"Model {source} lacks {len(absent)} weights, {absent[0]} first: its config and its weights do not "
            "belong together. Save it again with save_pretrained."
        )
    return encoder  # type: ignore[no-any-return]


def _load_tokenizer(place: str, revision: str | None, source: ModelSource) -> Any:
    try:
        return AutoTokenizer.from_pretrained(place, revision=revision)
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise PretrainedMissing(
            f"Model {source} has no tokenizer that can be loaded: {_first_line(error)} Save one beside the weights."
        ) from error


def _check_fit(pretrained: Pretrained, source: ModelSource, max_length: int) -> None:
    if pretrained.tokenizer.pad_token_id is None:
        raise PretrainedUnusable(f"The tokenizer of {source} has no pad token. Set one and save the tokenizer again.")
    positions = _num_positions(pretrained.encoder, max_length)
    if max_length > positions:
        raise PretrainedUnusable(
            f"Model {source} has {positions} positions, training.max_length is {max_length}. Lower max_length."
        )


def _num_positions(encoder: nn.Module, default: int) -> int:
    positions: int = getattr(encoder.config, "max_position_embeddings", default)
    table = getattr(getattr(encoder, "embeddings", None), "position_embeddings", None)
    # RoBERTa and its kin count positions from behind the padding's own.
    padding = getattr(table, "padding_idx", None)
    return positions if padding is None else positions - padding - 1


def _first_line(error: Exception) -> str:
    line = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
    return line if line.endswith(".") else f"{line}."
