from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.tiny_runs import RunFolder, carry_out
from training.data import ModelOutputs
from training.methods.distilling.distillation import TeacherAnsweredNothing


@pytest.mark.parametrize("gold_weight", [0.0, 1.0])
def test_a_student_of_such_a_teacher_is_refused_and_leaves_no_artifact(
    run_folder: RunFolder, teacher: Path, monkeypatch: pytest.MonkeyPatch, gold_weight: float
) -> None:
    def nothing(*, rows: Any, **_: Any) -> ModelOutputs:
        return ModelOutputs.one_per_row(np.full((len(rows), 2), np.nan, dtype=np.float32))

    monkeypatch.setattr("training.methods.scoring.predict_logits", nothing)
    scoring = run_folder("scoring", kind="score", teacher_artifact=str(teacher), data={"unlabelled": "data/unlabelled"})
    carry_out(scoring)
    data = {"soft_labels": str(scoring / "soft_labels"), "train": "data/train", "test": "data/test"}
    student = run_folder("student", kind="distil", data=data, training={"steps": 4, "gold_weight": gold_weight})
    with pytest.raises(TeacherAnsweredNothing, match="no answer to any of 30 rows"):
        carry_out(student)
    assert not (student / "artifact").exists()
