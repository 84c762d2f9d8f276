from pathlib import Path

import numpy as np
import pytest
import torch

from tests.tiny_runs import CPU, EVERY_LABELLED_TYPE, encoded_sentences, tiny_classifier
from training.data import collate
from training.tasks import TaskType


@EVERY_LABELLED_TYPE
def test_a_row_costs_the_same_alone_and_beside_a_longer_one(tiny_folder: Path, task_type: TaskType) -> None:
    classifier = tiny_classifier(tiny_folder, task_type=task_type)
    rows, loss = encoded_sentences(classifier, 8, task_type=task_type)
    shortest, longest = int(rows.lengths.argmin()), int(rows.lengths.argmax())
    assert rows.lengths[shortest] < rows.lengths[longest]

    def cost(indices: list[int]) -> float:
        first = torch.tensor(indices[:1])
        logits = classifier.model(collate(rows=rows, indices=np.array(indices), device=CPU.device))
        return float(loss(logits=logits[: len(rows.units.of(first))], rows=first).detach())

    assert cost([shortest]) == pytest.approx(cost([shortest, longest]), rel=1e-5)
