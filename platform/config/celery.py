"""The Celery application. The broker is PGMQ in our own PostgreSQL, or Redis or RabbitMQ by BROKER_URL."""

import os
from typing import Any

from celery import Celery
from kombu.entity import Queue

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")

SHORT = "short"
RUNS = "runs"


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
        "visibility_timeout": 60,
    }


def configuration() -> dict[str, Any]:
    """Task routes, queues, schedule and broker, from Django's settings."""
    from django.conf import settings

    config: dict[str, Any] = {
        "task_queues": (Queue(SHORT), Queue(RUNS)),
        "task_default_queue": SHORT,
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
            "sweep-runs": {"task": "runs.tasks.sweep", "schedule": settings.SWEEP_SECONDS},
            "sync-labels": {"task": "labeling.tasks.sync_all", "schedule": settings.SYNC_SECONDS},
        },
    }
    if settings.BROKER_URL:
        config["broker_url"] = settings.BROKER_URL
        if settings.BROKER_URL.startswith("redis"):
            config["broker_transport_options"] = {"visibility_timeout": 60, "unacked_restore_interval": 1}
    else:
        config["broker_url"] = "pgmq://"
        config["broker_transport_options"] = pgmq_options(settings.DATABASES["default"])
    return config


app = Celery("fulcrum")
app.add_defaults(configuration)
app.autodiscover_tasks()
