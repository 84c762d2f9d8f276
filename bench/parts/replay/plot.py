"""The share of new measurements inside the planner's bands by how far they lie beyond what was shown, drawn."""

import os
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from bench.parts.replay.coverage import LEVELS, BandCheck

if TYPE_CHECKING:
    from reports.charts import Theme

STEPS = ((1.5, "up to 1.5 times"), (2.0, "to 2 times"), (3.0, "to 3 times"), (4.0, "to 4 times"))
WITHIN = "within"
NUM_RESAMPLES = 1_000
WIDTH, HEIGHT = 560, 300
TITLE = "Share of new measurements inside the planner's bands"


def plot(checks: Sequence[BandCheck], file: Path) -> list[Path]:
    """Write FILE-light.svg and FILE-dark.svg, for an SVG of this name. Returns: both."""
    with tempfile.TemporaryDirectory(prefix="fulcrum-bench-") as folder:
        themes = _themes(folder)
        written = []
        for name, theme in themes.items():
            path = file.with_name(f"{file.stem}-{name}.svg")
            path.write_text(_chart(checks, theme).svg(), encoding="utf-8")
            written.append(path)
        return written


def _themes(folder: str) -> "dict[str, Theme]":
    """The product's themes; Django is set up for them without a database."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    os.environ.setdefault("FULCRUM_DATA_DIR", folder)
    os.environ.setdefault("FULCRUM_SECRET_KEY", "drawing needs none")
    import django

    django.setup()
    from reports.charts import THEMES

    return THEMES


def _chart(checks: Sequence[BandCheck], theme: "Theme") -> Any:
    import altair as alt

    from reports.charts import ChartSpec, legend_of, look_of

    names = [f"{level:.0%} bands".replace("%", " %") for level in LEVELS]
    scale = alt.Scale(domain=names, range=[theme.annotate, theme.distil])
    colour = alt.Color("bands:N", scale=scale, title=None, legend=legend_of())
    where = alt.X(
        "where:N",
        sort=[WITHIN, *(name for _, name in STEPS)],
        title="Labels or pseudo-labels over the most shown",
        axis=alt.Axis(labelAngle=0),
    )

    def height(name: str) -> alt.Y:
        return alt.Y(name, scale=alt.Scale(domain=[0.6, 1.0]), title="Share inside", axis=alt.Axis(format="~%"))

    base = alt.Chart(alt.InlineData(values=list(_rows(checks)))).encode(
        x=where, color=colour, xOffset=alt.XOffset("bands:N", sort=names)
    )
    bar = base.mark_rule(strokeWidth=1.5, opacity=0.8).encode(y=height("low:Q"), y2="high:Q")
    dot = base.mark_point(filled=True, size=70, opacity=1, aria=True).encode(
        y=height("share:Q"), shape=_shape(alt, names)
    )
    said = [{"bands": name, "share": level} for name, level in zip(names, LEVELS, strict=True)]
    line = alt.Chart(alt.InlineData(values=said)).mark_rule(strokeDash=[5, 4]).encode(y=height("share:Q"), color=colour)
    num_tasks = len({check.task for check in checks})
    subtitle = f"{num_tasks} synthetic tasks. Dashed: what the bands say. Bars: 95 % intervals over tasks."
    chart = alt.layer(line, bar, dot).properties(
        width=WIDTH, height=HEIGHT, title=alt.TitleParams(text=TITLE, subtitle=[subtitle]), config=look_of(theme)
    )
    return ChartSpec(spec=chart.to_dict())


def _shape(alt: Any, names: Sequence[str]) -> Any:
    return alt.Shape("bands:N", scale=alt.Scale(domain=names, range=["circle", "square"]), title=None)


def _rows(checks: Sequence[BandCheck]) -> Iterator[dict[str, object]]:
    for level in LEVELS:
        for where in [WITHIN, *(name for _, name in STEPS)]:
            found = [check for check in checks if check.level == level and _where(check) == where]
            if found:
                share, low, high = _share(found)
                bands = f"{level:.0%} bands".replace("%", " %")
                yield {"bands": bands, "where": where, "share": share, "low": low, "high": high}


def _where(check: BandCheck) -> str:
    if check.region == "inside":
        return WITHIN
    return next((name for most, name in STEPS if check.times <= most), STEPS[-1][1])


def _share(checks: Sequence[BandCheck]) -> tuple[float, float, float]:
    """The share inside, with its 95 % interval: tasks are resampled, as measurements of one task go together."""
    by_task: dict[int, list[bool]] = {}
    for check in checks:
        by_task.setdefault(check.task, []).append(check.is_inside)
    inside = np.array([sum(one) for one in by_task.values()])
    counts = np.array([len(one) for one in by_task.values()])
    chosen = np.random.default_rng(0).integers(0, len(counts), (NUM_RESAMPLES, len(counts)))
    shares = inside[chosen].sum(axis=1) / counts[chosen].sum(axis=1)
    low, high = np.quantile(shares, [0.025, 0.975])
    return float(inside.sum() / counts.sum()), float(low), float(high)
