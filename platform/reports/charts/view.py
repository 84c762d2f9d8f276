"""Which part of the chart of utility is shown: series by name, and a range of dollars."""

from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import urlencode

from django.db import models

from budgets.models import Path
from reports.advice import PlannedPoint
from reports.points import Point


class Series(models.TextChoices):
    """What of the chart can be hidden."""

    ANNOTATE = "annotate", "Annotate"
    DISTIL = "distil", "Distil"
    PLANNED = "planned", "Planned students"
    INTERVALS = "intervals", "Intervals and bands"
    BASELINES = "baselines", "Baselines"


@dataclass(frozen=True, kw_only=True)
class ChartView:
    """What a reader wants to see; `low` and `high` bound the dollars, None where the data do."""

    hidden: frozenset[Series] = frozenset()
    low: float | None = None
    high: float | None = None

    @property
    def query(self) -> str:
        """The view as a part of an address, empty for the whole chart."""
        bounds = [
            (name, f"{value:.6g}") for name, value in (("from", self.low), ("to", self.high)) if value is not None
        ]
        return urlencode([*(("hide", one.value) for one in Series if one in self.hidden), *bounds])

    def shows(self, series: Series) -> bool:
        return series not in self.hidden

    def measured(self, points: Sequence[Point]) -> list[Point]:
        """The students that are shown."""
        return [one for one in points if self._has(one.path, float(one.dollars))]

    def planned(self, planned: Sequence[PlannedPoint]) -> list[PlannedPoint]:
        """The planned students that are shown."""
        if not self.shows(Series.PLANNED):
            return []
        return [one for one in planned if self._has(one.offer.path, float(one.dollars))]

    def _has(self, path: Path, dollars: float) -> bool:
        is_inside = (self.low is None or self.low <= dollars) and (self.high is None or dollars <= self.high)
        return is_inside and self.shows(Series(path.value))


WHOLE = ChartView()
