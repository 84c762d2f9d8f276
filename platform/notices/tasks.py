"""What Celery does for notices. The rows decide: a message lost, late or doubled changes nothing."""

from celery import shared_task

from notices import operations


@shared_task(name="notices.tasks.deliver", ignore_result=True)  # type: ignore[untyped-decorator]  # Celery has no types
def deliver() -> None:
    """Send what is due. Sent after each notice and by the schedule; one that is lost is made up by the next."""
    operations.deliver_due()
