"""The axis across a chart: from and to where it reaches, and what other parts of it are one step away."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TypeVar

from reports.charts.view import ChartView

# Values that span more than this ratio get a logarithmic axis: the small ones would lie on each other.
LOG_FROM_RATIO = 8
V = TypeVar("V", bound=ChartView)


@dataclass(frozen=True, kw_only=True)
class Axis:
    """From `low` to `high`, logarithmic or not."""

    low: float
    high: float
    is_log: bool = False

    def share(self, value: float) -> float:
        """How far along the axis a value lies: 0 at its beginning, 1 at its end."""
        low, high = self._scaled(self.low), self._scaled(self.high)
        return (self._scaled(value) - low) / (high - low)

    def zoomed(self, view: V, *, share: float = 1.0, shift: float = 0.0) -> V:
        """The view of a part of this axis around its middle.

        Parameters: `share` of the axis, above 1 to see more; `shift` of the middle, as a share of the axis too.
        """
        low, high = self._scaled(self.low), self._scaled(self.high)
        middle, half = (low + high) / 2 + shift * (high - low), share * (high - low) / 2
        bounds = self._value(middle - half), self._value(middle + half)
        return replace(view, low=max(bounds[0], 0.0), high=bounds[1])

    def _scaled(self, value: float) -> float:
        return math.log10(value) if self.is_log else value

    def _value(self, scaled: float) -> float:
        return 10.0**scaled if self.is_log else scaled


def axis_of(values: Sequence[float], view: ChartView) -> Axis:
    """Fit an axis to what is shown, logarithmic where values differ much; bounds of the view are kept."""
    least = min(values) if view.low is None else view.low
    most = max(values) if view.high is None else view.high
    if least > 0 and most / least >= LOG_FROM_RATIO:
        low, high = (least / 1.5 if view.low is None else least), (most * 1.3 if view.high is None else most)
        return Axis(low=low, high=high, is_log=True)
    low, high = (0.0 if view.low is None else least), (most * 1.15 if view.high is None else most)
    return Axis(low=low, high=high if high > low else low + 1)


def straight_axis(low: float, high: float, view: ChartView) -> Axis:
    """An axis that is never logarithmic, from `low` to `high` where the view says nothing else."""
    low, high = (low if view.low is None else view.low), (high if view.high is None else view.high)
    return Axis(low=low, high=high if high > low else low + 1)
