"""Celery tasks of studies. A lost or repeated message changes nothing: the rows say what to do."""

from celery import shared_task

from studies.imports import carry_out_job, enqueue, lost_jobs


@shared_task(name="studies.tasks.read_upload", ignore_result=True)  # type: ignore[untyped-decorator]  # Celery has no types
def read_upload(*, job_id: int) -> None:
    """Read or import a large upload. Delivered at least once, or made up for by the schedule."""
    carry_out_job(job_id=job_id)


@shared_task(name="studies.tasks.follow_uploads", ignore_result=True)  # type: ignore[untyped-decorator]  # as above
def follow_uploads() -> None:
    """Send jobs without a worker again. Sent by the schedule; a lost one is made up for by the next."""
    for job in lost_jobs():
        enqueue(job)
