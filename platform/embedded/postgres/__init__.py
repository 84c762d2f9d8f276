"""The embedded PostgreSQL: it runs while some process holds it."""

from embedded.postgres.server import (
    APPLICATION,
    LABEL_STUDIO,
    LABEL_STUDIO_LIMITS,
    PORT,
    PostgresUnavailable,
    database_url,
    is_running,
    pid,
    restart_keeper,
    running,
    socket_folder,
)

__all__ = [
    "APPLICATION",
    "LABEL_STUDIO",
    "LABEL_STUDIO_LIMITS",
    "PORT",
    "PostgresUnavailable",
    "database_url",
    "is_running",
    "pid",
    "restart_keeper",
    "running",
    "socket_folder",
]
