"""The plot of the chart of utility: what of it is shown, where its axes reach, and where on it a point lies."""

from collections.abc import Sequence
from dataclasses import dataclass

from django.db import models

from reports.advice import PlannedPoint
from reports.charts.axis import Axis, axis_of
from reports.charts.theme import WIDTH
from reports.charts.view import ChartView
from reports.points import Point

HEIGHT = 380


class Series(models.TextChoices):
    """What of the chart of utility can be hidden."""

    ANNOTATE = "annotate", "Annotate"
    DISTIL = "distil", "Distil"
    PLANNED = "planned", "Planned students"
    INTERVALS = "intervals", "Intervals and bands"
    BASELINES = "baselines", "Baselines"


@dataclass(frozen=True, kw_only=True)
class Frame(Axis):
    """An axis of dollars, and utilities from `bottom` to `top`."""

    bottom: float
    top: float

    def x(self, dollars: float) -> float:
        """Pixels from the left."""
        return WIDTH * self.share(dollars)

    def y(self, utility: float) -> float:
        """Pixels from the top."""
        return HEIGHT * (self.top - utility) / (self.top - self.bottom)


def frame_of(points: Sequence[Point], planned: Sequence[PlannedPoint], view: ChartView) -> Frame:
    """Fit the axes to what is shown; bounds of the view are kept."""
    costs = [float(one.dollars) for one in points] + [float(one.dollars) for one in planned]
    axis = axis_of(costs, view)
    bottom, top = _utilities(points, planned, view)
    return Frame(low=axis.low, high=axis.high, is_log=axis.is_log, bottom=bottom, top=top)


def measured_in(points: Sequence[Point], view: ChartView) -> list[Point]:
    """The students that a view shows."""
    return [one for one in points if view.shows(one.path) and view.has(float(one.dollars))]


def planned_in(planned: Sequence[PlannedPoint], view: ChartView) -> list[PlannedPoint]:
    """The planned students that a view shows."""
    if not view.shows(Series.PLANNED):
        return []
    return [one for one in planned if view.shows(one.offer.path) and view.has(float(one.dollars))]


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
