"""The Celery application. The broker is PGMQ in our own PostgreSQL, or Redis or RabbitMQ by BROKER_URL."""

import os
from typing import Any

from celery import Celery
from celery.signals import worker_init
from kombu.entity import Queue

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
# `migrate`, which comes before every start, does Django's checks; they would bring all pages into each worker.
os.environ.setdefault("CELERY_SKIP_CHECKS", "1")

# Tasks that wait for an external server have queues and workers of their own (see config.workers).
RUNS = "runs"
SWEEPS = "sweeps"
SYNC = "sync"
NOTICES = "notices"
CHORES = "chores"
LABELING_JOBS = "labeling_jobs"
_QUEUES = (RUNS, SWEEPS, SYNC, NOTICES, CHORES, LABELING_JOBS)
_ROUTES = {
    "runs.tasks.supervise": RUNS,
    "runs.tasks.sweep": SWEEPS,
    "runs.tasks.carry_out_labeling_job": LABELING_JOBS,
    "runs.tasks.follow_labeling_jobs": SWEEPS,
    "labeling.tasks.follow_stops": SWEEPS,
    "labeling.tasks.sync_all": SYNC,
    "labeling.tasks.sync_project": SYNC,
    "notices.tasks.deliver": NOTICES,
    "reports.tasks.step_autopilot": SYNC,
}
# Soft limits in seconds of periodic tasks: far above what one round takes, since each call in it has its own deadline.
# A run's task has no limit: a run may take days.
_LIMITS = {
    "runs.tasks.sweep": 300,
    # It stops asking after five minutes, and waits for what is in flight: ten minutes at most, and a busy minute.
    "runs.tasks.carry_out_labeling_job": 1_200,
    "runs.tasks.follow_labeling_jobs": 60,
    "labeling.tasks.follow_stops": 600,
    "labeling.tasks.sync_all": 1_800,
    "labeling.tasks.sync_project": 900,
    "notices.tasks.deliver": 60,
    "budgets.tasks.tell_forecasts": 600,
    "studies.tasks.follow_uploads": 60,
    "studies.tasks.read_upload": 3_600,
    "reports.tasks.write_card": 600,
    "reports.tasks.refresh_cards": 1_800,
    "reports.tasks.recommend": 300,
    "reports.tasks.step_autopilot": 300,
    "reports.tasks.step_autopilots": 60,
    "web.tasks.prune": 1_800,
}
# From the soft limit until the process is killed.
_SECONDS_TO_END = 30
UPLOAD_SECONDS = 10
LABELING_JOB_SECONDS = 30


def pgmq_options(database: dict[str, Any]) -> dict[str, Any]:
    """Connect by key=value text: kombu drops a URL's query part, and the socket folder with it."""
    parts = {
        "dbname": database["NAME"],
        "user": database["USER"],
        "password": database["PASSWORD"],
        "host": database["HOST"] or database["OPTIONS"].get("host", ""),
        "port": database["PORT"],
    }
    escaped = {key: str(value).replace("\\", r"\\").replace("'", r"\'") for key, value in parts.items() if value}
    return {
        "conn_string": " ".join(f"{key}='{value}'" for key, value in escaped.items()),
        # The tables come from a migration, so no superuser is needed here.
        "init_extension": False,
        "use_notify": True,
        "notify_throttle_interval_ms": 0,
        "pool_size": 2,
        "polling_interval": 0.2,
        "visibility_timeout": 60,
    }


def configuration() -> dict[str, Any]:
    """Task routes, queues, schedule and broker, from Django's settings."""
    from django.conf import settings

    config: dict[str, Any] = {
        "task_queues": tuple(Queue(name, routing_key=name) for name in _QUEUES),
        "task_default_queue": CHORES,
        "task_routes": {task: {"queue": queue, "routing_key": queue} for task, queue in _ROUTES.items()},
        "task_annotations": {
            task: {"soft_time_limit": seconds, "time_limit": seconds + _SECONDS_TO_END}
            for task, seconds in _LIMITS.items()
        },
        "task_ignore_result": True,
        "task_serializer": "json",
        "accept_content": ["json"],
        "worker_enable_remote_control": False,
        "worker_send_task_events": False,
        "worker_prefetch_multiplier": 1,
        "worker_hijack_root_logger": False,
        "broker_connection_retry_on_startup": True,
        "timezone": "UTC",
        "beat_schedule": {
            "sweep-runs": _every(settings.SWEEP_SECONDS, "runs.tasks.sweep"),
            "follow-stops": _every(settings.STOP_SECONDS, "labeling.tasks.follow_stops"),
            "sync-labels": _every(settings.SYNC_SECONDS, "labeling.tasks.sync_all"),
            "deliver-notices": _every(settings.NOTICE_SECONDS, "notices.tasks.deliver"),
            "follow-labeling-jobs": _every(LABELING_JOB_SECONDS, "runs.tasks.follow_labeling_jobs"),
            "follow-uploads": _every(UPLOAD_SECONDS, "studies.tasks.follow_uploads"),
            "tell-forecasts": _every(3600, "budgets.tasks.tell_forecasts"),
            "refresh-cards": _every(3600, "reports.tasks.refresh_cards"),
            "step-autopilots": _every(settings.AUTOPILOT_SECONDS, "reports.tasks.step_autopilots"),
            "prune": _every(86_400, "web.tasks.prune"),
        },
    }
    if settings.BROKER_URL:
        config["broker_url"] = settings.BROKER_URL
        if settings.BROKER_URL.startswith("redis"):
            config["broker_transport_options"] = {"visibility_timeout": 60, "unacked_restore_interval": 1}
    else:
        # kombu wants a URL; the address is in the options.
        config["broker_url"] = "pgmq://localhost"
        config["broker_transport_options"] = pgmq_options(settings.DATABASES["default"])
    return config


def _every(seconds: int, task: str) -> dict[str, Any]:
    """A periodic task; its message expires when the next one is due."""
    return {"task": task, "schedule": seconds, "options": {"expires": seconds}}


@worker_init.connect  # type: ignore[untyped-decorator]  # Celery has no types
def _send_no_events(sender: Any, **_: Any) -> None:
    """Nothing here reads workers' events, and sending them over PGMQ calls `send_topic`, which our tables lack."""
    sender.options.update(without_heartbeat=True, without_gossip=True, without_mingle=True)


app = Celery("fulcrum")
app.add_defaults(configuration)
app.autodiscover_tasks()
