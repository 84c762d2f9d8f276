import pytest
import torch
from torch import nn

from tests.tiny_runs import CPU
from training.compute import Compute
from training.models import packed_linears
from training.models.packing import LEAST_TOKENS


@pytest.fixture
def model() -> nn.Sequential:
    torch.manual_seed(0)
    return nn.Sequential(nn.Linear(128, 256), nn.GELU(), nn.Linear(256, 128, bias=False), nn.Linear(128, 4))


def packed_outputs(model: nn.Sequential, inputs: torch.Tensor, compute: Compute = CPU) -> tuple[int, torch.Tensor]:
    with packed_linears(model=model, compute=compute, num_tokens=LEAST_TOKENS) as count, torch.inference_mode():
        return count, model(inputs)


@pytest.mark.parametrize("shape", [(1, 128), (8, 17, 128), (3, 300, 128)])
def test_packed_layers_give_the_same_outputs(model: nn.Sequential, shape: tuple[int, ...]) -> None:
    inputs = torch.randn(shape)
    count, found = packed_outputs(model, inputs)
    # The last one is too small to gain from it.
    assert count == 2
    torch.testing.assert_close(found, model(inputs).detach(), rtol=1e-5, atol=1e-5)


def test_the_layers_are_plain_again_afterwards(model: nn.Sequential) -> None:
    before = model(torch.ones(1, 128))
    with pytest.raises(ZeroDivisionError), packed_linears(model=model, compute=CPU, num_tokens=LEAST_TOKENS):
        raise ZeroDivisionError
    assert not any("forward" in vars(layer) for layer in model)
    torch.autograd.backward(model(torch.ones(1, 128)).sum())
    torch.testing.assert_close(model(torch.ones(1, 128)), before, rtol=0, atol=0)


def test_in_bf16_nothing_is_packed(model: nn.Sequential) -> None:
    assert packed_outputs(model, torch.ones(1, 128), Compute(device=CPU.device, bf16=True))[0] == 0


def test_for_few_tokens_nothing_is_packed(model: nn.Sequential) -> None:
    with packed_linears(model=model, compute=CPU, num_tokens=LEAST_TOKENS - 1) as count:
        assert count == 0


def test_a_layer_that_answers_otherwise_stays_plain(model: nn.Sequential, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("training.models.packing._is_the_same", lambda *_: False)
    assert packed_outputs(model, torch.ones(1, 128))[0] == 0
