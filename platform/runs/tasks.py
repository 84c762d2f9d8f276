"""Celery's tasks and worker hooks. The rows decide: a message lost, late or doubled changes nothing."""

import threading
from importlib import import_module
from typing import Any

from celery import shared_task
from celery.signals import celeryd_after_setup, worker_process_init, worker_shutting_down

from runs import prompting, supervision
from runs.execution import QUEUE, keep_one_ready

worker_shutting_down.connect(supervision.announce)


@celeryd_after_setup.connect  # type: ignore[untyped-decorator]  # Celery has no types
def _get_ready(instance: Any, **_: Any) -> None:
    """Only workers that carry out runs keep a trainer ready, each pool process its own."""
    if QUEUE in instance.app.amqp.queues.consume_from:
        worker_process_init.connect(_keep_one_ready)


def _keep_one_ready(**_: Any) -> None:
    keep_one_ready()
    # What writes a run's data takes a second to import. In a thread: Celery gives up on a process that begins slowly.
    threading.Thread(target=import_module, args=("datasets",), name="imports", daemon=True).start()


@shared_task(name="runs.tasks.supervise", ignore_result=True)  # type: ignore[untyped-decorator]  # Celery has no types
def supervise(*, run_id: int) -> None:
    """Carry out one attempt of a run. Delivered at least once, by the sweep too; acknowledged before it starts."""
    try:
        supervision.supervise(run_id=run_id)
    finally:
        keep_one_ready()


@shared_task(name="runs.tasks.sweep", ignore_result=True)  # type: ignore[untyped-decorator]  # as above
def sweep() -> None:
    """Recover lost runs. Delivered every few seconds, at most once each; one that is lost is made up by the next."""
    supervision.sweep()


@shared_task(name="runs.tasks.carry_out_labeling_job", ignore_result=True)  # type: ignore[untyped-decorator]  # as above
def carry_out_labeling_job(*, job_id: int) -> None:
    """Buy answers of a labelling job, for some minutes. Delivered at least once, or made up for by the schedule."""
    prompting.carry_out_labeling_job(job_id=job_id)


@shared_task(name="runs.tasks.follow_labeling_jobs", ignore_result=True)  # type: ignore[untyped-decorator]  # as above
def follow_labeling_jobs() -> None:
    """Send labelling jobs without a worker again. Sent by the schedule; a lost one is made up for by the next."""
    prompting.follow_labeling_jobs()
