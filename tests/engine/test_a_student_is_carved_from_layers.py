import shutil
from pathlib import Path

import pytest
import torch
from torch import nn
from transformers import AutoModel, BartConfig, BartForConditionalGeneration

from tests.tiny_encoders import FAMILIES, encoder_of, hidden_states
from tests.tiny_runs import RunFolder, carry_out
from training.learners import load_classifier
from training.models import freeze_layers
from training.models.layers import LayersMissing, carve
from training.spec import ModelSource
from training.tasks import TASK_TYPES

EVERY_FAMILY = pytest.mark.parametrize("family", FAMILIES)
KEPT = [0, 2]


@EVERY_FAMILY
def test_the_kept_layers_are_those_of_the_teacher(family: str, tmp_path: Path) -> None:
    teacher = encoder_of(family)
    student = carve(model=teacher, kept=KEPT).eval()
    assert student.config.num_hidden_layers == 2  # type: ignore[union-attr]
    # What is left of the teacher when the other layers are taken out of it by hand.
    layers = next(part for part in teacher.modules() if isinstance(part, nn.ModuleList) and len(part) == 4)
    del layers[3], layers[1]
    teacher.config.num_hidden_layers = 2  # type: ignore[union-attr]
    torch.testing.assert_close(hidden_states(student), hidden_states(teacher))


@EVERY_FAMILY
def test_a_carved_student_is_saved_and_loaded_as_any_other(family: str, tmp_path: Path) -> None:
    student = carve(model=encoder_of(family), kept=KEPT).eval()
    student.save_pretrained(tmp_path)  # type: ignore[operator]
    torch.testing.assert_close(hidden_states(AutoModel.from_pretrained(tmp_path).eval()), hidden_states(student))


@EVERY_FAMILY
def test_embeddings_and_first_layers_are_frozen_whatever_they_are_called(family: str) -> None:
    encoder = encoder_of(family)
    freeze_layers(encoder=encoder, num_layers=2)
    layers = next(part for part in encoder.modules() if isinstance(part, nn.ModuleList) and len(part) == 4)
    moving = [any(weight.requires_grad for weight in layer.parameters()) for layer in layers]
    assert moving == [False, False, True, True]
    assert not encoder.get_input_embeddings().weight.requires_grad  # type: ignore[operator]


@pytest.mark.parametrize(
    ("family", "kept", "words"), [("bert", [1, 4], "layers 0 to 3"), ("modernbert", [1], "layer 0")]
)
def test_layers_that_cannot_be_kept_are_refused(family: str, kept: list[int], words: str) -> None:
    with pytest.raises(LayersMissing, match=words):
        carve(model=encoder_of(family), kept=kept)


def test_a_decoder_may_have_fewer_layers_than_its_encoder() -> None:
    teacher = BartForConditionalGeneration(BartConfig(vocab_size=60, d_model=16, encoder_layers=4, decoder_layers=3))
    student = carve(model=teacher, kept=[0, 2])
    assert (student.config.encoder_layers, student.config.decoder_layers) == (2, 2)  # type: ignore[union-attr]
    with pytest.raises(LayersMissing, match="layers 0 to 2"):
        carve(model=teacher, kept=[0, 3])


def test_a_student_of_some_of_a_teachers_layers_is_trained(run_folder: RunFolder, teacher: Path) -> None:
    model = {"source": "folder", "name": str(teacher), "layers": [1]}
    folder = run_folder(model=model, labels=["pos", "neg"])
    carry_out(folder)
    assert AutoModel.from_pretrained(folder / "artifact").config.num_hidden_layers == 1


def test_a_carved_artifact_keeps_its_encoder_and_not_its_head(teacher: Path, tmp_path: Path) -> None:
    folder = Path(shutil.copytree(teacher, tmp_path / "headless"))
    (folder / "head.safetensors").unlink()
    source = ModelSource(source="folder", name=str(folder), layers=(0, 1))
    task_type = TASK_TYPES["text_classification"]
    classifier = load_classifier(source=source, task_type=task_type, labels=["a", "b"], max_length=16)
    whole = AutoModel.from_pretrained(teacher)
    torch.testing.assert_close(hidden_states(classifier.model.encoder.eval()), hidden_states(whole.eval()))
