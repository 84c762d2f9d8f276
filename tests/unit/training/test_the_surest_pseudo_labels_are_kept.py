from typing import Any

import numpy as np
import pytest

from tests.tiny_runs import LABELS, TEXT, rows_with
from training.data import ModelOutputs
from training.distil import DevConfidence, Selection, SoftLabels, best_threshold, select
from training.distil.confidence import Threshold, wilson_low
from training.distil.filtering import NoRowsPass, NotCalibrated
from training.spec import DistillationSettings

DEV = DevConfidence(
    temperature=1.0,
    threshold=Threshold(confidence=0.8, share=0.5, accuracy=1.0, accuracy_low=0.9),
    confidence_N=np.array([0.6, 0.7, 0.9, 0.95]),
    accuracy_N=np.array([0.0, 1.0, 1.0, 1.0]),
)


def pool(*confidences: float, dev: DevConfidence | None = DEV) -> SoftLabels:
    """Give a set whose teacher is as sure as this of each row."""
    odds = np.log(np.array(confidences) / (1 - np.array(confidences)))
    outputs = ModelOutputs.one_per_row(np.stack([odds, np.zeros_like(odds)], axis=1).astype(np.float32))
    rows = rows_with([LABELS[0]] * len(confidences))
    return SoftLabels(rows=rows, outputs=outputs, tokenizer_hash="", dev=dev)


def chosen(soft: SoftLabels, *, gold: tuple[int, ...] = (), seed: int = 0, **settings: Any) -> Selection:
    is_gold = np.isin(np.arange(len(soft.rows)), gold)
    return select(settings=DistillationSettings(**settings), soft=soft, task_type=TEXT, is_gold_N=is_gold, seed=seed)


SOFT = pool(0.6, 0.99, 0.7, 0.85, 0.9, 0.55)


def test_without_a_filter_all_stay() -> None:
    assert chosen(SOFT).kept_N.all()


def test_the_threshold_chosen_on_dev_is_taken() -> None:
    found = chosen(SOFT, filter="confidence")
    assert np.flatnonzero(found.kept_N).tolist() == [1, 3, 4]
    assert found.threshold == Threshold(confidence=0.8, share=0.5, accuracy=1.0, accuracy_low=wilson_low(1.0, 2))


def test_a_share_keeps_the_surest_and_says_what_dev_tells_of_them() -> None:
    found = chosen(SOFT, filter="confidence", keep=0.66)
    assert np.flatnonzero(found.kept_N).tolist() == [1, 2, 3, 4]
    assert found.threshold is not None
    assert (found.threshold.confidence, found.threshold.accuracy) == (pytest.approx(0.7, abs=1e-6), 1.0)


@pytest.mark.parametrize("keep", [None, 0.66])
def test_the_control_keeps_as_many_whatever_their_confidence(keep: float | None) -> None:
    sure = chosen(SOFT, filter="confidence", keep=keep)
    drawn = [chosen(SOFT, filter="random", keep=keep, seed=seed) for seed in range(8)]
    assert {one.num_passed for one in drawn} == {sure.num_passed} == {int(drawn[0].kept_N.sum())}
    assert len({tuple(one.kept_N) for one in drawn}) > 1
    assert (chosen(SOFT, filter="random", keep=keep, seed=3).kept_N == drawn[3].kept_N).all()


@pytest.mark.parametrize("kind", ["confidence", "random"])
def test_rows_that_the_teacher_did_not_answer_are_neither_counted_nor_drawn(kind: str) -> None:
    soft = pool(0.6, 0.99, 0.7, 0.85, 0.9, 0.55)
    assert isinstance(soft.outputs, ModelOutputs)
    soft.outputs.values_UC[[1, 4]] = np.nan
    found = chosen(soft, filter=kind, keep=1.0)
    assert (found.num_asked, np.flatnonzero(found.kept_N).tolist()) == (4, [0, 2, 3, 5])


@pytest.mark.parametrize("kind", ["confidence", "random"])
def test_rows_with_a_gold_label_stay_and_count_in_no_share(kind: str) -> None:
    found = chosen(SOFT, gold=(0, 5), filter=kind, keep=0.5)
    assert found.kept_N[[0, 5]].all()
    assert (found.num_asked, found.num_passed, int(found.kept_N.sum())) == (4, 2, 4)


def test_a_share_keeps_at_least_one_row() -> None:
    assert chosen(SOFT, filter="confidence", keep=0.01).num_passed == 1


@pytest.mark.parametrize("settings", [{"filter": "confidence", "keep": 0.5}, {"filter": "random"}])
def test_a_teacher_that_is_not_calibrated_cannot_be_filtered(settings: dict[str, Any]) -> None:
    with pytest.raises(NotCalibrated, match=r"Score again with a labelled data\.dev"):
        chosen(pool(0.9, 0.8, dev=None), **settings)


def test_a_random_share_needs_no_calibration() -> None:
    assert chosen(pool(0.9, 0.8, dev=None), filter="random", keep=0.5).num_passed == 1


def test_a_threshold_that_nothing_reaches_is_told() -> None:
    with pytest.raises(NoRowsPass, match=r"none of 2 pseudo-labels has the confidence 0\.8000"):
        chosen(pool(0.6, 0.7), filter="confidence")


def test_a_teacher_that_is_right_where_it_is_sure_gets_a_threshold() -> None:
    confidence = np.linspace(0.5, 1.0, 400, dtype=np.float64)
    found = best_threshold(confidence_N=confidence, accuracy_N=(confidence > 0.7).astype(float), num_choices=2)
    assert found.confidence == pytest.approx(0.7, abs=0.02)
    assert found.accuracy_low < found.accuracy <= 1


def test_a_teacher_that_is_always_right_keeps_everything() -> None:
    confidence = np.linspace(0.5, 1.0, 50, dtype=np.float64)
    assert best_threshold(confidence_N=confidence, accuracy_N=np.ones(50), num_choices=3).share == 1


def test_rows_of_equal_confidence_pass_together() -> None:
    found = best_threshold(confidence_N=np.full(4, 0.9), accuracy_N=np.array([1.0, 1, 1, 0]), num_choices=2)
    assert (found.share, found.accuracy) == (1.0, 0.75)


@pytest.mark.parametrize(("share", "count", "low"), [(1.0, 10, 0.787), (0.5, 100, 0.419), (0.0, 5, 0.0)])
def test_the_lower_bound_is_wilsons(share: float, count: int, low: float) -> None:
    assert wilson_low(share, count) == pytest.approx(low, abs=0.001)
