from pathlib import Path

import numpy as np
import pytest
import torch

from tests.tiny_runs import CPU, EVERY_LABELLED_TYPE, encoded_sentences, tiny_classifier
from training.tasks import TaskType
from training.train.loop import gradients_of_step


def step_in_parts(folder: Path, num_parts: int, task_type: TaskType) -> tuple[float, torch.Tensor]:
    classifier = tiny_classifier(folder, task_type=task_type)
    rows, loss = encoded_sentences(classifier, 8, task_type=task_type)
    parts = np.array_split(np.arange(8), num_parts)
    value = gradients_of_step(model=classifier.model, rows=rows, micro_batches=parts, loss=loss, compute=CPU)
    return value, torch.cat([p.grad.flatten() for p in classifier.model.parameters() if p.grad is not None])


@EVERY_LABELLED_TYPE
@pytest.mark.parametrize("num_parts", [2, 4, 8])
def test_one_batch_of_eight_equals_smaller_ones_on_unequal_lengths(
    tiny_folder: Path, num_parts: int, task_type: TaskType
) -> None:
    whole_loss, whole = step_in_parts(tiny_folder, 1, task_type)
    parts_loss, parts = step_in_parts(tiny_folder, num_parts, task_type)
    assert parts_loss == pytest.approx(whole_loss, rel=1e-5)
    torch.testing.assert_close(parts, whole, rtol=1e-3, atol=1e-6)


@EVERY_LABELLED_TYPE
def test_a_row_of_a_smaller_step_weighs_no_more(tiny_folder: Path, task_type: TaskType) -> None:
    classifier = tiny_classifier(tiny_folder, task_type=task_type)
    rows, loss = encoded_sentences(classifier, 8, task_type=task_type)

    def mean_loss(indices: list[int], rows_per_step: float | None) -> float:
        classifier.model.zero_grad()
        return gradients_of_step(
            model=classifier.model,
            rows=rows,
            micro_batches=[np.array(indices)],
            loss=loss,
            compute=CPU,
            rows_per_step=rows_per_step,
        )

    assert mean_loss([1, 2, 3], 4) == pytest.approx(0.75 * mean_loss([1, 2, 3], None))
    assert mean_loss([1, 2, 3, 4, 5], 4) == pytest.approx(1.25 * mean_loss([1, 2, 3, 4, 5], None))
