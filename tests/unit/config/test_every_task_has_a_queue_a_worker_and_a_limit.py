from config.celery import CHORES, RUNS, app, configuration
from config.workers import WORKERS
from embedded.services import NUM_WORKERS

# A run may take days, and its worker is a service of its own.
WITHOUT_LIMIT = {"runs.tasks.supervise"}


def _tasks() -> set[str]:
    app.loader.import_default_modules()
    return {name for name in app.tasks if not name.startswith("celery.")}


def test_every_queue_has_a_worker() -> None:
    queues = {queue.name for queue in configuration()["task_queues"]}
    assert queues == {RUNS, *(queue for worker in WORKERS for queue in worker.queues)}


def test_what_asks_strangers_shares_no_queue_with_sweeps() -> None:
    routes = {task: route["queue"] for task, route in configuration()["task_routes"].items()}
    asking = {routes[task] for task in ("labeling.tasks.sync_all", "notices.tasks.deliver")}
    assert len(asking) == 2
    assert routes["runs.tasks.sweep"] not in {*asking, RUNS, CHORES}


def test_every_task_but_a_run_has_a_limit_of_time() -> None:
    limits = configuration()["task_annotations"]
    assert _tasks() - set(limits) == WITHOUT_LIMIT
    assert all(limit["time_limit"] > limit["soft_time_limit"] for limit in limits.values())


def test_the_supervisor_waits_for_every_worker() -> None:
    assert len(WORKERS) == NUM_WORKERS
