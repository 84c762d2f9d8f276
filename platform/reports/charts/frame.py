"""The plot of the chart of utility: from and to where its axes reach, and where on it a point lies."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

from reports.advice import PlannedPoint
from reports.charts.theme import WIDTH
from reports.charts.view import ChartView, Series
from reports.points import Point

HEIGHT = 380
# Costs that span more than this ratio get a logarithmic axis: the cheap points would lie on each other.
LOG_FROM_RATIO = 8


@dataclass(frozen=True, kw_only=True)
class Frame:
    """Dollars from `low` to `high`, logarithmic or not, and utilities from `bottom` to `top`."""

    low: float
    high: float
    is_log: bool
    bottom: float
    top: float

    def x(self, dollars: float) -> float:
        """Pixels from the left."""
        low, high = self._scaled(self.low), self._scaled(self.high)
        return WIDTH * (self._scaled(dollars) - low) / (high - low)

    def y(self, utility: float) -> float:
        """Pixels from the top."""
        return HEIGHT * (self.top - utility) / (self.top - self.bottom)

    def zoomed(self, view: ChartView, *, share: float = 1.0, shift: float = 0.0) -> ChartView:
        """The view of a part of these dollars around their middle.

        Parameters: `share` of the axis, above 1 to see more; `shift` of the middle, as a share of the axis too.
        """
        low, high = self._scaled(self.low), self._scaled(self.high)
        middle, half = (low + high) / 2 + shift * (high - low), share * (high - low) / 2
        bounds = self._dollars(middle - half), self._dollars(middle + half)
        return replace(view, low=max(bounds[0], 0.0), high=bounds[1])

    def _scaled(self, dollars: float) -> float:
        return math.log10(dollars) if self.is_log else dollars

    def _dollars(self, scaled: float) -> float:
        return 10.0**scaled if self.is_log else scaled


def frame_of(points: Sequence[Point], planned: Sequence[PlannedPoint], view: ChartView) -> Frame:
    """Fit the axes to what is shown; bounds of the view are kept."""
    costs = [float(one.dollars) for one in points] + [float(one.dollars) for one in planned]
    low, high, is_log = _dollars(costs, view)
    bottom, top = _utilities(points, planned, view)
    return Frame(low=low, high=high, is_log=is_log, bottom=bottom, top=top)


def _dollars(costs: Sequence[float], view: ChartView) -> tuple[float, float, bool]:
    least = min(costs) if view.low is None else view.low
    most = max(costs) if view.high is None else view.high
    if least > 0 and most / least >= LOG_FROM_RATIO:
        return (least / 1.5 if view.low is None else least), (most * 1.3 if view.high is None else most), True
    low, high = (0.0 if view.low is None else least), (most * 1.15 if view.high is None else most)
    return low, (high if high > low else low + 1), False


def _utilities(points: Sequence[Point], planned: Sequence[PlannedPoint], view: ChartView) -> tuple[float, float]:
    bounds = [one.utility for one in points] + [one.utility for one in planned]
    if view.shows(Series.INTERVALS):
        bounds += [bound for point in points for bound in (point.low, point.high)]
        bounds += [bound for one in planned for bound in one.band_90]
    if view.shows(Series.BASELINES):
        bounds += [value for point in points for _, value in known_baselines(point)]
    pad = max((max(bounds) - min(bounds)) * 0.08, 0.01)
    return max(min(bounds) - pad, 0), min(max(bounds) + pad, 1)


def known_baselines(point: Point) -> list[tuple[str, float]]:
    """Title and value of each; of an earlier trainer's result the majority class alone."""
    if point.baselines:
        return [(one.title, one.value) for one in point.baselines]
    return [] if point.baseline is None else [("Most frequent answer", point.baseline)]
