import numpy as np
import pytest
import torch

from tests.tiny_encoders import encoder_of
from tests.tiny_runs import CPU
from training.data import EncodedRows, RaggedInts, Units, collate, paired
from training.losses import cosine_error_sum
from training.models import EncoderClassifier, PairCosine
from training.spec import TrainingSettings
from training.train.contrast import draw_pairs, lacks_pairs, pair_settings

THREE_KINDS = np.eye(3, dtype=np.bool_)[[0, 0, 0, 0, 1, 1, 1, 2]]


def test_half_of_the_pairs_are_alike() -> None:
    pairs = draw_pairs(THREE_KINDS, count=100, seed=1)
    kind_N = THREE_KINDS.argmax(axis=1)
    np.testing.assert_array_equal(kind_N[pairs.first_P] == kind_N[pairs.second_P], pairs.alike_P)
    assert (pairs.first_P != pairs.second_P).all()
    assert pairs.alike_P.sum() == len(pairs.alike_P) / 2 and 80 <= len(pairs.alike_P) <= 100


def test_pairs_are_drawn_anew_for_each_seed_and_alike_for_the_same() -> None:
    first, again, other = (draw_pairs(THREE_KINDS, count=60, seed=seed).second_P.tolist() for seed in (1, 1, 2))
    assert first == again != other


def test_every_row_that_has_a_partner_takes_part_as_often() -> None:
    pairs = draw_pairs(THREE_KINDS, count=160, seed=1)
    unlike = np.bincount(pairs.first_P[~pairs.alike_P], minlength=8)
    assert unlike.max() - unlike.min() <= 3
    assert 7 not in pairs.first_P[pairs.alike_P]


def test_several_labels_are_alike_where_one_is_shared() -> None:
    labels = np.array([[1, 1, 0], [0, 1, 0], [0, 0, 1], [0, 0, 0], [0, 0, 0]], dtype=np.bool_)
    pairs = draw_pairs(labels, count=400, seed=1)
    alike = set(zip(pairs.first_P[pairs.alike_P].tolist(), pairs.second_P[pairs.alike_P].tolist(), strict=True))
    assert alike <= {(0, 1), (1, 0)}
    unlike = set(zip(pairs.first_P[~pairs.alike_P].tolist(), pairs.second_P[~pairs.alike_P].tolist(), strict=True))
    assert {first for first, _ in unlike} >= {3, 4} and not unlike & {(3, 4), (4, 3)}


@pytest.mark.parametrize(
    ("kinds", "reason"),
    [
        ([0, 1, 2], "No two labelled texts have a label in common."),
        ([1, 1, 1], "All labelled texts have a label in common."),
        ([0, 0, 1], ""),
    ],
)
def test_what_cannot_be_paired_is_said(kinds: list[int], reason: str) -> None:
    assert lacks_pairs(np.eye(3, dtype=np.bool_)[kinds]) == reason


@pytest.mark.parametrize(("steps", "epochs"), [(30, None), (None, 10)])
def test_a_training_on_pairs_reads_as_many_texts(steps: int | None, epochs: int | None) -> None:
    settings = pair_settings(TrainingSettings(batch_size=8, steps=steps, epochs=epochs), num_rows=24)
    assert (settings.steps, settings.epochs, settings.batch_size) == (30, None, 4)


def test_a_pair_has_the_cosine_of_its_texts() -> None:
    rows = EncodedRows(
        inputs={name: RaggedInts.of(values) for name, values in (("input_ids", IDS), ("attention_mask", MASKS))},
        lengths=np.array([3, 2, 4]),
        units=Units.one_per_row(3),
        pad_values={},
        columns={},
    )
    model = EncoderClassifier(encoder=encoder_of("bert"), num_outputs=2).eval()
    pairs = paired(rows, first_P=np.array([0, 2]), second_P=np.array([1, 1]))
    with torch.no_grad():
        single = model.vectors(collate(rows=rows, indices=np.arange(3), device=CPU.device))
        cosines = PairCosine(model)(collate(rows=pairs, indices=np.arange(2), device=CPU.device))
    expected = torch.nn.functional.cosine_similarity(single[[0, 2]], single[[1, 1]], dim=-1)
    torch.testing.assert_close(cosines, expected)
    assert pairs.lengths.tolist() == [5, 6]


def test_the_error_of_a_cosine_is_squared_and_summed() -> None:
    loss = cosine_error_sum(cosine_B=torch.tensor([0.5, -0.2, 1.0]), target_B=torch.tensor([1.0, 0.0, 1.0]))
    assert float(loss) == pytest.approx(0.25 + 0.04)


IDS = [[5, 6, 7], [8, 9], [5, 5, 8, 9]]
MASKS = [[1] * len(ids) for ids in IDS]
