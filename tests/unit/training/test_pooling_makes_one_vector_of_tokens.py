import json
from pathlib import Path

import pytest
import torch

from tests.tiny_runs import LABELS, RunFolder, carry_out
from training.learners import load_classifier
from training.models.heads import POOLERS
from training.spec import ModelSource
from training.tasks import TASK_TYPES

HIDDEN = torch.tensor([[[1.0, -4.0], [3.0, -2.0], [9.0, 9.0]]])
MASK = torch.tensor([[1, 1, 0]])


@pytest.mark.parametrize(("name", "expected"), [("mean", [2.0, -3.0]), ("first", [1.0, -4.0]), ("max", [3.0, -2.0])])
def test_padding_has_no_share_in_it(name: str, expected: list[float]) -> None:
    assert POOLERS[name](HIDDEN, MASK).tolist() == [expected]
    assert POOLERS[name](HIDDEN[:, :2], MASK[:, :2]).tolist() == [expected]


def test_the_first_token_is_the_first_real_one() -> None:
    assert POOLERS["first"](HIDDEN, torch.tensor([[0, 1, 1]])).tolist() == [[3.0, -2.0]]


@pytest.mark.parametrize("pooling", ["first", "max"])
def test_an_artifact_is_loaded_with_the_pooling_it_was_trained_with(run_folder: RunFolder, pooling: str) -> None:
    folder = run_folder(training={"pooling": pooling})
    carry_out(folder)
    assert pooling_of(folder / "artifact") == pooling


def test_an_artifact_that_names_no_pooling_has_the_mean(run_folder: RunFolder) -> None:
    folder = run_folder()
    carry_out(folder)
    label_map = folder / "artifact" / "label_map.json"
    label_map.write_text(json.dumps({**json.loads(label_map.read_text()), "pooling": "mean over tokens"}))
    assert pooling_of(folder / "artifact") == "mean"


def pooling_of(artifact: Path) -> str | None:
    source = ModelSource(source="folder", name=str(artifact))
    task_type = TASK_TYPES["text_classification"]
    return load_classifier(source=source, task_type=task_type, labels=LABELS, max_length=32).model.pooling
