"""What a training leaves as it is gives the same states every time, so it is computed once."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
import torch
from torch import nn

from tests.tiny_runs import CPU, LABELS, TEXT, sentences
from training.answers import Rows
from training.data import EncodedRows, HiddenStates, collate
from training.learners import Classifier, encode_rows, load_classifier
from training.models import freeze_layers, frozen, frozen_states
from training.models.layers import layer_list, num_frozen_layers
from training.spec import ModelSource


@pytest.fixture
def classifier(tiny_folder: Path) -> Classifier:
    source = ModelSource(source="folder", name=str(tiny_folder))
    classifier = load_classifier(source=source, task_type=TEXT, labels=LABELS, max_length=32)
    freeze_layers(encoder=classifier.model.encoder, num_layers=1)
    return classifier


@pytest.fixture
def rows(classifier: Classifier) -> EncodedRows:
    texts = sentences(9)
    plain = Rows(uids=texts["uid"], columns={"text": texts["text"]}, gold=None)
    return encode_rows(rows=plain, task_type=TEXT, tokenizer=classifier.tokenizer, max_length=32)


def states_of(classifier: Classifier, rows: EncodedRows) -> HiddenStates | None:
    model = classifier.model.eval()
    return frozen_states(encoder=model.encoder, pooling=model.pooling or "mean", rows=rows, compute=CPU)


def _with_states(classifier: Classifier, rows: EncodedRows) -> EncodedRows:
    found = states_of(classifier, rows)
    assert found is not None
    return replace(rows, frozen=found)


def _layers(classifier: Classifier) -> nn.ModuleList:
    found = layer_list(classifier.model.encoder)
    assert found is not None
    return found[1]


def _batch(rows: EncodedRows) -> dict[str, torch.Tensor]:
    return collate(rows=rows, indices=torch.arange(len(rows)).numpy(), device=CPU.device)


def test_kept_states_give_the_same_logits(classifier: Classifier, rows: EncodedRows) -> None:
    kept = _with_states(classifier, rows)
    with torch.no_grad():
        torch.testing.assert_close(classifier.model(_batch(kept)), classifier.model(_batch(rows)))


def test_kept_states_give_the_same_gradients(classifier: Classifier, rows: EncodedRows) -> None:
    gradients = []
    for given in (_with_states(classifier, rows), rows):
        classifier.model.zero_grad()
        classifier.model(_batch(given)).logsumexp(dim=1).sum().backward()
        gradients.append({n: p.grad.clone() for n, p in classifier.model.named_parameters() if p.grad is not None})
    assert gradients[0].keys() == gradients[1].keys()
    for name, gradient in gradients[0].items():
        torch.testing.assert_close(gradient, gradients[1][name], msg=name)


def test_the_frozen_part_does_not_run_again(
    classifier: Classifier, rows: EncodedRows, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept = _with_states(classifier, rows)
    monkeypatch.setattr(_layers(classifier)[0], "forward", None)
    assert classifier.model(_batch(kept)).shape == (9, 2)


def test_frozen_layers_drop_nothing_while_the_rest_trains(classifier: Classifier) -> None:
    classifier.model.train()
    assert [layer.training for layer in _layers(classifier)] == [False, True]


def test_states_that_would_not_fit_are_not_kept(
    classifier: Classifier, rows: EncodedRows, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(frozen, "MOST_BYTES", 1_000)
    assert states_of(classifier, rows) is None


def test_nothing_is_kept_where_nothing_is_frozen(classifier: Classifier, rows: EncodedRows) -> None:
    classifier.model.requires_grad_(True)
    assert num_frozen_layers(classifier.model.encoder) == 0
    assert states_of(classifier, rows) is None
