import json
from pathlib import Path
from typing import Any

import pytest

from planning.footprint import num_parameters
from runs.checkpoints import (
    PACKAGE_CONFIGS,
    base_model_of,
    card_licence,
    model_folder,
    num_layers,
    shape_of,
    tokenizer_fingerprint,
)
from runs.preflight import PACKAGES
from tests.tiny_llama import write_tiny_llama
from tests.tiny_model import WORDS, write_tiny_model
from training.model_files.packaged import PARAPHRASE_L3

T5 = {
    "is_encoder_decoder": True,
    "vocab_size": 100,
    "d_model": 16,
    "d_kv": 4,
    "d_ff": 32,
    "num_heads": 2,
    "num_layers": 3,
    "num_decoder_layers": 2,
    "feed_forward_proj": "gated-gelu",
}


def folder_of(path: Path, *, config: dict[str, Any] | None = None, card: str = "") -> dict[str, Any]:
    path.mkdir(exist_ok=True)
    (path / "config.json").write_text(json.dumps(config or {}))
    if card:
        (path / "README.md").write_text(card)
    return {"source": "folder", "name": str(path), "revision": None}


def test_a_shape_is_read_from_the_config(tmp_path: Path) -> None:
    reference = {"source": "folder", "name": str(write_tiny_model(tmp_path / "tiny"))}
    shape = shape_of(reference)
    assert shape is not None
    assert (shape.hidden, shape.layers, shape.positions, shape.is_text_to_text) == (32, 2, 64, False)
    carved = shape_of({**reference, "layers": [1]})
    assert carved is not None and num_parameters(carved) < num_parameters(shape)


def test_a_text_to_text_config_has_a_decoder(tmp_path: Path) -> None:
    shape = shape_of(folder_of(tmp_path / "t5", config=T5))
    assert shape is not None
    assert (shape.layers, shape.decoder_layers, shape.attention, shape.positions) == (3, 2, 8, None)
    assert shape.is_text_to_text and shape.is_gated
    carved = shape_of({**folder_of(tmp_path / "t5", config=T5), "layers": [0]})
    assert carved is not None and (carved.layers, carved.decoder_layers) == (1, 1)


@pytest.mark.parametrize("odd", ["64", [1], {"a": 1}, None, True])
@pytest.mark.parametrize("part", ["d_kv", "num_decoder_layers", "model_type", "d_model", "max_position_embeddings"])
def test_a_config_with_something_else_in_the_place_of_a_number_breaks_no_page(
    tmp_path: Path, part: str, odd: object
) -> None:
    reference = folder_of(tmp_path / "t5", config={**T5, part: odd})
    shape = shape_of(reference)
    assert (shape is None) == (part == "d_model")
    assert num_layers(reference) == 0 or shape is None or num_parameters(shape) > 0


def test_a_decoder_that_was_made_to_write_is_told_from_one_that_reads(tmp_path: Path) -> None:
    folder = write_tiny_llama(tmp_path / "llama")
    reference = {"source": "folder", "name": str(folder)}
    shape = shape_of(reference)
    assert shape is not None and shape.is_decoder_only and shape.writes and shape.is_gated
    config = json.loads((folder / "config.json").read_text())
    read = shape_of(folder_of(folder, config={**config, "architectures": ["LlamaModel"]}))
    assert read is not None and not read.writes


def test_a_config_that_says_too_little_gives_no_shape(tmp_path: Path) -> None:
    assert shape_of(folder_of(tmp_path / "odd", config={"model_type": "odd"})) is None
    assert shape_of({"source": "folder", "name": str(tmp_path / "gone")}) is None


def test_what_is_known_of_packages_is_what_they_carry() -> None:
    assert PACKAGE_CONFIGS.keys() == PACKAGES.keys()
    folder = model_folder({"source": "package", "name": "all-MiniLM-L6-v2"})
    assert folder is not None
    real = json.loads((folder / "config.json").read_text())
    known = PACKAGE_CONFIGS["all-MiniLM-L6-v2"]
    assert {name: real[name] for name in known} == known
    assert PACKAGE_CONFIGS["paraphrase-MiniLM-L3-v2"]["num_hidden_layers"] == PARAPHRASE_L3.num_layers


def test_equal_tokenizers_are_told_from_others(tmp_path: Path) -> None:
    names = [
        str(write_tiny_model(tmp_path / "one")),
        str(write_tiny_model(tmp_path / "two")),
        str(write_tiny_model(tmp_path / "three", words=WORDS[:-1])),
    ]
    first, same, other = (tokenizer_fingerprint({"source": "folder", "name": name}) for name in names)
    assert first == same and first != other
    assert tokenizer_fingerprint({"source": "hub", "name": "nobody/has-this"}) is None


@pytest.mark.parametrize(
    ("card", "licence"),
    [
        ("---\nlanguage: en\nlicense: Apache-2.0\n---\nText", "apache-2.0"),
        ("---\nlicense: 'llama2'\n---\n", "llama2"),
        ("# A model\nlicense: mit\n", None),
        ("---\ntags: [a]\n---\nlicense: mit\n", None),
        ("", None),
    ],
)
def test_a_licence_is_read_from_the_head_of_the_model_card(tmp_path: Path, card: str, licence: str | None) -> None:
    assert card_licence(folder_of(tmp_path / "model", card=card)) == licence


def test_a_hub_model_is_found_in_its_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("HF_HUB_CACHE", raising=False)
    monkeypatch.setenv("HF_HOME", str(tmp_path))
    model = tmp_path / "hub" / "models--owner--name"
    snapshot = model / "snapshots" / "abc123"
    snapshot.mkdir(parents=True)
    (model / "refs").mkdir()
    (model / "refs" / "main").write_text("abc123")
    folder_of(snapshot, config=T5)
    assert model_folder({"source": "hub", "name": "owner/name", "revision": None}) == snapshot
    assert model_folder({"source": "hub", "name": "owner/name", "revision": "abc123"}) == snapshot
    assert model_folder({"source": "hub", "name": "owner/name", "revision": "v2"}) is None


def test_an_artifact_names_what_it_was_trained_from(tmp_path: Path) -> None:
    base = {"source": "hub", "name": "owner/name"}
    reference = folder_of(tmp_path / "artifact")
    assert base_model_of(reference) is None
    (tmp_path / "artifact" / "label_map.json").write_text("{}")
    (tmp_path / "artifact" / "spec.json").write_text(json.dumps({"model": base}))
    assert base_model_of(reference) == base
