import numpy as np
import pytest

from training.data import UNSEEN, ModelOutputs
from training.serving.exporting import TOLERANCE, largest_difference


def outputs(*rows: list[float]) -> ModelOutputs:
    return ModelOutputs.one_per_row(np.array(rows, dtype=np.float32))


def test_large_outputs_may_differ_by_more() -> None:
    assert largest_difference(outputs([1.0, 0.5]), outputs([1.0, 0.25])) == 0.25
    assert largest_difference(outputs([100.0, 0.5]), outputs([100.0, 0.25])) == pytest.approx(0.0025)


def test_what_no_model_sees_is_equal() -> None:
    unseen = [float(UNSEEN), float(UNSEEN)]
    assert largest_difference(outputs(unseen, [1.0, 2.0]), outputs(unseen, [1.0, 2.0])) == 0


@pytest.mark.parametrize("value", [np.nan, UNSEEN])
def test_what_only_one_model_says_is_no_agreement(value: float) -> None:
    assert not largest_difference(outputs([value, 1.0]), outputs([1.0, 1.0])) <= TOLERANCE
