"""What every method begins with."""

from training.compute import Compute, prepare_compute
from training.evaluation import with_similarity
from training.job import Job
from training.models import can_write
from training.runtime import PermanentFailure
from training.tasks import TOKEN, TaskType, task_type_named


class TeacherUnfit(PermanentFailure):
    """A student cannot learn from what its teacher gave."""


def prepare(job: Job) -> tuple[Compute, TaskType]:
    """Prepare the device and look the task type up, as the spec's checkpoint answers it: in writing or by marks.

    Raises: DeviceMissing, TaskTypeUnknown, PretrainedMissing, PretrainedUnusable, SimilarityModelMissing.
    """
    spec = job.spec
    task_type = task_type_named(name=spec.task_type, metric=spec.evaluation.metric)
    compute = prepare_compute(
        device=spec.device, precision=spec.training.precision, num_threads=spec.num_threads, seed=spec.seed
    )
    if task_type.is_written and spec.model is not None:
        task_type = task_type.answered_by(writes=can_write(spec.model))
    metric = spec.evaluation.metric
    return compute, with_similarity(task_type=task_type, metric=metric, compute=compute, stop=job.stop)


def check_answers_alike(task_type: TaskType, segmentation: str) -> None:
    """Raise TeacherUnfit where one of teacher and student writes answers and the other marks them."""
    marks = task_type.unit == TOKEN
    if marks != (segmentation == TOKEN):
        how = (
            "marks answers in passages, and its teacher wrote them"
            if marks
            else "writes answers, and its teacher marked them"
        )
        raise TeacherUnfit(
            f"data.soft_labels: the student {how}. Take a teacher and a student that both write, or two encoders."
        )
