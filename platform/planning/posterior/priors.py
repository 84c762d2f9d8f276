"""Priors over a surface's parameters: vague, learned from other surfaces, and the mixture of the two."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from planning.posterior.curves import FAMILIES, PARAMETERS
from planning.surfaces import Floats

LEARNED_SHARE = 0.8
BROAD = ("floor", "ceiling")
"""Parameters that say how hard a task is, which other tasks tell little about: they keep their vague prior."""


@dataclass(frozen=True, kw_only=True)
class Normal:
    """An independent normal for each parameter."""

    mean: Floats
    sd: Floats

    def sample(self, random: np.random.Generator, size: int) -> Floats:
        """Draw parameter vectors, one a row."""
        return self.mean + self.sd * random.standard_normal((size, len(self.mean)))

    def log_density(self, parameters: Floats) -> Floats:
        """Up to the constant that all normals of as many parameters share."""
        density: Floats = -0.5 * (((parameters - self.mean) / self.sd) ** 2).sum(axis=1) - np.log(self.sd).sum()
        return density


@dataclass(frozen=True, kw_only=True)
class Prior:
    """A mixture of normals over the parameters; each family is as likely as the others."""

    parts: tuple[Normal, ...]
    shares: tuple[float, ...]

    def sample(self, random: np.random.Generator, size: int) -> tuple[Floats, Floats]:
        """Draw parameter vectors and their families, exactly by share."""
        numbers = np.round(np.cumsum((0.0, *self.shares)) * size).astype(int)
        parts = [part.sample(random, int(n)) for part, n in zip(self.parts, np.diff(numbers), strict=True)]
        return np.concatenate(parts), random.integers(0, len(FAMILIES), size).astype(np.float64)

    def log_density(self, parameters: Floats) -> Floats:
        """Up to a constant; families are left out, as they are equally likely."""
        pairs = zip(self.parts, self.shares, strict=True)
        parts = [part.log_density(parameters) + np.log(share) for part, share in pairs]
        density: Floats = np.logaddexp.reduce(parts)
        return density


VAGUE_NORMALS = {
    "floor": (-0.4, 1.5),
    "ceiling": (0.0, 1.2),
    "gap": (0.0, 0.7),
    "half": (3.2, 0.8),
    "ratio": (0.5, 0.7),
    "shape": (0.4, 0.6),
    "teacher_shape": (0.4, 0.6),
    "u_half": (3.7, 1.0),
    "u_shape": (0.0, 0.5),
    "zero_shot": (0.0, 1.2),
    "noise": (float(np.log(1.2)), 0.4),
    "discrepancy": (float(np.log(2.7)), 0.6),
}
VAGUE_NORMAL = Normal(
    mean=np.array([VAGUE_NORMALS[name][0] for name in PARAMETERS]),
    sd=np.array([VAGUE_NORMALS[name][1] for name in PARAMETERS]),
)


def vague_prior() -> Prior:
    """What is believed of a task before anything is known."""
    return Prior(parts=(VAGUE_NORMAL,), shares=(1.0,))


def learned_prior(*, means: Sequence[Floats], variances: Sequence[Floats]) -> Prior:
    """Mix the vague prior with one learned from the posteriors of other surfaces.

    Each parameter of a surface counts by how much its data moved it, 1 - posterior variance / prior variance; the
    vague prior counts as one surface for the mean and as three for the variance.
    """
    if not means:
        return vague_prior()
    at, spread, vague = np.stack(means), np.stack(variances), VAGUE_NORMAL
    weights = np.clip(1 - spread / vague.sd**2, 0.0, 1.0)
    mean = ((weights * at).sum(axis=0) + vague.mean) / (weights.sum(axis=0) + 1)
    around = (weights * ((at - mean) ** 2 + spread)).sum(axis=0)
    sd = np.sqrt((around + 3 * vague.sd**2) / (weights.sum(axis=0) + 3))
    for name in BROAD:
        place = PARAMETERS.index(name)
        mean[place], sd[place] = vague.mean[place], vague.sd[place]
    return Prior(parts=(Normal(mean=mean, sd=sd), vague), shares=(LEARNED_SHARE, 1 - LEARNED_SHARE))
