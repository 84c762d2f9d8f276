from tests.tiny_runs import EVERY_LABELLED_TYPE, RunFolder, carry_out, examples, write_dataset
from training.tasks import TaskType


@EVERY_LABELLED_TYPE
def test_a_student_learns_eight_examples_by_heart(run_folder: RunFolder, task_type: TaskType) -> None:
    training = {"steps": 80, "batch_size": 8, "learning_rate": 3e-3}
    data = {"train": "data/eight", "test": "data/eight"}
    folder = run_folder(task_type=task_type.name, training=training, data=data)
    write_dataset(folder / "data" / "eight", examples(task_type.name, 8))
    assert carry_out(folder)["metrics"]["test"]["accuracy"]["value"] == 1.0
