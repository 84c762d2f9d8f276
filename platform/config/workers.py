"""The workers for everything but runs, forked from one process: `python -m config.workers`.

That process loads the application once, so that a worker takes a tenth of the memory of a separate one. Each has its
own queues: a task that hangs in one blocks no other.
"""

import os
import sys
from collections.abc import Callable
from dataclasses import dataclass

from config.celery import CHORES, LABELING_JOBS, NOTICES, SWEEPS, SYNC, app
from config.loaded import leave_out_of_collection, load_everything
from embedded.processes import Forks

GRACE_SECONDS = 8.0


@dataclass(frozen=True, kw_only=True)
class Worker:
    """One Celery worker: its queues, and how many tasks it runs at once."""

    name: str
    queues: tuple[str, ...]
    num_processes: int = 2


WORKERS = (
    # Of its two processes, one may be busy with stops, which ask Label Studio.
    Worker(name="worker-sweeps", queues=(SWEEPS,)),
    Worker(name="worker-sync", queues=(SYNC,)),
    # A language model answers for minutes.
    Worker(name="worker-labeling-jobs", queues=(LABELING_JOBS,)),
    Worker(name="worker-notices", queues=(NOTICES, CHORES)),
)


def _job(worker: Worker) -> Callable[[], int]:
    arguments = [
        *("worker", "--queues", ",".join(worker.queues), "--concurrency", str(worker.num_processes)),
        *("--hostname", f"{worker.name}@%h", "--loglevel", "INFO"),
    ]

    def work() -> int:
        try:
            app.worker_main(arguments)
        except SystemExit as ended:
            return ended.code if isinstance(ended.code, int) else 1
        return 0

    return work


def main() -> int:
    import django

    os.umask(0o077)
    django.setup()
    app.loader.import_default_modules()
    load_everything()
    leave_out_of_collection()
    return Forks(jobs=[_job(worker) for worker in WORKERS], grace_seconds=GRACE_SECONDS).run()


if __name__ == "__main__":
    sys.exit(main())
