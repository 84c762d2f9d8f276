"""Charts as SVG and PNG, drawn once: kept in the data folder by what they show, and drawn again where it changed."""

import json
import logging
import os
from dataclasses import dataclass
from hashlib import sha256
from importlib.metadata import version
from pathlib import Path

from django.conf import settings

from reports.charts.theme import ChartSpec
from tables.whole_files import write_whole

logger = logging.getLogger(__name__)

# Older ones are removed when a new one is kept; any of them can be drawn again.
MOST_KEPT = 500


@dataclass(frozen=True, kw_only=True)
class RenderedChart:
    """A chart in one format, "svg" or "png"."""

    chart: ChartSpec
    suffix: str

    @property
    def key(self) -> str:
        """Stands for the chart's data and look, and for the program that draws it: equal keys, equal drawings."""
        spec = json.dumps(self.chart.spec, sort_keys=True)
        return sha256(f"{version('vl-convert-python')}\n{self.suffix}\n{spec}".encode()).hexdigest()

    def content(self) -> bytes:
        """Read the drawing where it is kept, else draw and keep it."""
        path = Path(settings.CHARTS_DIR) / f"{self.key}.{self.suffix}"
        try:
            return path.read_bytes()
        except OSError:
            content = self.chart.png() if self.suffix == "png" else self.chart.svg().encode()
        try:
            _keep(path, content)
        except OSError as error:
            logger.warning("the drawing %s is not kept and will be drawn again: %s", path.name, error)
        return content


def _keep(path: Path, content: bytes) -> None:
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    write_whole({path: [content]})
    kept = sorted(path.parent.glob("*.*g"), key=_written_at)
    for old in kept[: max(len(kept) - MOST_KEPT, 0)]:
        old.unlink(missing_ok=True)


def _written_at(path: Path) -> float:
    """When a drawing was kept; one that another process has removed meanwhile is as old as can be."""
    try:
        return os.stat(path).st_mtime
    except FileNotFoundError:
        return 0.0
