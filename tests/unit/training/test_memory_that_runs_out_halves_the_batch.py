from typing import Any

import pytest
import torch
from torch import Tensor

from tests.tiny_runs import RunFolder, carry_out
from training.classifier import EncoderClassifier
from training.loop import MemoryTooSmall

forward = EncoderClassifier.forward


def holding(num_rows: int) -> Any:
    """A forward pass on a device that has room for so many rows."""

    def limited(self: EncoderClassifier, inputs: dict[str, Tensor]) -> Tensor:
        if len(inputs["input_ids"]) > num_rows and self.training:
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


def test_another_trouble_is_not_taken_for_it(run_folder: RunFolder, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(self: EncoderClassifier, inputs: dict[str, Tensor]) -> Tensor:
        raise RuntimeError("shapes differ")

    monkeypatch.setattr(EncoderClassifier, "forward", broken)
    with pytest.raises(RuntimeError, match="shapes differ"):
        carry_out(run_folder(training={"steps": 4}))
