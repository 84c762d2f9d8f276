import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pytest
import torch
from torch import nn

from tests.tiny_runs import TEXT
from training.data import StoredVectors, Units, unit_vectors, vector_column
from training.learners import learner_of
from training.losses import IGNORED
from training.train import SoftLoss, VectorTarget
from training.train.vectors import VectorLoss, fitted_map

VECTORS = np.random.default_rng(0).normal(size=(10, 2, 5)).astype(np.float32)


def stored(vectors: npt.NDArray[np.float32] = VECTORS, *, rows_per_shard: int = 4) -> StoredVectors:
    parts = [vector_column(vectors[start : start + rows_per_shard]) for start in range(0, len(vectors), rows_per_shard)]
    return StoredVectors.of_column(pa.chunked_array(parts), shape=(vectors.shape[1], vectors.shape[2]))


def test_rows_are_read_across_shards_in_the_order_asked_for() -> None:
    asked = np.array([9, 0, 4, 3])
    assert stored().rows(asked) == pytest.approx(unit_vectors(VECTORS)[asked], abs=1e-3)
    assert not any(shard.flags.owndata for shard in stored().shards)


def test_rows_that_a_filter_drops_are_not_counted() -> None:
    kept = stored().of(np.arange(10) % 2 == 1)
    assert len(kept) == 5
    assert kept.rows(np.array([4])) == pytest.approx(unit_vectors(VECTORS)[[9]], abs=1e-3)
    assert kept.mean() == pytest.approx(unit_vectors(VECTORS)[1::2].mean(axis=(0, 1)), abs=1e-3)


def test_a_vector_without_a_direction_becomes_zero() -> None:
    odd = VECTORS[:3].copy()
    odd[0], odd[1] = np.nan, 0
    assert not stored(odd).rows(np.array([0, 1])).any()


def test_a_column_of_another_shape_is_refused() -> None:
    with pytest.raises(ValueError, match="reshape"):
        StoredVectors.of_column(pa.chunked_array([vector_column(VECTORS)]), shape=(1, 5))


def test_a_linear_map_is_found() -> None:
    own = np.random.default_rng(1).normal(size=(500, 4)).astype(np.float32)
    true = np.random.default_rng(2).normal(size=(3, 4)).astype(np.float32)
    found = fitted_map(student_NH=own, teacher_NK=own @ true.T + 1)
    assert found.weight.detach().numpy() == pytest.approx(true, abs=0.05)
    assert found.bias.detach().numpy() == pytest.approx(np.ones(3), abs=0.05)


def loss() -> VectorLoss:
    vectors = stored(VECTORS[:, :1])
    soft = SoftLoss(
        learner=learner_of(TEXT),
        units=Units.one_per_row(12),
        teacher_UC=torch.ones(12, 2),
        answered_U=torch.tensor([True] * 9 + [False] * 3),
        target=torch.full((12,), IGNORED),
        temperature=2.0,
        gold_weight=0.0,
    )
    target = VectorTarget(vectors=vectors, centre_K=np.zeros(5, dtype=np.float32), first_map=nn.Linear(5, 5))
    return VectorLoss(soft=soft, target=target, num_outputs=2)


def test_the_loss_of_a_batch_is_the_sum_of_its_parts() -> None:
    outputs, rows = torch.randn(12, 7, generator=torch.Generator().manual_seed(0)), torch.arange(12)
    parts = [loss()(logits=outputs[part], rows=rows[part]) for part in (slice(0, 5), slice(5, 12))]
    assert loss()(logits=outputs, rows=rows).item() == pytest.approx(sum(part.item() for part in parts), rel=1e-5)


def test_a_row_without_a_teachers_answer_costs_nothing() -> None:
    assert loss()(logits=torch.randn(3, 7), rows=torch.tensor([9, 10, 11])).item() == 0.0


def test_the_teachers_own_vectors_and_logits_cost_nothing() -> None:
    own = torch.from_numpy(3 * unit_vectors(VECTORS[:9, :1]).reshape(9, 5))
    outputs = torch.cat([torch.ones(9, 2), own], dim=1)
    assert loss()(logits=outputs, rows=torch.arange(9)).item() == pytest.approx(0, abs=1e-4)
