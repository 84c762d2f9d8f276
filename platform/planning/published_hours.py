"""How long runs take by the published tasks, T(L) + k U with T(L) = max(t_min, t1 L): a prior, where no run ended yet.

Source: Kang, Xu and Ritter, ACL 2023; see docs/how-to/replay.md.
"""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from planning.surfaces import PriceList, fit_compute_cost, published_surfaces

PUBLISHED_RATE = 1.875
"""Dollars of a device hour in the published tasks."""
PUBLISHED_EPOCHS = 50
"""How often a published student learned from each pseudo-label."""
SCORING_SHARE = 0.5
"""The teacher's part of what a pseudo-label takes; the rest is the student's. The bills do not tell them apart."""


@dataclass(frozen=True, kw_only=True)
class PublishedHours:
    """Device hours of a teacher, at least and per label, and per pseudo-label: medians of the published tasks."""

    shortest: float
    per_label: float
    per_pseudo_label: float

    def teacher(self, num_labels: int) -> float:
        """Hours of fine-tuning a teacher."""
        return max(self.shortest, self.per_label * num_labels)

    def scoring(self, num_unlabelled: int) -> float:
        """Hours of scoring with a teacher."""
        return SCORING_SHARE * self.per_pseudo_label * num_unlabelled

    def student(self, rows: float) -> float:
        """Hours of training a student, on either path: it learns from a label as from a pseudo-label.

        Parameters: `rows` learned from, each time anew.
        """
        return (1 - SCORING_SHARE) * self.per_pseudo_label * rows / PUBLISHED_EPOCHS


@lru_cache(maxsize=1)
def published_hours() -> PublishedHours:
    """Fit the cost model to the published tasks."""
    prices = [PriceList.of(surface) for surface in published_surfaces()]
    models = [
        fit_compute_cost(cells=one.cells, dollars=one.compute_dollars, device_rate=PUBLISHED_RATE) for one in prices
    ]
    return PublishedHours(
        shortest=float(np.median([model.shortest for model in models])) / PUBLISHED_RATE,
        per_label=float(np.median([model.per_label for model in models])) / PUBLISHED_RATE,
        per_pseudo_label=float(np.median([model.per_pseudo_label for model in models])) / PUBLISHED_RATE,
    )
