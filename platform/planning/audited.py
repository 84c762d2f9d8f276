"""What people's labels of a random part say of predictions for the whole. Pure: knows no Django.

Prediction-powered inference (Angelopoulos, Bates, Fannjiang, Jordan and Zrnic, Science 382, 2023), with the weight of
the predictions chosen to make the interval short (Angelopoulos, Duchi and Zrnic, PPI++, 2023).
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
    """The mean of what people measure, over all examples, from few measurements and many predictions of them.

    With n measured and N predicted elsewhere, and the weight w = cov(Y, f) / ((1 + n/N) var(f)), kept to 0 to 1:

        value = w mean(f elsewhere) + mean(Y - w f);  variance = w^2 var(f) / N + var(Y - w f) / n

    To the measured are added one example that is and was predicted not, and one the other way around: they leave the
    value nearly as it is, and keep an interval from closing where the few that were measured show no error.

    Parameters: `measured` (Y) and `predicted` (f) of the same randomly drawn examples, 0 to 1; `elsewhere`, f of the
    others. Raises: ValueError (nothing measured, or unequal lengths).
    """
    if not measured or len(measured) != len(predicted):
        raise ValueError(f"{len(measured)} measured and {len(predicted)} predicted: give as many, and at least one.")
    seen, told = [*measured, 1.0, 0.0], [*predicted, 0.0, 1.0]
    num, num_elsewhere = len(seen), len(elsewhere)
    weight = _weight(seen, told, num_elsewhere)
    rest = [one - weight * other for one, other in zip(seen, told, strict=True)]
    value, variance = _mean(rest), _variance(rest) / num
    if num_elsewhere:
        value += weight * _mean(elsewhere)
        variance += weight**2 * _variance(elsewhere) / num_elsewhere
    half = NormalDist().inv_cdf(0.5 + confidence / 2) * variance**0.5
    value = min(max(value, 0.0), 1.0)
    return MeanEstimate(value=value, low=max(0.0, value - half), high=min(1.0, value + half))


def _weight(seen: Sequence[float], told: Sequence[float], num_elsewhere: int) -> float:
    """How much the predictions count; nothing where there is none elsewhere, or where all are alike."""
    spread = _variance(told)
    if not num_elsewhere or not spread:
        return 0.0
    middle, other = _mean(seen), _mean(told)
    pairs = zip(seen, told, strict=True)
    together = sum((one - middle) * (two - other) for one, two in pairs) / (len(seen) - 1)
    return min(max(together / ((1 + len(seen) / num_elsewhere) * spread), 0.0), 1.0)


def _mean(values: Sequence[float]) -> float:
    return sum(values) / len(values)


def _variance(values: Sequence[float]) -> float:
    if len(values) < 2:
        return 0.0
    middle = _mean(values)
    return sum((value - middle) ** 2 for value in values) / (len(values) - 1)
