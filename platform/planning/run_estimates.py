"""How long a run will take and what that costs, from how long runs like it took."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from statistics import median

from planning.estimates import Estimate

# Reading a row without learning from it costs about a third: forward only, where learning goes back twice as far.
READING_SHARE = 1 / 3
# With fewer runs to go by, what they do not show is allowed for: one says nothing of how much such runs differ.
ALLOWANCES = {1: 1.0, 2: 0.5}


@dataclass(frozen=True, kw_only=True)
class Work:
    """The rows that a run goes through: `num_learned` with a step of learning, each time anew, `num_read` without."""

    num_learned: int = 0
    num_read: int = 0

    @property
    def rows(self) -> float:
        """In rows learned from, or what is as much work; never zero."""
        return max(self.num_learned + self.num_read * READING_SHARE, 1.0)


@dataclass(frozen=True, kw_only=True)
class Done:
    """A run of the past: its work, and the device seconds that all of its attempts took."""

    work: Work
    seconds: float


def estimate_run(*, work: Work, history: Sequence[Done], rate_per_hour: Decimal, whose: str) -> Estimate | None:
    """Estimate a run from runs of the same kind and model on the same device.

    A run takes some seconds to start and then a time per row; both are fitted to the history.

    Parameters: `rate_per_hour` price of a device hour; `whose` says in words where the history is from.
    Returns: low and high as far off as the quickest and the slowest run of the history were from what fits all; further
        where there are fewer than three: one run alone may be off by half or double. None without a history.
    """
    if not history:
        return None
    start, pace = _fit(history)
    expected = start + pace * work.rows
    ratios = [one.seconds / max(start + pace * one.work.rows, 1e-9) for one in history]
    allowance = ALLOWANCES.get(len(history), 0.0)
    low = expected * min(1.0, *ratios) / (1 + allowance)
    high = expected * max(1.0, *ratios) * (1 + allowance)
    return Estimate(
        low=_cost(low, rate_per_hour),
        expected=_cost(expected, rate_per_hour),
        high=_cost(high, rate_per_hour),
        low_seconds=low,
        expected_seconds=expected,
        high_seconds=high,
        basis=f"{len(history)} runs of {whose}" if len(history) > 1 else f"only 1 run of {whose}",
    )


def estimate_chain(estimates: Sequence[Estimate | None]) -> Estimate | None:
    """Add up runs that follow each other. Returns: None where one of them is not known."""
    known = [one for one in estimates if one is not None]
    if not known or len(known) < len(estimates):
        return None
    return Estimate(
        low=sum((one.low for one in known), Decimal(0)),
        expected=sum((one.expected for one in known), Decimal(0)),
        high=sum((one.high for one in known), Decimal(0)),
        low_seconds=sum(one.low_seconds for one in known),
        expected_seconds=sum(one.expected_seconds for one in known),
        high_seconds=sum(one.high_seconds for one in known),
        basis="; ".join(dict.fromkeys(one.basis for one in known)),
    )


def _fit(history: Sequence[Done]) -> tuple[float, float]:
    """Seconds to start and seconds per row: least squares with neither below zero; by row alone where all are alike."""
    rows, seconds = [one.work.rows for one in history], [one.seconds for one in history]
    mean_rows, mean_seconds = sum(rows) / len(rows), sum(seconds) / len(seconds)
    spread = sum((one - mean_rows) ** 2 for one in rows)
    if spread < (mean_rows / 100) ** 2:
        return 0.0, median(one.seconds / one.work.rows for one in history)
    together = sum((x - mean_rows) * (y - mean_seconds) for x, y in zip(rows, seconds, strict=True))
    pace = max(together / spread, 0.0)
    start = mean_seconds - pace * mean_rows
    if start >= 0:
        return start, pace
    return 0.0, sum(x * y for x, y in zip(rows, seconds, strict=True)) / sum(x * x for x in rows)


def _cost(seconds: float, rate_per_hour: Decimal) -> Decimal:
    return Decimal(f"{seconds:.3f}") * rate_per_hour / 3600
