"""What Celery does for the whole of the platform."""

from celery import shared_task

from web import pruning


@shared_task(name="web.tasks.prune", ignore_result=True)  # type: ignore[untyped-decorator]  # Celery has no types
def prune() -> None:
    """Remove what nobody needs any more. Sent by the schedule; one that is lost is made up by the next."""
    pruning.prune()
