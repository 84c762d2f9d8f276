import json
from pathlib import Path
from typing import Any

import pytest

from tests.engine.test_a_stopped_run_resumes_bit_for_bit import stop_once
from tests.tiny_runs import RunFolder, carry_out

DATA = {"dev": "data/dev", "test": "data/test"}
SEEDS = (4, 9)
TRAINING = {"steps": 16, "learning_rate": 5e-3}


@pytest.fixture
def soft_labels(run_folder: RunFolder, teacher: Path) -> dict[int, str]:
    """What two teachers say of the same rows, by seed."""
    other = run_folder("other", role="teacher", seed=SEEDS[1], training={"steps": 20})
    carry_out(other)
    found = {}
    for seed, artifact in zip(SEEDS, (teacher, other / "artifact"), strict=True):
        data = {"unlabelled": "data/unlabelled"}
        folder = run_folder(f"scored-{seed}", kind="score", model=None, teacher_artifact=str(artifact), data=data)
        carry_out(folder)
        found[seed] = str(folder / "soft_labels")
    return found


def answers(folder: Path, place: int | None = None) -> list[str]:
    """What the saved model says of test, or that of one of several seeds."""
    name = "predictions.jsonl" if place is None else "seed_predictions.jsonl"
    lines = (folder / "artifact" / name).read_text().splitlines()
    told = [json.loads(line)["predicted"] for line in lines]
    return told if place is None else [of_seeds[place] for of_seeds in told]


def trial(result: dict[str, Any], place: int) -> tuple[object, ...]:
    return tuple(result["seeds"][place][name] for name in ("seed", "dev", "best_step", "num_steps"))


def test_a_student_is_the_one_that_its_own_teacher_makes_from_its_seed(
    run_folder: RunFolder, soft_labels: dict[int, str]
) -> None:
    teachers = [{"seed": seed, "soft_labels": folder} for seed, folder in soft_labels.items()]
    together = run_folder(
        "together", kind="distil", training=TRAINING, data=DATA, teachers=teachers, search={"num_seeds": 2}
    )
    whole = carry_out(together)
    assert (whole["num_teachers"], whole["metrics"]["test"]["interval_over"]) == (2, ["examples", "seeds", "teachers"])
    assert "over examples, students' seeds and teachers' seeds" in (together / "artifact" / "README.md").read_text()
    assert answers(together, 0) != answers(together, 1)
    for place, (seed, soft) in enumerate(soft_labels.items()):
        alone = run_folder(
            f"alone-{seed}", kind="distil", training=TRAINING, data={**DATA, "soft_labels": soft}, seed=seed
        )
        result = carry_out(alone)
        assert result["num_teachers"] == 1
        assert trial(whole, place) == trial(result, 0)
        assert answers(together, place) == answers(alone)

    stopped = run_folder(
        "stopped", kind="distil", training=TRAINING, data=DATA, teachers=teachers, search={"num_seeds": 2}
    )
    stop_once(stopped, 24)
    assert len(list((stopped / "trials").glob("*.pt"))) == 1
    assert carry_out(stopped)["artifact_hash"] == whole["artifact_hash"]
