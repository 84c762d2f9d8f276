"""What a purchase will cost and take, estimated before it is made: low, expected, high.

Amounts are in the budget's currency; durations in seconds of wall clock.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

# What an answer takes where nobody has given one yet: a sentence read at a glance, read well, and thought about.
ASSUMED_SECONDS = (5.0, 20.0, 60.0)


@dataclass(frozen=True, kw_only=True)
class Estimate:
    """The cost and duration of a purchase. `basis` says what they were taken from.

    0 <= low <= expected <= high, of the amounts and of the seconds alike.
    """

    low: Decimal
    expected: Decimal
    high: Decimal
    low_seconds: float
    expected_seconds: float
    high_seconds: float
    basis: str

    def __post_init__(self) -> None:
        if not 0 <= self.low <= self.expected <= self.high:
            raise ValueError(f"amounts: {self.low}, {self.expected}, {self.high} do not rise from zero or more.")
        seconds = (self.low_seconds, self.expected_seconds, self.high_seconds)
        if not 0 <= seconds[0] <= seconds[1] <= seconds[2]:
            raise ValueError(f"seconds: {seconds} do not rise from zero or more.")


@dataclass(frozen=True, kw_only=True)
class AnswerPrices:
    """What one answer costs, its platform fee included: of the lowest-paid, the usual and the highest-paid annotator.

    `skip` is what one skip costs, zero where none is paid.
    """

    cheapest: Decimal
    usual: Decimal
    dearest: Decimal
    skip: Decimal = Decimal(0)


@dataclass(frozen=True, kw_only=True)
class AnswerHistory:
    """How answers of this study went so far.

    `seconds` the lead time of each answer, in any order; `skip_rate` skips per answer, 0 or more; `num_people` who
    answered lately, at least 1.
    """

    seconds: Sequence[float] = ()
    skip_rate: float = 0.0
    num_people: int = 1


def estimate_answers(*, num_answers: int, prices: AnswerPrices, history: AnswerHistory) -> Estimate:
    """Estimate what a number of answers will cost and how long they will take.

    Parameters: `num_answers` >= 0.
    Returns: low is every answer by the cheapest annotator and no skip; expected the usual mix and as many skips as so
        far; high the highest-paid one and twice as many skips. Durations take the quartiles of the lead times so far,
        one person's work divided by the people who answered lately.
    Raises: ValueError (a negative number).
    """
    if num_answers < 0:
        raise ValueError(f"answers: {num_answers} is negative.")
    num_skips = Decimal(str(history.skip_rate)) * num_answers
    low, middle, high = _quartiles(history.seconds)
    works = num_answers * (1 + history.skip_rate) / max(history.num_people, 1)
    usual = min(max(prices.usual, prices.cheapest), prices.dearest)
    return Estimate(
        low=num_answers * prices.cheapest,
        expected=num_answers * usual + num_skips * prices.skip,
        high=num_answers * prices.dearest + 2 * num_skips * prices.skip,
        low_seconds=low * works,
        expected_seconds=middle * works,
        high_seconds=high * works,
        basis=_basis(len(history.seconds)),
    )


def _quartiles(seconds: Sequence[float]) -> tuple[float, float, float]:
    """The lower quartile, the median and the upper quartile; what is assumed where there is nothing."""
    ordered = sorted(max(one, 0.0) for one in seconds)
    if not ordered:
        return ASSUMED_SECONDS
    last = len(ordered) - 1
    return ordered[last // 4], ordered[last // 2], ordered[-(-3 * last // 4)]


def _basis(num_answers: int) -> str:
    if not num_answers:
        return f"prices, and {ASSUMED_SECONDS[1]:.0f} seconds per annotation, since there is none yet"
    return f"prices, and the {num_answers:,} annotations of this study so far"
