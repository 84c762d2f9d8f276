from pathlib import Path

import numpy as np
import pytest
import torch

from tests.tiny_runs import CPU, encoded_sentences, tiny_classifier
from training.batches import collate


def test_a_row_costs_the_same_alone_and_beside_a_longer_one(tiny_folder: Path) -> None:
    classifier = tiny_classifier(tiny_folder)
    rows, loss = encoded_sentences(classifier, 8)
    shortest, longest = int(rows.lengths.argmin()), int(rows.lengths.argmax())
    assert rows.lengths[shortest] < rows.lengths[longest]

    def cost(indices: list[int]) -> float:
        batch = collate(rows=rows, indices=np.array(indices), device=CPU.device)
        logits = classifier.model(batch)[:1]
        return float(loss(logits=logits, rows=torch.tensor(indices[:1])).detach())

    assert cost([shortest]) == pytest.approx(cost([shortest, longest]), rel=1e-5)
