"""What compute will cost: T(L) for the teacher, with a shortest bill, and k for each pseudo-label."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.optimize import least_squares

from planning.surfaces.cells import Cells, Floats
from planning.surfaces.prices import PriceList

SHORTEST_HOURS = 2.0
"""Device hours that a teacher takes however few its labels are: what was seen on the published tasks."""
TYPICAL_ERROR = 0.05


@dataclass(frozen=True, kw_only=True)
class ComputeCost:
    """T(L) + k U, in dollars, with T(L) = max(shortest, per_label L).

    `relative_error` is the standard deviation of ln(bill / forecast) over the bills that it was fitted to.
    """

    shortest: float
    per_label: float
    per_pseudo_label: float
    relative_error: float

    def dollars(self, cells: Cells) -> Floats:
        """Forecast the compute of cells; the annotate path's is left out, as its bill is for labels."""
        teacher = np.maximum(self.shortest, self.per_label * cells.labels)
        students = np.where(cells.is_teacher, 0.0, cells.pseudo_labels)
        return np.where(cells.is_annotate, 0.0, teacher + self.per_pseudo_label * students)


def fit_compute_cost(*, cells: Cells, dollars: Floats, device_rate: float) -> ComputeCost:
    """Fit the three prices to the compute bills of cells that have one.

    Parameters: `dollars`, the compute part of each cell's bill; `device_rate`, dollars of a device hour, from which
        the shortest bill is expected to be two hours' worth within a factor of about 1.2.
    Raises: ValueError where no cell has a compute bill.
    """
    used = ~cells.is_annotate & (dollars > 0)
    if not used.any():
        raise ValueError("no cell has a compute bill: fit the cost model to at least one distilled student.")
    at, bills = cells.take(used), dollars[used]
    expected = np.log(max(SHORTEST_HOURS * device_rate, 1e-9))
    start = [expected, *np.log(_first_guess(at, bills))]

    def errors(parameters: Floats) -> Floats:
        model = _model(parameters)
        fit = (np.log(model.dollars(at)) - np.log(bills)) / TYPICAL_ERROR
        prior = (parameters - start) / (0.2, 3.0, 3.0)
        return np.concatenate([fit, prior])

    found = least_squares(errors, start, loss="soft_l1").x
    model = _model(found)
    spread = np.log(bills) - np.log(model.dollars(at))
    return _model(found, relative_error=float(np.sqrt(np.mean(spread**2))))


def forecast_left_out(*, prices: PriceList, device_rate: float) -> Floats:
    """Forecast each cell's compute from the other cells' bills; not a number on the annotate path.

    Raises: ValueError where fewer than two cells have a compute bill.
    """
    cells, forecasts = prices.cells, np.full(len(prices.cells), np.nan)
    for place in np.flatnonzero(~cells.is_annotate):
        others = np.arange(len(cells)) != place
        model = fit_compute_cost(
            cells=cells.take(others), dollars=prices.compute_dollars[others], device_rate=device_rate
        )
        forecasts[place] = model.dollars(cells)[place]
    return forecasts


def _model(parameters: Sequence[float] | Floats, *, relative_error: float = 0.0) -> ComputeCost:
    shortest, per_label, per_pseudo_label = np.exp(parameters)
    return ComputeCost(
        shortest=float(shortest),
        per_label=float(per_label),
        per_pseudo_label=float(per_pseudo_label),
        relative_error=relative_error,
    )


def _first_guess(cells: Cells, bills: Floats) -> tuple[float, float]:
    """The largest price per label and per pseudo-label that no bill is below."""
    tiny = 1e-12
    labels = np.where(cells.labels > 0, cells.labels, np.nan)
    pseudo = np.where(np.isfinite(cells.pseudo_labels), cells.pseudo_labels, np.nan)
    per_label = float(np.nanmin(np.append(bills / labels, bills.max())))
    per_pseudo = float(np.nanmin(np.append(bills / pseudo, bills.max())))
    return max(per_label, tiny), max(per_pseudo, tiny)
