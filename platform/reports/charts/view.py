"""Which part of a chart is shown, as its address says it: series by name, and a range of the axis across."""

from dataclasses import dataclass
from math import ceil, floor
from urllib.parse import urlencode


@dataclass(frozen=True, kw_only=True)
class ChartView:
    """What a reader wants to see; `low` and `high` bound the axis across, None where the data do."""

    hidden: frozenset[str] = frozenset()
    low: float | None = None
    high: float | None = None

    @property
    def pairs(self) -> list[tuple[str, str]]:
        """The view as a part of an address, name by name; none for the whole chart."""
        bounds = [] if self.low is None else [("from", self._low_text(self.low))]
        bounds += [] if self.high is None else [("to", self._high_text(self.high))]
        return [*(("hide", str(one)) for one in sorted(self.hidden)), *bounds]

    @property
    def query(self) -> str:
        return urlencode(self.pairs)

    def shows(self, series: str) -> bool:
        return series not in self.hidden

    def has(self, place: float) -> bool:
        """Whether what is at a place of the axis is shown."""
        return (self.low is None or self.low <= place) and (self.high is None or place <= self.high)

    def _low_text(self, place: float) -> str:
        return f"{place:.6g}"

    def _high_text(self, place: float) -> str:
        return f"{place:.6g}"


class MonthView(ChartView):
    """A view whose bounds are months, by their numbers; of a part of a month nothing is shown."""

    def _low_text(self, place: float) -> str:
        return month_text(ceil(place))

    def _high_text(self, place: float) -> str:
        return month_text(floor(place))


def month_number(year: int, month: int) -> int:
    """A month's place on an axis: January of the year 0 is 0."""
    return 12 * year + month - 1


def month_text(number: int) -> str:
    return f"{number // 12:04}-{number % 12 + 1:02}"


WHOLE = ChartView()
