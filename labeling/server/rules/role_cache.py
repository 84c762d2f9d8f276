"""A cache of people's roles, which Fulcrum is asked for again every few seconds.

When Fulcrum does not answer, its last answer holds for a short grace period; after that nobody gets in.
"""

import logging
import time
from collections.abc import Callable
from dataclasses import dataclass

logger = logging.getLogger(__name__)
# Bounds the memory.
MAX_ENTRIES = 10_000

Ask = Callable[[str, str], str]


class FulcrumUnreachable(Exception):
    """Fulcrum does not answer, or its answer cannot be trusted."""


@dataclass(frozen=True, kw_only=True)
class _CachedRole:
    role: str
    answered_at: float
    asked_at: float


class RoleCache:
    """Roles by e-mail address and session's reference.

    Parameters: `seconds` how long an answer of `ask` is used before Fulcrum is asked again; `grace` how many seconds
    it is used at most while Fulcrum does not answer.
    """

    def __init__(self, *, ask: Ask, seconds: float, grace: float, clock: Callable[[], float] = time.monotonic) -> None:
        self._ask, self._seconds, self._grace, self._clock = ask, seconds, grace, clock
        self._cached: dict[tuple[str, str], _CachedRole] = {}

    def role(self, *, email: str, session: str) -> str:
        """Return a person's role now, empty for none. Raises: FulcrumUnreachable."""
        key, now = (email.lower(), session), self._clock()
        known = self._cached.get(key)
        if known is not None and now - known.asked_at < self._seconds:
            return known.role
        try:
            role = self._ask(*key)
        except FulcrumUnreachable as error:
            if known is None or now - known.answered_at > self._grace:
                raise
            logger.warning("%s Its last answer, of %.0f seconds ago, holds.", error, now - known.answered_at)
            # Not asked again at once: each request would wait for the answer.
            self._cached[key] = _CachedRole(role=known.role, answered_at=known.answered_at, asked_at=now)
            return known.role
        if len(self._cached) >= MAX_ENTRIES:
            self._cached.clear()
        self._cached[key] = _CachedRole(role=role, answered_at=now, asked_at=now)
        return role
