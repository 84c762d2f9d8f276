"""Draws of a surface's parameters and family, with their forecasts."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from planning.posterior.curves import PARAMETERS, surface_scores, to_even
from planning.surfaces import Booleans, Cells, Floats

Rows = NDArray[np.intp]
NOISE, DISCREPANCY = PARAMETERS.index("noise"), PARAMETERS.index("discrepancy")


@dataclass(frozen=True, kw_only=True)
class Particles:
    """Parameter vectors (rows) with families; `phi` is their forecast at some cells (columns)."""

    parameters: Floats
    families: Floats
    phi: Floats

    def __len__(self) -> int:
        return len(self.parameters)

    @classmethod
    def at(cls, cells: Cells, *, parameters: Floats, families: Floats) -> "Particles":
        """Particles with their forecasts at cells."""
        phi = to_even(surface_scores(parameters=parameters, families=families, cells=cells))
        return cls(parameters=parameters, families=families, phi=phi)

    @property
    def noise_variance(self) -> Floats:
        """Of each particle, in phi squared."""
        return np.exp(2 * self.parameters[:, NOISE])

    @property
    def discrepancy_variance(self) -> Floats:
        """Of each particle, in phi squared."""
        return np.exp(2 * self.parameters[:, DISCREPANCY])

    def take(self, rows: Rows) -> "Particles":
        """The particles of these rows, which may repeat."""
        return Particles(parameters=self.parameters[rows], families=self.families[rows], phi=self.phi[rows])

    def replaced(self, new: "Particles", where: Booleans) -> "Particles":
        """These particles, with those of `new` where it is true."""
        return Particles(
            parameters=np.where(where[:, None], new.parameters, self.parameters),
            families=np.where(where, new.families, self.families),
            phi=np.where(where[:, None], new.phi, self.phi),
        )

    def joined(self, other: "Particles") -> "Particles":
        """These particles and, after them, others."""
        return Particles(
            parameters=np.concatenate([self.parameters, other.parameters]),
            families=np.concatenate([self.families, other.families]),
            phi=np.concatenate([self.phi, other.phi]),
        )
