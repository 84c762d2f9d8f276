"""The result of one check before a start."""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from config.refusals import Refusal

_NAMES_IN_MESSAGE = 5


class PreflightRefused(Refusal):
    """A run cannot work as requested; the message says why and how to correct it."""


class CheckLevel(StrEnum):
    GOOD = "good"
    UNKNOWN = "unknown"
    WARNING = "warning"
    REFUSED = "refused"


@dataclass(frozen=True)
class CheckResult:
    topic: str
    level: CheckLevel
    text: str


def refuse(results: Iterable[CheckResult]) -> None:
    """Raise PreflightRefused with all that cannot work, if anything cannot."""
    texts = [result.text for result in results if result.level == CheckLevel.REFUSED]
    if texts:
        raise PreflightRefused(" ".join(texts))


def quoted(names: Iterable[str]) -> str:
    """Names for a message: the first few, shortened."""
    names = list(names)
    shown = ", ".join(f"“{shortened(name)}”" for name in names[:_NAMES_IN_MESSAGE])
    more = len(names) - _NAMES_IN_MESSAGE
    return f"{shown} and {more:,} more" if more > 0 else shown


def shortened(text: str) -> str:
    return text if len(text) <= 60 else f"{text[:59]}…"
