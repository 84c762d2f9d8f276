import numpy as np
import pytest

from tests.unit.training.fewshot.evidence import judge_of, make
from training.fewshot import choose
from training.fewshot.model_selection import FEWEST_DEV, LabelledUnits


@pytest.mark.parametrize(("num_dev", "judged_on"), [(FEWEST_DEV, "dev"), (FEWEST_DEV - 1, "folds")])
def test_dev_judges_from_its_fewest_rows_on(num_dev: int, judged_on: str) -> None:
    made = make()
    gold_N = made.test_gold_N[:num_dev]
    dev = LabelledUnits(
        features_NF=made.test_NF[:num_dev], targets_NC=np.eye(4)[gold_N], judge=judge_of(gold_N, num_labels=4)
    )
    choice = choose(evidence=made.evidence, judge=made.judge, dev=dev)
    assert choice.judged_on == judged_on
    assert choice.held_out_NC is not None and choice.held_out_NC.shape == made.evidence.targets_NC.shape
