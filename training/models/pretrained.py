"""Pre-trained checkpoints: from a hub name, a folder or a package to an encoder and its tokenizer."""

import hashlib
import json
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from torch import nn
from transformers import AutoConfig, AutoModel, AutoModelForCausalLM, AutoModelForSeq2SeqLM, AutoTokenizer
from transformers.models.auto.modeling_auto import MODEL_FOR_SEQ_TO_SEQ_CAUSAL_LM_MAPPING
from transformers.utils import logging as transformers_logging

from training.contract import CAUSAL, TOKENIZER_FILES
from training.data import treat_marks_as_text
from training.model_files import (
    PACKAGED_MODELS,
    USE_SAFETENSORS,
    adapter_message,
    embeddings_message,
    only_pickled,
    pickled_message,
)
from training.models.hub import is_reachable
from training.models.layers import carve
from training.runtime import PermanentFailure
from training.spec import ModelSource

# Weights are never unpickled, and code that a checkpoint brings is never run.
SAFE: dict[str, Any] = {"trust_remote_code": False}
# What libraries raise for files that they cannot make sense of.
UNREADABLE = (
    *(OSError, ValueError, RuntimeError, LookupError, TypeError, AttributeError),
    *(ImportError, ArithmeticError, AssertionError, SafetensorError),
)


class PretrainedMissing(PermanentFailure):
    """A pre-trained checkpoint, or a part of it, is not where the spec says."""


class PretrainedUnusable(PermanentFailure):
    """A checkpoint is there but cannot serve this run."""


@dataclass(frozen=True, kw_only=True)
class Pretrained:
    """An encoder or a text-to-text model in fp32, or the requested layers of it, with its tokenizer."""

    model: nn.Module
    tokenizer: Any
    is_decoder_only: bool = False

    @property
    def writes(self) -> bool:
        return self.is_decoder_only or bool(getattr(self.model.config, "is_encoder_decoder", False))


def load_pretrained(*, source: ModelSource, max_length: int, is_to_write: bool = False) -> Pretrained:
    """Load the checkpoint a run starts from: encoder (without its pooler) or text-to-text model, fp32, and tokenizer.

    A decoder-only checkpoint is read as an encoder unless it `is_to_write`. Raises: PretrainedMissing,
    PretrainedUnusable (also one that is to write and cannot), LayersMissing.
    """
    transformers_logging.set_verbosity_error()
    transformers_logging.disable_progress_bar()
    place, where = _place(source), _where(source)
    model = _load_model(place, where, source, is_to_write=is_to_write)
    tokenizer = load_tokenizer(place, source, where)
    is_decoder_only = is_to_write and not getattr(model.config, "is_encoder_decoder", False)
    if is_decoder_only and tokenizer.pad_token_id is None:
        # It fills rows where nothing looks: any token will do.
        tokenizer.pad_token = tokenizer.eos_token
    pretrained = Pretrained(model=model, tokenizer=tokenizer, is_decoder_only=is_decoder_only)
    _check_fit(pretrained, source, max_length)
    if source.layers is None:
        return pretrained
    return replace(pretrained, model=carve(model=pretrained.model, kept=source.layers))


def can_write(source: ModelSource) -> bool:
    """Say whether a checkpoint is one that writes, by its config; of one that cannot be read, loading says why.

    Raises: PretrainedMissing, PretrainedUnusable.
    """
    place, where = _place(source), _where(source)
    try:
        config = AutoConfig.from_pretrained(place, **where, **SAFE)
    except UNREADABLE:
        return True
    return bool(getattr(config, "is_encoder_decoder", False)) or _continues_texts(config)


def tokenizer_hash(tokenizer: Any) -> str:
    """Return one SHA-256 over all that decides how a tokenizer cuts a text; equal ones give equal tokens."""
    if not tokenizer.is_fast:
        content: Any = sorted(tokenizer.get_vocab().items())
    else:
        # Calls leave their own padding and truncation behind, which belong to no tokenizer.
        content = {**json.loads(tokenizer.backend_tokenizer.to_str()), "padding": None, "truncation": None}
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()


def model_folder(source: ModelSource) -> Path | None:
    """Return the local folder of a checkpoint, None for a hub name. Raises: PretrainedMissing, PretrainedUnusable."""
    return None if source.source == "hub" else Path(_place(source))


def _where(source: ModelSource) -> dict[str, Any]:
    """How a hub is asked; nothing for a folder."""
    return {"revision": source.revision, "local_files_only": not is_reachable()} if source.source == "hub" else {}


def _place(source: ModelSource) -> str:
    if source.source == "hub":
        if Path(source.name).exists():
            # The library would take it for that folder.
            raise PretrainedMissing(f"{source} is a folder here, too. Name it by its absolute path, as a folder.")
        return source.name
    folder = _packaged(source) if source.source == "package" else Path(source.name)
    if not folder.is_dir():
        raise PretrainedMissing(f"There is no folder {folder} for {source}. Give a folder made by save_pretrained.")
    for file_names, what in ((("config.json",), "config.json"), (TOKENIZER_FILES, "tokenizer")):
        if not any((folder / name).is_file() for name in file_names):
            raise PretrainedMissing(
                f"Model folder {folder} has no {what}. Save it with save_pretrained, model and tokenizer both."
            )
    pickled = only_pickled(folder)
    if pickled is not None:
        raise PretrainedUnusable(pickled_message(model=f"Model {source}", file_name=pickled))
    return str(folder)


def _packaged(source: ModelSource) -> Path:
    if source.name not in PACKAGED_MODELS:
        raise PretrainedMissing(
            f"No package is known for {source.name}. Known are {', '.join(sorted(PACKAGED_MODELS))}."
        )
    return PACKAGED_MODELS[source.name].folder(name=source.name)


def _load_model(place: str, where: dict[str, Any], source: ModelSource, *, is_to_write: bool) -> nn.Module:
    # Beside peft the library looks for adapters too, and would wait for a hub that cannot be reached.
    alone = {"adapter_kwargs": {"local_files_only": where["local_files_only"]}} if where else {}
    try:
        config = AutoConfig.from_pretrained(place, **where, **SAFE)
        model, report = _class_for(config, source, is_to_write=is_to_write).from_pretrained(
            place, **where, **alone, **SAFE, use_safetensors=True, dtype=torch.float32, output_loading_info=True
        )
    except UNREADABLE as error:
        raise PretrainedMissing(f"Model {source} cannot be loaded: {_reason(error)} {_way_out(where)}") from error
    if getattr(model, "_hf_peft_config_loaded", False):
        raise PretrainedUnusable(adapter_message(model=f"Model {source}"))
    # A sentence encoder's pooler is left random by its makers; ours is the mean over tokens.
    if hasattr(model, "pooler"):
        model.pooler = None
    absent = sorted(name for name in report["missing_keys"] if not name.startswith("pooler."))
    if absent:
        raise PretrainedUnusable(
            f"Model {source} lacks {len(absent)} weights, {absent[0]} first: its config and its weights do not "
            "belong together. Save it again with save_pretrained."
        )
    return model  # type: ignore[no-any-return]


def _way_out(where: dict[str, Any]) -> str:
    if not where:
        return "Save it again with save_pretrained."
    if where["local_files_only"]:
        return "The hub cannot be reached, and its cache has no such model. Repair the network, or name a folder."
    return "Check the name and the revision."


def _class_for(config: Any, source: ModelSource, *, is_to_write: bool) -> Any:
    if not getattr(config, "is_encoder_decoder", False):
        return _causal_class(config, source) if is_to_write else AutoModel
    if type(config) not in MODEL_FOR_SEQ_TO_SEQ_CAUSAL_LM_MAPPING:
        raise PretrainedUnusable(
            f"Model {source} ({config.model_type}) has a decoder that does not write text. Take an encoder, or a "
            "text-to-text model such as T5."
        )
    return AutoModelForSeq2SeqLM


def _causal_class(config: Any, source: ModelSource) -> Any:
    """Take only a checkpoint that was made to continue a text: the library would make any encoder write, untrained."""
    if not _continues_texts(config):
        raise PretrainedUnusable(
            f"Model {source} ({config.model_type}) reads texts and cannot write any. Take a text-to-text model such as "
            "T5, or a decoder such as SmolLM2."
        )
    return AutoModelForCausalLM


def _continues_texts(config: Any) -> bool:
    return any(name.endswith(CAUSAL) for name in config.architectures or ())


def load_tokenizer(place: str, source: ModelSource, where: dict[str, Any] | None = None) -> Any:
    """Load a checkpoint's tokenizer from its folder, or `where` a hub has it. Raises: PretrainedMissing."""
    try:
        return treat_marks_as_text(AutoTokenizer.from_pretrained(place, **(where or {}), **SAFE))
    except Exception as error:  # the tokenizers library raises bare ones
        raise PretrainedMissing(
            f"Model {source} has no tokenizer that can be loaded: {_reason(error)} Save one beside the weights."
        ) from error


def _check_fit(pretrained: Pretrained, source: ModelSource, max_length: int) -> None:
    if pretrained.tokenizer.pad_token_id is None:
        raise PretrainedUnusable(f"The tokenizer of {source} has no pad token. Set one and save the tokenizer again.")
    _check_tables(pretrained, source)
    if pretrained.writes:
        _check_writing(pretrained, source)
    positions = _num_positions(pretrained.model, max_length)
    if max_length > positions:
        raise PretrainedUnusable(
            f"Model {source} has {positions} positions, training.max_length is {max_length}. Lower max_length."
        )


def _check_tables(pretrained: Pretrained, source: ModelSource) -> None:
    """Every token must have an embedding; one without breaks off the first step that meets it."""
    embeddings = pretrained.model.get_input_embeddings().weight  # type: ignore[operator]
    num_tokens = max(pretrained.tokenizer.get_vocab().values()) + 1
    if num_tokens > len(embeddings):
        name = f"Model {source}"
        raise PretrainedUnusable(embeddings_message(model=name, num_tokens=num_tokens, num_embeddings=len(embeddings)))


def check_segments(*, pretrained: Pretrained, source: ModelSource) -> None:
    """Raise PretrainedUnusable unless a model knows as many kinds of segments as its tokenizer marks in a pair."""
    marked = max(pretrained.tokenizer("a", "a").get("token_type_ids") or [0])
    kinds = getattr(pretrained.model.config, "type_vocab_size", 0)
    if 0 < kinds <= marked:
        raise PretrainedUnusable(
            f"Model {source} distinguishes {kinds} kind(s) of segments, its tokenizer marks {marked + 1} in a pair of "
            "texts. Take a model that was made for pairs, or a tokenizer without token_type_ids."
        )


def _check_writing(pretrained: Pretrained, source: ModelSource) -> None:
    config: Any = pretrained.model.config
    starts = pretrained.is_decoder_only or config.decoder_start_token_id is not None
    if not starts or pretrained.tokenizer.eos_token_id is None:
        lacking = "config has no decoder_start_token_id" if not starts else "tokenizer has no token for the end"
        raise PretrainedUnusable(f"Model {source} cannot write: its {lacking}. Set it and save the model again.")


def _num_positions(encoder: nn.Module, default: int) -> int:
    positions: int = getattr(encoder.config, "max_position_embeddings", default)
    table = getattr(getattr(encoder, "embeddings", None), "position_embeddings", None)
    positions = min(positions, getattr(table, "num_embeddings", positions))
    # RoBERTa and its kin count positions from behind the padding's own.
    padding = getattr(table, "padding_idx", None)
    return positions if padding is None else positions - padding - 1


def _reason(error: Exception) -> str:
    """The first line of a library's message, in our words where its advice would mislead."""
    message = str(error).strip()
    if "trust_remote_code" in message:
        return "it needs code that comes with it, which is never run; take a model that transformers has."
    if "use_safetensors" in message:
        return f"it has no safetensors file, and pickled weights are never loaded. {USE_SAFETENSORS}"
    line = message.splitlines()[0] if message else type(error).__name__
    return line if line.endswith(".") else f"{line}."
