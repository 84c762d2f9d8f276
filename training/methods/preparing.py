"""What every method begins with."""

from training.compute import Compute, prepare_compute
from training.job import Job
from training.tasks import TaskType, task_type_named


def prepare(job: Job) -> tuple[Compute, TaskType]:
    """Prepare the device and look the task type up; raises DeviceMissing, TaskTypeUnknown."""
    spec = job.spec
    task_type = task_type_named(name=spec.task_type, metric=spec.evaluation.metric)
    compute = prepare_compute(
        device=spec.device, precision=spec.training.precision, num_threads=spec.num_threads, seed=spec.seed
    )
    return compute, task_type
