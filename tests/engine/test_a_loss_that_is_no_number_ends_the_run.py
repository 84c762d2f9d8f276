import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file

from tests.tiny_runs import CPU, RunFolder, carry_out, encoded_sentences, tiny_classifier
from training.models import EncoderClassifier
from training.train.loop import LossNotFinite, gradients_of_step


def test_the_message_says_what_to_change(tiny_folder: Path) -> None:
    classifier = tiny_classifier(tiny_folder)
    rows, loss = encoded_sentences(classifier, 4)
    assert isinstance(classifier.model, EncoderClassifier)
    torch.nn.init.constant_(classifier.model.head.weight, float("nan"))
    with pytest.raises(LossNotFinite, match=r"Lower training\.learning_rate"):
        gradients_of_step(model=classifier.model, rows=rows, micro_batches=[np.arange(4)], loss=loss, compute=CPU)


def test_one_that_is_none_from_the_start_is_blamed_on_the_checkpoint(
    run_folder: RunFolder, tiny_folder: Path, tmp_path: Path
) -> None:
    broken = Path(shutil.copytree(tiny_folder, tmp_path / "broken"))
    weights = {name: tensor * 1e30 for name, tensor in load_file(broken / "model.safetensors").items()}
    save_file(weights, broken / "model.safetensors", metadata={"format": "pt"})
    model = {"source": "folder", "name": str(broken), "revision": None}
    with pytest.raises(LossNotFinite, match=r"at step 1.*Take another checkpoint"):
        carry_out(run_folder(model=model))


def test_gradients_that_are_no_numbers_end_the_run_even_at_its_last_step(
    run_folder: RunFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    clip = torch.nn.utils.clip_grad_norm_
    norms: list[torch.Tensor] = []

    def astray(*arguments: Any) -> torch.Tensor:
        norms.append(clip(*arguments))
        return norms[-1] * (torch.inf if len(norms) == 12 else 1)

    monkeypatch.setattr(torch.nn.utils, "clip_grad_norm_", astray)
    folder = run_folder(training={"steps": 12})
    with pytest.raises(LossNotFinite, match=r"gradients of step 12 .*Lower training\.learning_rate"):
        carry_out(folder)
    assert not (folder / "artifact").exists()
