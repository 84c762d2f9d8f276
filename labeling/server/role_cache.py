"""People's roles as Fulcrum last told them: asked again every few seconds, remembered in between.

When Fulcrum does not answer, its last answer holds for a short grace; after that nobody gets in. Knows nothing of Label
Studio: how Fulcrum is asked, and the clock, are given.
"""

import logging
import time
from collections.abc import Callable
from dataclasses import dataclass

logger = logging.getLogger(__name__)
# So that a flood of entries cannot fill the memory.
MOST_REMEMBERED = 10_000

Ask = Callable[[str, str], str]


class FulcrumSilent(Exception):
    """Fulcrum does not answer, or not in a way that can be trusted."""


@dataclass(frozen=True, kw_only=True)
class _Known:
    role: str
    answered_at: float
    asked_at: float


class RoleCache:
    """Roles by person and session.

    Parameters: `ask` answers a role for an e-mail address and a session's reference, or raises FulcrumSilent;
    `seconds` is how long an answer is not asked for again, `grace` how long it holds while Fulcrum is silent.
    """

    def __init__(self, *, ask: Ask, seconds: float, grace: float, clock: Callable[[], float] = time.monotonic) -> None:
        self._ask, self._seconds, self._grace, self._clock = ask, seconds, grace, clock
        self._known: dict[tuple[str, str], _Known] = {}

    def role(self, *, email: str, session: str) -> str:
        """Return a person's role now, empty for none. Raises: FulcrumSilent."""
        key, now = (email.lower(), session), self._clock()
        known = self._known.get(key)
        if known is not None and now - known.asked_at < self._seconds:
            return known.role
        try:
            role = self._ask(*key)
        except FulcrumSilent as error:
            if known is None or now - known.answered_at > self._grace:
                raise
            logger.warning("%s Its last answer, of %.0f seconds ago, holds.", error, now - known.answered_at)
            # Not asked again at once: each request would wait for it.
            self._known[key] = _Known(role=known.role, answered_at=known.answered_at, asked_at=now)
            return known.role
        if len(self._known) >= MOST_REMEMBERED:
            self._known.clear()
        self._known[key] = _Known(role=role, answered_at=now, asked_at=now)
        return role
