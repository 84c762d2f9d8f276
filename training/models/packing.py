"""Linear layers with weights in the order that the processor reads them, while a model scores on a CPU in fp32."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

import torch
from torch import Tensor, nn

from training.compute import Compute

# Smaller layers gain nothing; the copies of larger models' weights would take too much memory.
LEAST_WEIGHTS = 2**14
MOST_BYTES = 2**28
# Packing costs as much as it saves on some hundred tokens.
LEAST_TOKENS = 4_096
# Against the plain layer, as a share of its largest output: rounding, no more.
TOLERANCE = 1e-5


@contextmanager
def packed_linears(*, model: nn.Module, compute: Compute, num_tokens: int) -> Iterator[int]:
    """Pack a model's linear layers for as long as it scores about `num_tokens`, and say how many are packed.

    None are on other devices, in bf16, or where the packed layer is missing from this build of torch or its outputs
    are not the plain one's. Weights must not change meanwhile.
    """
    layers = _layers(model) if compute.device.type == "cpu" and not compute.bf16 and num_tokens >= LEAST_TOKENS else []
    with ExitStack() as restored:
        for layer in layers:
            forward = _packed(layer, compute.tokens_per_scoring_batch)
            if forward is None:
                break
            vars(layer)["forward"] = forward
            restored.callback(delattr, layer, "forward")
        yield sum("forward" in vars(layer) for layer in layers)


def _layers(model: nn.Module) -> list[nn.Linear]:
    found = [part for part in model.modules() if type(part) is nn.Linear and part.weight.numel() >= LEAST_WEIGHTS]
    of_fp32 = [layer for layer in found if layer.weight.dtype == torch.float32 and layer.weight.device.type == "cpu"]
    return of_fp32 if sum(layer.weight.nbytes for layer in of_fp32) <= MOST_BYTES else []


def _packed(layer: nn.Linear, num_rows: int) -> Callable[[Tensor], Tensor] | None:
    """Return a packed layer's forward pass, None where there is none that does the same."""
    # Not public: whatever another version of torch makes of them, the plain layer stays.
    operators: Any = torch.ops.mkldnn
    bias = None if layer.bias is None else layer.bias.detach()
    try:
        with torch.no_grad():
            weight = operators._reorder_linear_weight(layer.weight.detach(), num_rows)

            def forward(inputs: Tensor) -> Tensor:
                found: Tensor = operators._linear_pointwise(inputs, weight, bias, "none", [], "")
                return found

            return forward if _is_the_same(layer, forward) else None
    except (AttributeError, NotImplementedError, RuntimeError, TypeError):
        return None


def _is_the_same(layer: nn.Linear, forward: Callable[[Tensor], Tensor]) -> bool:
    probe = torch.linspace(-1, 1, 4 * layer.in_features).reshape(1, 4, -1)
    plain, packed = nn.functional.linear(probe, layer.weight, layer.bias), forward(probe)
    return plain.shape == packed.shape and float((plain - packed).abs().max()) <= TOLERANCE * float(plain.abs().max())
