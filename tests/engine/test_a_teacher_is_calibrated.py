import json
from pathlib import Path

import numpy as np
import pytest
from sklearn.metrics import log_loss

from tests.tiny_runs import EVERY_LABELLED_TYPE, RunFolder, carry_out
from training.data import UNSEEN, ModelOutputs
from training.distil import calibrate, decisions_of, row_accuracy, row_confidence
from training.distil.calibration import Decisions, fit_temperature, log_confidence, reliability
from training.tasks import TASK_TYPES, TaskType


def drawn(temperature: float, *, count: int = 4000, choices: int = 4) -> Decisions:
    """Give decisions whose gold choices are drawn by the softmax of their logits over a temperature."""
    rng = np.random.default_rng(7)
    logits = rng.normal(scale=2.0, size=(count, choices)).astype(np.float32)
    noise = rng.gumbel(size=logits.shape)
    return Decisions(
        logits_DK=logits,
        row_D=np.arange(count),
        num_rows=count,
        target_D=(logits / temperature + noise).argmax(axis=1),
    )


@pytest.mark.parametrize("temperature", [0.5, 1.0, 3.0])
def test_the_temperature_that_gold_was_drawn_at_is_found(temperature: float) -> None:
    assert fit_temperature(drawn(temperature)) == pytest.approx(temperature, rel=0.06)


def test_an_overconfident_teacher_is_mended() -> None:
    found = calibrate(drawn(3.0))
    assert found.nll_after < found.nll_before
    assert found.ece_after < 0.03 < 0.1 < found.ece_before
    assert sum(one.count for one in found.bins) == found.num_decisions == 4000


def test_the_likelihood_agrees_with_scikit_learn() -> None:
    decisions = drawn(2.0, count=50)
    shares = np.exp(decisions.logits_DK) / np.exp(decisions.logits_DK).sum(axis=1, keepdims=True)
    assert calibrate(decisions).nll_before == pytest.approx(log_loss(decisions.target_D, shares, labels=range(4)))


def test_a_teacher_that_is_always_right_gets_the_least_temperature_and_stays_finite() -> None:
    logits = np.array([[5.0, 0.0], [0.0, 5.0]], dtype=np.float32)
    found = calibrate(Decisions(logits_DK=logits, row_D=np.arange(2), num_rows=2, target_D=np.array([0, 1])))
    assert found.temperature == pytest.approx(0.05)
    assert found.nll_after == pytest.approx(0.0)


def test_bins_hold_means_of_what_falls_into_them() -> None:
    confidence, right = np.array([0.52, 0.53, 0.99]), np.array([True, False, True])
    first, second = reliability(confidence_D=confidence, right_D=right)
    assert (first.count, first.confidence, first.accuracy) == (2, pytest.approx(0.525), 0.5)
    assert (second.low, second.high, second.count) == (pytest.approx(14 / 15, abs=1e-6), 1.0, 1)


def test_blocks_change_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    whole = calibrate(drawn(2.0, count=100))
    monkeypatch.setattr("training.distil.calibration.DECISIONS_PER_BLOCK", 28)
    found = calibrate(drawn(2.0, count=100))
    assert (found.temperature, found.nll_after) == pytest.approx((whole.temperature, whole.nll_after))
    assert [one.count for one in found.bins] == [one.count for one in whole.bins]


def test_each_label_of_several_is_a_decision_of_two_outcomes() -> None:
    task_type = TASK_TYPES["multi_label_classification"]
    outputs = ModelOutputs.one_per_row(np.array([[2.0, -1.0]], dtype=np.float32))
    decisions = decisions_of(task_type=task_type, outputs=outputs, target=np.array([[1.0, 1.0]]))
    sure = 1 / (1 + np.exp(-np.array([2.0, 1.0])))
    np.testing.assert_allclose(np.exp(log_confidence(decisions, temperature=1.0)), sure)
    assert row_confidence(decisions, temperature=1.0) == pytest.approx([np.sqrt(sure.prod())])
    assert row_accuracy(decisions).tolist() == [0.5]


def test_words_that_a_teacher_did_not_see_are_no_decisions() -> None:
    values = np.array([[0, 0, 3], [UNSEEN] * 3, [UNSEEN] * 3], dtype=np.float32)
    outputs = ModelOutputs(values_UC=values, bounds=np.array([0, 2, 3]))
    decisions = decisions_of(task_type=TASK_TYPES["entity_extraction"], outputs=outputs)
    assert decisions.row_D.tolist() == [0]
    assert row_confidence(decisions, temperature=1.0)[1] == 0.0


def test_a_teacher_without_any_number_on_dev_has_scored_all_the_same(
    run_folder: RunFolder, teacher: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    nothing = ModelOutputs.one_per_row(np.full((10, 2), np.nan, dtype=np.float32))
    monkeypatch.setattr("training.evaluation.outputs.predict_logits", lambda **_: nothing)
    data = {"unlabelled": "data/unlabelled", "dev": "data/dev"}
    result = carry_out(run_folder("scoring", kind="score", teacher_artifact=str(teacher), data=data))
    assert (result["calibration"], result["num_pseudo_labels"]) == (None, 30)
    assert "not calibrated" in capsys.readouterr().out


@EVERY_LABELLED_TYPE
def test_a_scoring_with_dev_says_how_sure_its_teacher_may_be(run_folder: RunFolder, task_type: TaskType) -> None:
    name = task_type.name
    teacher = run_folder("teacher", task_type=name, training={"steps": 20})
    carry_out(teacher)
    data = {"unlabelled": "data/unlabelled", "dev": "data/dev"}
    folder = run_folder("scoring", task_type=name, kind="score", teacher_artifact=str(teacher / "artifact"), data=data)
    calibration = carry_out(folder)["calibration"]
    assert calibration["nll_after"] <= calibration["nll_before"]
    assert calibration["num_examples"] == 10
    assert 0 < calibration["threshold"]["share"] <= 1
    stored = json.loads((folder / "soft_labels" / "soft_labels.json").read_text())
    assert stored["calibration"] == json.loads(json.dumps(calibration))


def test_without_dev_a_teacher_is_not_calibrated(run_folder: RunFolder, teacher: Path) -> None:
    folder = run_folder("scoring", kind="score", teacher_artifact=str(teacher), data={"unlabelled": "data/unlabelled"})
    assert carry_out(folder)["calibration"] is None
