from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from training.compute import Compute
from training.data import ModelOutputs
from training.evaluation import predict_logits
from training.fewshot import FrozenEncoder, VectorStore
from training.models import load_pretrained
from training.runtime import RunCache, StopFlag
from training.spec import ModelSource

TEXTS = ["good film", "bad rain", "good film", "the team is fine and the game was great"]


@pytest.fixture
def frozen(tiny_folder: Path) -> FrozenEncoder:
    loaded = load_pretrained(source=ModelSource(source="folder", name=str(tiny_folder)), max_length=16)
    return FrozenEncoder(loaded.model, loaded.tokenizer, 16, Compute(device=torch.device("cpu"), bf16=False))


def test_a_text_is_read_from_the_store_the_second_time(
    frozen: FrozenEncoder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    read: list[int] = []

    def counted(**given: Any) -> ModelOutputs:
        read.append(len(given["rows"]))
        return predict_logits(**given)

    monkeypatch.setattr("training.fewshot.encoder.predict_logits", counted)
    cache = RunCache(folder=tmp_path, most_bytes=1 << 20)
    first, second = (
        replace(frozen, known={}).text_vectors(texts, stop=StopFlag(), store=VectorStore(cache, key=frozen.key))
        for texts in (TEXTS, [*TEXTS, "new"])
    )
    assert read == [3, 1]
    np.testing.assert_array_equal(second[:4], first)


def test_a_vector_is_the_mean_over_tokens_whatever_the_batch(frozen: FrozenEncoder) -> None:
    vectors = frozen.text_vectors(TEXTS, stop=StopFlag())
    ids = frozen.tokenizer(TEXTS[1], return_tensors="pt")
    with torch.no_grad():
        alone = frozen.encoder(**ids).last_hidden_state.mean(dim=1).numpy()[0]
    np.testing.assert_allclose(vectors[1], alone, atol=1e-5)
    np.testing.assert_array_equal(vectors[0], vectors[2])


def test_the_key_changes_with_all_that_a_vector_depends_on(frozen: FrozenEncoder, letters_folder: Path) -> None:
    others = [replace(frozen, max_length=8), replace(frozen, pooling="max")]
    loaded = load_pretrained(source=ModelSource(source="folder", name=str(letters_folder)), max_length=16)
    others += [replace(frozen, tokenizer=loaded.tokenizer), replace(frozen, encoder=loaded.model)]
    assert len({frozen.key, *(other.key for other in others)}) == 5
    assert replace(frozen).key == frozen.key
