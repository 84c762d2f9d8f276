"""What Celery does for studies. A message lost or doubled changes nothing: the rows say what is to be done."""

from celery import shared_task

from studies.imports import carry_out_job, enqueue, lost_jobs


@shared_task(name="studies.tasks.read_upload", ignore_result=True)  # type: ignore[untyped-decorator]  # Celery has no types
def read_upload(*, job_id: int) -> None:
    """Read or import a large upload. Delivered at least once, or made up by the schedule."""
    carry_out_job(job_id=job_id)


@shared_task(name="studies.tasks.follow_uploads", ignore_result=True)  # type: ignore[untyped-decorator]  # as above
def follow_uploads() -> None:
    """Send anew what nobody is at. Sent by the schedule; one that is lost is made up by the next."""
    for job in lost_jobs():
        enqueue(job)
