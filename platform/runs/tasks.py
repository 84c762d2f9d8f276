"""What Celery runs. The rows decide: a message lost, late or doubled changes nothing."""

from celery import shared_task
from celery.signals import worker_shutting_down

from runs import operations, shutdown

worker_shutting_down.connect(shutdown.announce)


@shared_task(name="runs.tasks.supervise", ignore_result=True)  # type: ignore[untyped-decorator]  # Celery has no types
def supervise(*, run_id: int) -> None:
    """Carry out one attempt of a run. Delivered at least once, by the sweep too; acknowledged before it starts."""
    operations.supervise(run_id=run_id)


@shared_task(name="runs.tasks.sweep", ignore_result=True)  # type: ignore[untyped-decorator]  # as above
def sweep() -> None:
    """Recover lost runs. Delivered every few seconds, at most once each; one that is lost is made up by the next."""
    operations.sweep()
