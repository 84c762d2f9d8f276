"""The frozen layers of an encoder, computed once per row, so that every epoch and every trial starts behind them."""

import copy
import inspect
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from training.compute import Compute
from training.data import EncodedRows, HiddenStates, collate, scoring_batches
from training.models.layers import embeddings_of, layer_list, num_frozen_layers
from training.tasks import BI_ENCODER

# Above it the frozen part is computed in every epoch: no run may need more memory for being frozen.
MOST_BYTES = 2**30
# Between one pass over all layers and two over their halves: rounding, no more.
TOLERANCE = 1e-3


class _PassThrough(nn.Module):
    """Stands for embeddings whose values are given."""

    def forward(self, *inputs: Any, inputs_embeds: Tensor | None = None, **_: Any) -> Tensor:
        if inputs_embeds is not None:
            return inputs_embeds
        return next(value for value in inputs if isinstance(value, Tensor) and value.is_floating_point())


def lower_part(encoder: nn.Module, num_layers: int) -> nn.Module:
    """Return the embeddings and the first layers of an encoder that has a list of layers; its weights are shared."""
    path, layers = _layers(encoder)
    return _with_part(encoder, path, nn.ModuleList(layers[:num_layers]))


def upper_part(encoder: nn.Module, num_layers: int) -> nn.Module:
    """Return the other layers, which take hidden states as `inputs_embeds`; the weights are shared."""
    path, layers = _layers(encoder)
    upper = _with_part(encoder, path, nn.ModuleList(layers[num_layers:]))
    return _with_part(upper, embeddings_of(encoder)[0], _PassThrough())


def _layers(encoder: nn.Module) -> tuple[str, nn.ModuleList]:
    found = layer_list(encoder)
    assert found is not None
    return found


def _with_part(module: nn.Module, path: str, part: nn.Module) -> nn.Module:
    """A twin of a module with one part exchanged; all else is the same object in both."""
    twin = copy.copy(module)
    head, _, rest = path.partition(".")
    changed = _with_part(module.get_submodule(head), rest, part) if rest else part
    twin._modules = {**module._modules, head: changed}
    return twin


def frozen_states(*, encoder: nn.Module, pooling: str, rows: EncodedRows, compute: Compute) -> HiddenStates | None:
    """Run rows through the frozen layers of an encoder, which is left in evaluation mode.

    Returns None where nothing is frozen, where the states would take more than MOST_BYTES, of a bi-encoder, or where
    this family of encoders passes more between its layers than states.
    """
    size = int(rows.lengths.sum()) * encoder.config.hidden_size * 4  # type: ignore[union-attr, operator]
    num_layers = num_frozen_layers(encoder)
    if num_layers == 0 or size > MOST_BYTES or pooling == BI_ENCODER:
        return None
    encoder.eval()
    lower, upper = lower_part(encoder, num_layers), upper_part(encoder, num_layers)
    bounds = np.concatenate([[0], np.cumsum(rows.lengths)])
    states_MH = torch.empty((int(bounds[-1]), encoder.config.hidden_size))  # type: ignore[union-attr, arg-type]
    with torch.no_grad(), compute.autocast():
        for number, indices in enumerate(scoring_batches(rows.lengths, num_tokens=compute.tokens_per_scoring_batch)):
            inputs = collate(rows=rows, indices=indices, device=compute.device)
            hidden_BTH = run_encoder(lower, inputs)
            if number == 0 and not _makes_the_whole(encoder, upper, inputs, hidden_BTH):
                return None
            for place, index in enumerate(indices):
                states_MH[bounds[index] : bounds[index + 1]] = hidden_BTH[place, : rows.lengths[index]]
    return HiddenStates(states_MH=states_MH, bounds=bounds)


def run_encoder(encoder: nn.Module, inputs: dict[str, Tensor], hidden_BTH: Tensor | None = None) -> Tensor:
    """Return an encoder's last hidden states (B, T, H), from tokens or from the states `hidden_BTH`."""
    taken = inspect.signature(encoder.forward).parameters
    known: dict[str, Any] = {name: value for name, value in inputs.items() if name in taken}
    if hidden_BTH is not None:
        # Tokens and segments have done their work in the embeddings.
        known = {"attention_mask": inputs["attention_mask"], "inputs_embeds": hidden_BTH}
    found: Tensor = encoder(**known).last_hidden_state
    return found


def _makes_the_whole(encoder: nn.Module, upper: nn.Module, inputs: dict[str, Tensor], hidden_BTH: Tensor) -> bool:
    whole = run_encoder(encoder, inputs)
    try:
        parts = run_encoder(upper, inputs, hidden_BTH)
    except (AttributeError, IndexError, KeyError, RuntimeError, TypeError, ValueError):
        # A family whose layers hand on more than their states.
        return False
    is_real = inputs["attention_mask"].bool()
    return torch.allclose(whole[is_real].float(), parts[is_real].float(), atol=TOLERANCE, rtol=TOLERANCE)
