"""Pickled weights, code of a checkpoint's own and tables that are too small end a run at once, and for good."""

import json
import shutil
from pathlib import Path

import pytest
import torch
from transformers import AutoModel

from tests.tiny_model import write_tiny_model
from tests.tiny_runs import RunFolder
from training.__main__ import run
from training.contract import EXIT_PERMANENT
from training.model_files import find_fault
from training.models import PretrainedUnusable, check_segments, load_pretrained
from training.models.pretrained import PretrainedMissing
from training.runtime import is_permanent
from training.spec import ModelSource, SpecInvalid


@pytest.fixture
def model(tmp_path: Path) -> Path:
    return write_tiny_model(tmp_path / "model")


@pytest.fixture
def too_small(model: Path) -> Path:
    """A model whose tokenizer knows two tokens more than it has embeddings."""
    num_tokens = json.loads((model / "config.json").read_text())["vocab_size"]
    encoder = AutoModel.from_pretrained(model)
    encoder.resize_token_embeddings(num_tokens - 2)
    encoder.save_pretrained(model)
    return model


def load(folder: Path) -> None:
    load_pretrained(source=ModelSource(source="folder", name=str(folder)), max_length=16)


def pickle_weights(folder: Path) -> None:
    (folder / "model.safetensors").unlink()
    torch.save({}, folder / "pytorch_model.bin")


def test_pickled_weights_are_refused_before_they_are_read(model: Path) -> None:
    pickle_weights(model)
    with pytest.raises(PretrainedUnusable, match=r"pytorch_model\.bin, a pickle file, which is never loaded"):
        load(model)


def test_code_that_comes_with_a_model_is_never_run(model: Path) -> None:
    config = json.loads((model / "config.json").read_text())
    auto = {"AutoConfig": "evil.Config", "AutoModel": "evil.Model"}
    (model / "config.json").write_text(json.dumps({**config, "model_type": "evil", "auto_map": auto}))
    (model / "evil.py").write_text(f"open({str(model / 'ran')!r}, 'w')")
    with pytest.raises(PretrainedMissing, match="code that comes with it, which is never run"):
        load(model)
    assert not (model / "ran").exists()


def test_more_tokens_than_embeddings_are_refused_with_both_numbers(too_small: Path) -> None:
    with pytest.raises(PretrainedUnusable, match=r"127 tokens and embeddings for 125.*resize_token_embeddings\(127\)"):
        load(too_small)


def test_the_files_say_it_without_torch(too_small: Path) -> None:
    said = find_fault(too_small, model="The student model")
    assert said is not None and "127 tokens and embeddings for 125" in said


def test_a_good_model_has_no_fault(model: Path) -> None:
    assert find_fault(model, model="The student model") is None


def test_files_that_cannot_be_read_have_no_fault_to_tell(tmp_path: Path) -> None:
    for name in ("model.safetensors", "tokenizer.json", "config.json"):
        (tmp_path / name).write_bytes(b"\xff\x00{")
    assert find_fault(tmp_path, model="it") is None


@pytest.mark.parametrize(
    "header", [b"[" * 200_000, b'{"shared.weight": {"shape": 5}}', b'{"shared.weight": {"shape": ["5", 4]}}', b"[]"]
)
def test_a_header_unlike_any_has_no_fault_to_tell(tmp_path: Path, header: bytes) -> None:
    (tmp_path / "model.safetensors").write_bytes(len(header).to_bytes(8, "little") + header)
    (tmp_path / "tokenizer.json").write_text('{"model": {"vocab": {"a": 9}}}')
    (tmp_path / "config.json").write_bytes(b"[" * 200_000)
    assert find_fault(tmp_path, model="it") is None


def test_a_run_of_such_a_model_ends_with_two(run_folder: RunFolder, too_small: Path) -> None:
    folder = run_folder(model={"source": "folder", "name": str(too_small)})
    assert run(folder / "spec.json") == EXIT_PERMANENT
    assert "embeddings for 125" in json.loads((folder / "error.json").read_text())["message"]


def test_a_model_of_single_texts_is_refused_for_pairs(model: Path) -> None:
    pretrained = load_pretrained(source=ModelSource(source="folder", name=str(model)), max_length=16)
    pretrained.model.config.type_vocab_size = 1  # type: ignore[union-attr]
    with pytest.raises(PretrainedUnusable, match="made for pairs"):
        check_segments(pretrained=pretrained, source=ModelSource(source="folder", name=str(model)))


def test_a_tokenizer_file_that_is_broken_is_told(model: Path) -> None:
    (model / "tokenizer.json").write_text('{"version": "1.0", "model": {"type": "nothing"}}')
    with pytest.raises(PretrainedMissing, match="no tokenizer that can be loaded"):
        load(model)


@pytest.mark.parametrize("error", [IndexError("x"), KeyError("x"), TypeError("x"), ValueError("x"), ImportError("x")])
def test_an_error_of_data_or_code_comes_again(error: Exception) -> None:
    assert is_permanent(error)


@pytest.mark.parametrize(
    "said", ["CUDA error: device-side assert triggered", "mat1 and mat2 shapes cannot be multiplied"]
)
def test_torchs_words_for_bad_input_are_known(said: str) -> None:
    assert is_permanent(RuntimeError(said))


@pytest.mark.parametrize(
    "error", [RuntimeError("CUDA error: unspecified launch failure"), OSError("gone"), MemoryError()]
)
def test_an_error_of_the_machine_is_tried_again(error: Exception) -> None:
    assert not is_permanent(error)


def test_an_unforeseen_fault_of_the_input_leaves_with_two_and_its_kind(
    run_folder: RunFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = run_folder()
    monkeypatch.setattr("training.methods.fine_tuning.check_variety", lambda **_: [][0])
    assert run(folder / "spec.json") == EXIT_PERMANENT
    assert "IndexError: list index out of range. It would come again" in (folder / "error.json").read_text()


@pytest.mark.parametrize("revision", ["../../etc", "/etc", "a//b", "a..b", "-x", "main.lock", "a b", "", ".git", "x/"])
def test_a_revision_that_is_a_path_is_refused(revision: str) -> None:
    with pytest.raises(SpecInvalid, match="Name a branch, a tag or a commit"):
        ModelSource(source="hub", name="owner/name", revision=revision)


@pytest.mark.parametrize("revision", ["main", "v1.0", "refs/pr/4", "0123abc", None, "feature/x-1"])
def test_names_of_git_are_revisions(revision: str | None) -> None:
    assert ModelSource(source="hub", name="owner/name", revision=revision).revision == revision


@pytest.mark.parametrize("name", ["../secrets", "..", "a/../b", "/etc", "a/b/c", "./x", "a--b"])
def test_a_hub_name_that_is_a_path_is_refused(name: str) -> None:
    with pytest.raises(SpecInvalid, match="owner/model"):
        ModelSource(source="hub", name=name)


def test_a_hub_name_never_loads_a_folder_that_is_called_so(
    model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shutil.copytree(model, tmp_path / "owner" / "name")
    monkeypatch.chdir(tmp_path)
    with pytest.raises(PretrainedMissing, match="is a folder here, too"):
        load_pretrained(source=ModelSource(source="hub", name="owner/name"), max_length=16)
