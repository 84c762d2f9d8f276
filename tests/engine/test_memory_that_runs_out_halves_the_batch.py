from typing import Any

import pytest
import torch
from torch import Tensor

from tests.tiny_runs import RunFolder, carry_out
from training.compute import MemoryTooSmall, is_out_of_memory
from training.models import EncoderClassifier

forward = EncoderClassifier.forward


def holding(num_rows: int, *, also_reading: bool = False) -> Any:
    """A forward pass on a device that has room for so many rows, in training or always."""

    def limited(self: EncoderClassifier, inputs: dict[str, Tensor]) -> Tensor:
        if len(inputs["input_ids"]) > num_rows and (self.training or also_reading):
            raise torch.OutOfMemoryError("out of memory")
        return forward(self, inputs)

    return limited


def test_the_run_goes_on_with_smaller_micro_batches(
    run_folder: RunFolder, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(EncoderClassifier, "forward", holding(3))
    result = carry_out(run_folder(training={"steps": 4, "batch_size": 8}))
    assert result["metrics"]["test"]["num_examples"] == 10
    assert capsys.readouterr().out.count("half the size") == 2


def test_one_row_that_does_not_fit_ends_the_run(run_folder: RunFolder, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(EncoderClassifier, "forward", holding(0))
    with pytest.raises(MemoryTooSmall, match="max_length"):
        carry_out(run_folder(training={"steps": 4, "batch_size": 8}))


def test_an_optimiser_step_that_does_not_fit_ends_the_run(
    run_folder: RunFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    def limited(self: torch.optim.AdamW) -> None:
        raise torch.OutOfMemoryError("out of memory")

    monkeypatch.setattr(torch.optim.AdamW, "step", limited)
    with pytest.raises(MemoryTooSmall, match=r"the optimiser's state together do not fit.*a smaller model"):
        carry_out(run_folder(training={"steps": 4}))


def test_another_trouble_is_not_taken_for_it(run_folder: RunFolder, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(self: EncoderClassifier, inputs: dict[str, Tensor]) -> Tensor:
        raise RuntimeError("shapes differ")

    monkeypatch.setattr(EncoderClassifier, "forward", broken)
    with pytest.raises(RuntimeError, match="shapes differ"):
        carry_out(run_folder(training={"steps": 4}))


def test_batches_that_are_only_read_are_halved_too(run_folder: RunFolder, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = carry_out(run_folder("whole", training={"steps": 4, "batch_size": 3}))
    monkeypatch.setattr(EncoderClassifier, "forward", holding(3, also_reading=True))
    halved = carry_out(run_folder("halved", training={"steps": 4, "batch_size": 3}))
    assert halved["metrics"]["test"] == whole["metrics"]["test"]


def test_a_processor_without_memory_says_so_in_its_own_words() -> None:
    with pytest.raises(RuntimeError) as caught:
        torch.empty(2**50, dtype=torch.uint8)
    assert is_out_of_memory(caught.value)
