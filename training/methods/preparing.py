"""What every method begins with."""

from training.compute import Compute, prepare_compute
from training.job import Job
from training.models import can_write
from training.tasks import TaskType, task_type_named


def prepare(job: Job) -> tuple[Compute, TaskType]:
    """Prepare the device and look the task type up, as the spec's checkpoint answers it: in writing or by marks.

    Raises: DeviceMissing, TaskTypeUnknown, PretrainedMissing, PretrainedUnusable.
    """
    spec = job.spec
    task_type = task_type_named(name=spec.task_type, metric=spec.evaluation.metric)
    compute = prepare_compute(
        device=spec.device, precision=spec.training.precision, num_threads=spec.num_threads, seed=spec.seed
    )
    if task_type.is_written and spec.model is not None:
        task_type = task_type.answered_by(writes=can_write(spec.model))
    return compute, task_type
