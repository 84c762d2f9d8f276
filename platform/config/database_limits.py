"""Time limits on statements, locks and idle transactions, and the messages when one is exceeded."""

from typing import NamedTuple

from django.core.exceptions import ImproperlyConfigured
from django.db import OperationalError
from psycopg import errors

from config import env


class DatabaseLimits(NamedTuple):
    """Seconds for one statement, for a wait for somebody's lock, and idle inside a transaction; 0 is no limit."""

    statement_seconds: int
    lock_seconds: int
    idle_seconds: int

    def options(self) -> str:
        limits = {
            "statement_timeout": self.statement_seconds,
            "lock_timeout": self.lock_seconds,
            "idle_in_transaction_session_timeout": self.idle_seconds,
        }
        return " ".join(f"-c {name}={seconds * 1000}" for name, seconds in limits.items())


def read(name: str, default: tuple[int, int, int]) -> DatabaseLimits:
    """Read three numbers with commas between from the environment. Raises: ImproperlyConfigured."""
    seconds = env.numbers(name, default)
    if len(seconds) != 3:
        raise ImproperlyConfigured(f"{name}: give three numbers, for a statement, a lock and an idle transaction.")
    return DatabaseLimits(*seconds)


def in_words(error: OperationalError) -> str:
    """Say what a person can do about an exceeded limit; empty for any other error."""
    cause = error.__cause__
    if isinstance(cause, errors.LockNotAvailable):
        return "Somebody else is changing the same thing right now. Nothing was changed: try again in a moment."
    if isinstance(cause, errors.QueryCanceled):
        return "The database took too long for it and was stopped. Nothing was changed: ask for less at once."
    if isinstance(cause, errors.IdleInTransactionSessionTimeout):
        return "It stood still for too long and was ended. Nothing was changed: try again."
    return ""
