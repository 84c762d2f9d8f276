"""The layers of an encoder, or of both sides of a text-to-text model: frozen, or only some of them kept."""

import copy
from collections.abc import Sequence
from typing import Any

from torch import Tensor, nn

from training.runtime import PermanentFailure

# What families call the number of a decoder's layers; an encoder's every config knows as num_hidden_layers.
DECODER_COUNTS = ("num_decoder_layers", "decoder_layers")


class LayersMissing(PermanentFailure):
    """Layers are to be frozen or kept that the checkpoint does not have."""


def freeze_layers(*, encoder: nn.Module, num_layers: int) -> None:
    """Freeze the embeddings and the first layers of an encoder; 0 freezes nothing. Raises: LayersMissing."""
    if num_layers == 0:
        return
    found = layer_list(encoder)
    if found is None or num_layers > len(found[1]):
        count = "no list of" if found is None else len(found[1])
        raise LayersMissing(
            f"training.frozen_layers is {num_layers}, the encoder has {count} layers. Lower frozen_layers."
        )
    for frozen in (embeddings_of(encoder)[1], *found[1][:num_layers]):
        frozen.requires_grad_(False)


def num_frozen_layers(encoder: nn.Module) -> int:
    """Return how many layers are frozen from the input on; 0 if the embeddings are not, or without a list of layers."""
    found = layer_list(encoder)
    if found is None or not _is_frozen(embeddings_of(encoder)[1]):
        return 0
    return next((number for number, layer in enumerate(found[1]) if not _is_frozen(layer)), len(found[1]))


def keep_frozen_in_eval(encoder: nn.Module) -> None:
    """Put what is frozen into evaluation mode, so that without dropout it gives the same every time."""
    found = layer_list(encoder)
    for layer in [] if found is None else found[1][: num_frozen_layers(encoder)]:
        layer.eval()
    if _is_frozen(embeddings_of(encoder)[1]):
        embeddings_of(encoder)[1].eval()


def _is_frozen(part: nn.Module) -> bool:
    return not any(parameter.requires_grad for parameter in part.parameters())


def carve(*, model: nn.Module, kept: Sequence[int]) -> nn.Module:
    """Make a smaller model of some of a model's layers; of a text-to-text model, the same of encoder and decoder.

    Sanh, Debut, Chaumond and Wolf, "DistilBERT, a distilled version of BERT", 2019, section 3. Raises: LayersMissing.
    """
    paths = [_path_of_list(model, stack, kept) for stack in _stacks(model)]
    smaller: Any = type(model)(_smaller_config(model.config, kept))
    if hasattr(smaller, "pooler"):
        smaller.pooler = None
    weights = model.state_dict()
    expected = smaller.state_dict()
    for path in paths:
        _renumber(weights, f"{path}.", kept, expected)
    differing = sorted(set(weights) ^ set(expected))
    if differing:
        raise LayersMissing(
            f"model.layers are {list(kept)}: the first layer of this checkpoint is unlike the others ({differing[0]}). "
            "Keep layer 0."
        )
    smaller.load_state_dict(weights)
    return smaller  # type: ignore[no-any-return]


def _stacks(model: nn.Module) -> list[nn.Module]:
    if getattr(model.config, "is_encoder_decoder", False):
        return [model.get_encoder(), model.get_decoder()]  # type: ignore[operator]
    return [model]


def layer_list(stack: nn.Module) -> tuple[str, nn.ModuleList] | None:
    """Return the path to an encoder's or decoder's layers, and these; None where it has no list of them."""
    config: Any = stack.config
    counts = {config.num_hidden_layers, *(getattr(config, name, None) for name in DECODER_COUNTS)}
    lists = [(name, part) for name, part in stack.named_modules() if isinstance(part, nn.ModuleList)]
    return next(((name, part) for name, part in lists if len(part) in counts), None)


def _path_of_list(model: nn.Module, stack: nn.Module, kept: Sequence[int]) -> str:
    found = layer_list(stack)
    if found is None or kept[-1] >= len(found[1]):
        has = "shares one layer throughout" if found is None else f"has layers 0 to {len(found[1]) - 1}"
        raise LayersMissing(f"model.layers are {list(kept)}: the checkpoint {has}. Name layers that it has.")
    return next(str(name) for name, part in model.named_modules() if part is found[1])


def _smaller_config(config: Any, kept: Sequence[int]) -> Any:
    smaller = copy.deepcopy(config)
    count = config.num_hidden_layers
    for name, value in config.to_dict().items():
        # Some families say what each layer is like, Longformer how wide each looks.
        if isinstance(value, list) and len(value) == count and name.startswith(("layer", "attention_window")):
            setattr(smaller, name, [value[number] for number in kept])
    smaller.num_hidden_layers = len(kept)
    for name in DECODER_COUNTS:
        if getattr(config, "is_encoder_decoder", False) and hasattr(config, name):
            setattr(smaller, name, len(kept))
    return smaller


def _renumber(weights: dict[str, Tensor], path: str, kept: Sequence[int], expected: dict[str, Tensor]) -> None:
    """Give the kept layers their new numbers; parameters that only a first layer has go from the old one to the new."""
    layers = {name: weights.pop(name) for name in [name for name in weights if name.startswith(path)]}
    for place, number in enumerate(kept):
        old, new = f"{path}{number}.", f"{path}{place}."
        weights.update({new + name[len(old) :]: value for name, value in layers.items() if name.startswith(old)})
    first = f"{path}0."
    weights.update({k: v for k, v in layers.items() if k.startswith(first) and k in expected and k not in weights})


def embeddings_of(encoder: nn.Module) -> tuple[str, nn.Module]:
    """Return path and module of the word embeddings, with positions and norm where they are kept together."""
    words = encoder.get_input_embeddings()  # type: ignore[operator]
    path = next(name for name, part in encoder.named_modules() if part is words)
    parent, _, _ = path.rpartition(".")
    return (parent, encoder.get_submodule(parent)) if parent else (path, words)
