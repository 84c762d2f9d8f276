from pathlib import Path

import numpy as np
import pytest
import torch

from tests.tiny_runs import CPU, encoded_sentences, tiny_classifier
from training.classifier import EncoderClassifier
from training.loop import LossNotFinite, gradients_of_step


def test_the_message_says_what_to_change(tiny_folder: Path) -> None:
    classifier = tiny_classifier(tiny_folder)
    rows, loss = encoded_sentences(classifier, 4)
    assert isinstance(classifier.model, EncoderClassifier)
    torch.nn.init.constant_(classifier.model.head.weight, float("nan"))
    with pytest.raises(LossNotFinite, match=r"Lower training\.learning_rate"):
        gradients_of_step(model=classifier.model, rows=rows, micro_batches=[np.arange(4)], loss=loss, compute=CPU)
