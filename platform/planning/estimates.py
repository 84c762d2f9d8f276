"""What a purchase will cost and take, estimated before it is made: low, expected, high.

Amounts are in the budget's currency; durations in seconds of wall clock.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from math import sqrt
from statistics import fmean

from planning.likely import NOTHING, Likely

# What an answer takes where nobody has given one yet: a sentence read at a glance, read well, and thought about.
ASSUMED_SECONDS = (5.0, 20.0, 60.0)
SDS_IN_HALF = 1.2816
"""Standard deviations in half of an 80 % interval."""
# What is believed before an answer came: so many skips in so many answers, and a spread that counts as so many.
SKIPS, SKIPS_IN = 0.5, 10.0
ANSWERS_BEFORE = 4


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

    `seconds` the lead time of each answer, in any order; `costs` what each would cost at today's prices; `skip_rate`
    skips per answer, 0 or more, counted over `num_answers`; `num_people` who answered lately, at least 1.
    """

    seconds: Sequence[float] = ()
    skip_rate: float = 0.0
    num_people: int = 1
    costs: Sequence[float] = ()
    num_answers: int = 0


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


def between(low: Estimate, expected: Estimate, high: Estimate) -> Estimate:
    """Estimate what may need fewer or more answers than are expected."""
    return replace(expected, low=low.low, high=high.high, low_seconds=low.low_seconds, high_seconds=high.high_seconds)


def likely_answers(*, num_answers: int, prices: AnswerPrices, history: AnswerHistory) -> Likely:
    """The interval of what a number of answers will cost: by who answers, how long they take, and how many skips.

    Skips are Poisson with a gamma prior on their rate. The mean of an answer's cost is normal; before an answer came,
    80 % lie between the cheapest and the dearest annotator. A rejected answer is not paid, and asked for again.
    """
    expected = estimate_answers(num_answers=num_answers, prices=prices, history=history).expected
    if not num_answers:
        return NOTHING
    skips, over = SKIPS + history.skip_rate * history.num_answers, SKIPS_IN + history.num_answers
    num_skips = num_answers * skips / over
    skips_variance = num_skips + num_answers**2 * skips / over**2
    answers_sd = num_answers * _sd_of_mean(num_answers, prices, history.costs)
    skip = float(prices.skip)
    middle = float(expected) + skip * (num_skips - history.skip_rate * num_answers)
    far = SDS_IN_HALF * sqrt(answers_sd**2 + skip**2 * skips_variance)
    most = num_answers * float(prices.dearest) + skip * (num_skips + SDS_IN_HALF * sqrt(skips_variance))
    cheapest = num_answers * float(prices.cheapest)
    return Likely.around(float(expected), low=max(middle - far, cheapest), high=middle + far, most=most)


def _sd_of_mean(num_answers: int, prices: AnswerPrices, costs: Sequence[float]) -> float:
    """Of the mean cost of so many further answers: their own spread, and what is not known of the usual answer."""
    before = float(prices.dearest - prices.cheapest) / (2 * SDS_IN_HALF)
    mean = fmean(costs) if costs else 0.0
    squares = sum((one - mean) ** 2 for one in costs)
    variance = (ANSWERS_BEFORE * before**2 + squares) / (ANSWERS_BEFORE + len(costs))
    return sqrt(variance * (1 / num_answers + 1 / max(len(costs), 1)))


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
