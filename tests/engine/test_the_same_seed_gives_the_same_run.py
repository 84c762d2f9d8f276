import json

from tests.tiny_runs import EVERY_LABELLED_TYPE, RunFolder, carry_out
from training.tasks import TaskType


@EVERY_LABELLED_TYPE
def test_the_same_seed_gives_the_same_artifact(run_folder: RunFolder, task_type: TaskType) -> None:
    first = carry_out(run_folder("first", task_type=task_type.name))
    second = carry_out(run_folder("second", task_type=task_type.name))
    assert first["artifact_hash"] == second["artifact_hash"]
    assert first["metrics"] == second["metrics"]


def test_another_seed_gives_another_student(run_folder: RunFolder) -> None:
    first, second = run_folder("first"), run_folder("second", seed=4)
    carry_out(first), carry_out(second)
    one, two = (folder / "artifact" / "predictions.jsonl" for folder in (first, second))
    assert json.loads(one.read_text().splitlines()[0]) != json.loads(two.read_text().splitlines()[0])
