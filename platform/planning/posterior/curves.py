"""The families of joint surfaces score(path, L, U), and the scale on which their noise is even.

A surface has ten parameters on unbounded scales, and two for what lies around it (ln sd in phi), see `PARAMETERS`:
    annotate: floor + (100 - floor) c_a g(L / m_a);   distil: floor + (100 - floor) c g((L + e) / m_t) h(U / u0)
with g of one of three families, each 0 at 0 and 1/2 at 1, h(x) = 1 / (1 + x^-b), logit c_a = logit c + gap and
m_a = ratio m_t, since a teacher needs fewer labels. Before its first label a teacher knows what e labels would teach
it, as it reads the label names better than its student does. A teacher is a student of endless pseudo-labels.
"""

import numpy as np
from scipy.special import expit

from planning.surfaces import Cells, Floats

CURVE_PARAMETERS = (
    *("floor", "ceiling", "gap", "half", "ratio", "shape", "teacher_shape"),
    *("u_half", "u_shape", "zero_shot"),
)
PARAMETERS = (*CURVE_PARAMETERS, "noise", "discrepancy")
FAMILIES = ("Hill", "Weibull", "rectified power law")
HIGHEST_FLOOR = 95.0


def to_even(scores: Floats) -> Floats:
    """Percent to phi = 100 arcsin sqrt(score / 100), on which a binomial score's variance is the same everywhere."""
    phi: Floats = 100 * np.arcsin(np.sqrt(np.clip(scores, 0.05, 99.95) / 100))
    return phi


def from_even(phi: Floats) -> Floats:
    """Phi to percent; what lies beyond either end is put there."""
    scores: Floats = 100 * np.sin(np.clip(phi / 100, 0.0, np.pi / 2)) ** 2
    return scores


def points_per_even(scores: Floats) -> Floats:
    """The slope of `to_even`: by it, an error in points becomes one in phi."""
    share = np.clip(scores, 0.5, 99.5) / 100
    return 0.5 / np.sqrt(share * (1 - share))


def surface_scores(*, parameters: Floats, families: Floats, cells: Cells) -> Floats:
    """The scores in percent of each parameter vector (rows) at each cell (columns)."""
    floor = HIGHEST_FLOOR * expit(parameters[:, 0:1])
    ceiling = np.where(cells.is_annotate, expit(parameters[:, 1:2] + parameters[:, 2:3]), expit(parameters[:, 1:2]))
    labels, at_labels = np.unique(cells.labels, return_inverse=True)
    pseudo, at_pseudo = np.unique(cells.pseudo_labels, return_inverse=True)
    half, teacher_half = parameters[:, 3:4], parameters[:, 3:4] - parameters[:, 4:5]
    rise = np.empty((len(parameters), len(cells)))
    if cells.is_annotate.any():
        of_labels = _rise(_log_ratio(labels, half, parameters[:, 5:6]), families)
        rise[:, cells.is_annotate] = of_labels[:, at_labels[cells.is_annotate]]
    distil = ~cells.is_annotate
    if distil.any():
        known = labels + 10 ** parameters[:, 9:10]
        of_teacher = _rise(_log_ratio(known, teacher_half, parameters[:, 6:7]), families)
        of_pseudo = expit(_log_ratio(pseudo, parameters[:, 7:8], parameters[:, 8:9]))
        rise[:, distil] = of_teacher[:, at_labels[distil]] * of_pseudo[:, at_pseudo[distil]]
    scores: Floats = floor + (100 - floor) * ceiling * rise
    return scores


def _log_ratio(amounts: Floats, log10_half: Floats, log_shape: Floats) -> Floats:
    """Ln (x^a) for x = amount / half, kept where its exponential is a number."""
    with np.errstate(divide="ignore"):
        logs = np.clip(np.log(amounts), -60.0, 60.0)
    ratio: Floats = np.clip(np.exp(log_shape) * (logs - np.log(10) * log10_half), -60.0, 60.0)
    return ratio


def _rise(log_ratio: Floats, families: Floats) -> Floats:
    power, out = np.exp(log_ratio), np.empty_like(log_ratio)
    hill, weibull, rectified = (families == family for family in range(len(FAMILIES)))
    out[hill] = power[hill] / (1 + power[hill])
    out[weibull] = -np.expm1(-np.log(2) * power[weibull])
    out[rectified] = 1 - 1 / np.sqrt(1 + 3 * power[rectified])
    return out
