"""What people's labels of a random part say of predictions for the whole. Pure: knows no Django.

Prediction-powered inference (Angelopoulos, Bates, Fannjiang, Jordan and Zrnic, Science 382, 2023), with the weight of
the predictions chosen to make the interval short (Angelopoulos, Duchi and Zrnic, PPI++, 2023), for a population that is
finite and predicted as a whole: there it is the regression estimator of survey sampling (Cochran 1977, chapter 7).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import NormalDist

CONFIDENCE = 0.95


@dataclass(frozen=True, kw_only=True)
class MeanEstimate:
    """A mean with its interval, all 0 to 1."""

    value: float
    low: float
    high: float


def share_of(*, hits: int, total: int, confidence: float = CONFIDENCE) -> MeanEstimate:
    """A share with Wilson's score interval (Journal of the American Statistical Association 22, 1927)."""
    share, z = hits / total, NormalDist().inv_cdf(0.5 + confidence / 2)
    middle = (share + z**2 / (2 * total)) / (1 + z**2 / total)
    half = z / (1 + z**2 / total) * (share * (1 - share) / total + z**2 / (4 * total**2)) ** 0.5
    return MeanEstimate(value=share, low=min(max(0.0, middle - half), share), high=max(min(1.0, middle + half), share))


def corrected_mean(
    *, measured: Sequence[float], predicted: Sequence[float], elsewhere: Sequence[float], confidence: float = CONFIDENCE
) -> MeanEstimate:
    """The mean of what people measure, over all N examples, from n measurements and N predictions of them.

    With the weight w = cov(Y, f) / var(f) in what was measured, kept to 0 to 1, and f over all N:

        value = mean(Y) + w (mean of all f - mean of measured f);  variance = (1 - n/N) var(Y - w f) / n

    The n were drawn at random from the N, and the mean that is estimated is theirs: hence the last factor, and no
    variance of the predictions elsewhere, which are all known. For weight and variance, the measured get two examples
    more, one that is and was predicted not, and one the other way around, so that an interval does not close where the
    few that were measured show no error.

    Parameters: `measured` (Y) and `predicted` (f) of the same examples, 0 to 1; `elsewhere`, f of the others.
    Raises: ValueError (nothing measured, or unequal lengths).
    """
    if not measured or len(measured) != len(predicted):
        raise ValueError(f"{len(measured)} measured and {len(predicted)} predicted: give as many, and at least one.")
    num, num_all = len(measured), len(measured) + len(elsewhere)
    seen, told = [*measured, 1.0, 0.0], [*predicted, 0.0, 1.0]
    weight = _weight(seen, told)
    rest = [one - weight * other for one, other in zip(seen, told, strict=True)]
    variance = (1 - num / num_all) * _variance(rest) / num
    value = _mean(measured) + weight * (_mean([*predicted, *elsewhere]) - _mean(predicted))
    half = NormalDist().inv_cdf(0.5 + confidence / 2) * variance**0.5
    value = min(max(value, 0.0), 1.0)
    return MeanEstimate(value=value, low=max(0.0, value - half), high=min(1.0, value + half))


def _weight(seen: Sequence[float], told: Sequence[float]) -> float:
    """How much the predictions count."""
    spread, middle, other = _variance(told), _mean(seen), _mean(told)
    pairs = zip(seen, told, strict=True)
    together = sum((one - middle) * (two - other) for one, two in pairs) / (len(seen) - 1)
    return min(max(together / spread, 0.0), 1.0)


def _mean(values: Sequence[float]) -> float:
    return sum(values) / len(values)


def _variance(values: Sequence[float]) -> float:
    middle = _mean(values)
    return sum((value - middle) ** 2 for value in values) / (len(values) - 1)
