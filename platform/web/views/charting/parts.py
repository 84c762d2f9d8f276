"""A chart as a part of a page: what of it is shown, the files of that, and its marks, which speak and lead on.

Each chart is a `ChartPart`: where it stands, what of it can be hidden, how it is drawn. The form and links of the part
are to other views of it, all of them addresses, so that it works without scripts, and can be shared.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from urllib.parse import urlencode

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.safestring import SafeString

from reports.charts import THEMES, Axis, ChartSpec, ChartView, NothingToDraw, RenderedChart
from web.forms.charts import AxisWords, ChartForm
from web.http import drawing, unreadable
from web.presenters import with_marks

VIEW_FIELDS = frozenset({"hide", "from", "to"})
"""What an address says of a view."""

Address = Callable[[str], str]
Pairs = Sequence[tuple[str, str]]


@dataclass(frozen=True, kw_only=True)
class Panel:
    """One drawing. `draw` gets a view, a theme, and what makes addresses absolute, None for marks that lead nowhere.

    `alt` is what stands for the picture, `place` what the addresses of its files say beside the view, `name` what tells
    it from others of its part.
    """

    axis: Callable[[ChartView], Axis]
    draw: Callable[[ChartView, Address | None], Callable[..., ChartSpec]]
    alt: str
    name: str = ""
    place: Pairs = ()
    size: tuple[int, int] = (760, 480)

    @property
    def is_square(self) -> bool:
        """Whether it would be too high as wide as the page."""
        return self.size[0] <= self.size[1]


@dataclass(frozen=True, kw_only=True)
class ChartPart:
    """A chart of a page. `page`, `part` and `table` are addresses, `files` the one of its SVG without the ending.

    `links` lead to further files, `printed` to the page with the same view to be printed.
    `carried` is what else the page's address says; `version` changes with the data of a picture that a browser may
    keep; `is_moving` where it is drawn anew while the page is open.
    """

    name: str
    title: str
    page: str
    part: str
    files: str
    table: str
    series: Pairs
    words: AxisWords
    panels: Sequence[Panel]
    carried: Pairs = ()
    links: Pairs = ()
    printed: str = ""
    version: str = ""
    is_moving: bool = False

    def form(self, request: HttpRequest) -> ChartForm:
        return ChartForm(request.GET, series=self.series, words=self.words)


@dataclass(frozen=True, kw_only=True)
class Link:
    text: str
    url: str


@dataclass(frozen=True, kw_only=True)
class Zoom:
    """A link to another part of the chart: the page that shows it, and the part alone."""

    text: str
    page: str
    part: str


@dataclass(frozen=True, kw_only=True)
class ShownPanel:
    """A drawing in one view: as pictures by look, as parts of the page by look, or why there is none."""

    panel: Panel
    axis: Axis | None = None
    problem: str = ""
    pictures: dict[str, str]
    drawings: dict[str, SafeString]


@dataclass(frozen=True, kw_only=True)
class ShownChart:
    """A part in one view. `here` is its address, asked for again at `triggers`."""

    chart: ChartPart
    form: ChartForm
    query: str
    here: str
    triggers: str
    zooms: Sequence[Zoom]
    panels: Sequence[ShownPanel]
    downloads: Sequence[Link]


def chart_file(request: HttpRequest, part: ChartPart, suffix: str, *, file_name: str) -> HttpResponse:
    """The part's only drawing as a file; a saved one, and a PNG, lead nowhere."""
    form = part.form(request)
    if not form.is_valid():
        return unreadable(form)
    is_shown = suffix == "svg" and "download" not in request.GET
    (panel,) = part.panels
    draw = panel.draw(form.view, request.build_absolute_uri if is_shown else None)
    seconds = SECONDS_TO_KEEP if "v" in request.GET else None
    return drawing(request, draw, suffix, file_name=file_name, seconds_to_keep=seconds)


SECONDS_TO_KEEP = 3600
"""How long a browser keeps a picture whose address names its version."""


def shown_chart(request: HttpRequest, part: ChartPart, *, is_drawn: bool = False) -> ShownChart:
    """What the part of a page around a chart needs; drawn into the page, so that its marks speak, or as pictures."""
    form = part.form(request)
    view = form.view
    panels = [_shown_panel(request, part, panel, view, is_drawn=is_drawn) for panel in part.panels]
    axis = next((one.axis for one in panels if one.axis), None)
    query = urlencode([*part.carried, *view.pairs])
    return ShownChart(
        chart=part,
        form=form,
        query=view.query,
        here=_with(part.part, query),
        triggers=", ".join([*([] if is_drawn else ["load"]), *(["every 5s"] if part.is_moving else [])]),
        zooms=list(_zooms(part, axis, view)),
        panels=panels,
        downloads=_downloads(part, view),
    )


def linked_part(request: HttpRequest, part: ChartPart) -> HttpResponse:
    """The chart as a part of the page, in both looks: marks of a picture are none."""
    shown = shown_chart(request, part, is_drawn=True)
    response = render(request, "web/chart.html", {"shown": shown})
    if request.headers.get("HX-Target") == part.name:
        # The address of the page is that of what it shows, to be shared.
        response["HX-Replace-Url"] = _with(part.page, urlencode([*part.carried, *part.form(request).view.pairs]))
    return response


def carried_from(request: HttpRequest, *, without: frozenset[str] = frozenset()) -> list[tuple[str, str]]:
    """What the address says beside the view of a chart."""
    left_out = VIEW_FIELDS | without
    return [(name, value) for name, values in request.GET.lists() for value in values if name not in left_out]


def _shown_panel(request: HttpRequest, part: ChartPart, panel: Panel, view: ChartView, *, is_drawn: bool) -> ShownPanel:
    try:
        axis = panel.axis(view)
    except NothingToDraw as problem:
        return ShownPanel(panel=panel, problem=str(problem), pictures={}, drawings={})
    drawings = {}
    if is_drawn:
        draw = panel.draw(view, request.build_absolute_uri)
        charts = {name: RenderedChart(chart=draw(theme=theme), suffix="svg") for name, theme in THEMES.items()}
        drawings = {name: with_marks(chart.content().decode()) for name, chart in charts.items()}
    version = [("v", part.version)] if part.version else []
    address = partial(_file, part, panel, view, "svg")
    pictures = {name: address([("theme", name), *version]) for name in THEMES}
    return ShownPanel(panel=panel, axis=axis, pictures=pictures, drawings=drawings)


def _downloads(part: ChartPart, view: ChartView) -> list[Link]:
    links = [Link(text="CSV", url=_with(part.table, urlencode([*_common(part), *view.pairs])))]
    for panel in part.panels:
        said = f", {panel.name}" if len(part.panels) > 1 else ""
        for suffix in ("svg", "png"):
            url = _file(part, panel, view, suffix, [])
            links.append(Link(text=f"{suffix.upper()}{said}", url=f"{url}{'&' if '?' in url else '?'}download"))
    links += [Link(text=text, url=url) for text, url in part.links]
    return links + ([Link(text="Print", url=_with(part.printed, view.query))] if part.printed else [])


def _common(part: ChartPart) -> list[tuple[str, str]]:
    """What the addresses of all files of a part say: what their panels have in common."""
    first, *others = (panel.place for panel in part.panels)
    return [pair for pair in first if all(pair in place for place in others)] if others else list(first)


def _file(part: ChartPart, panel: Panel, view: ChartView, suffix: str, more: Pairs) -> str:
    return _with(f"{part.files}.{suffix}", urlencode([*panel.place, *view.pairs, *more]))


def _zooms(part: ChartPart, axis: Axis | None, view: ChartView) -> Sequence[Zoom]:
    words = part.words
    views = {}
    if axis is not None:
        views["Zoom in"] = axis.zoomed(view, share=0.5)
        views["Zoom out"] = axis.zoomed(view, share=2.0)
        views[words.less] = axis.zoomed(view, shift=-0.5)
        views[words.more] = axis.zoomed(view, shift=0.5)
    views[words.whole] = replace(view, low=None, high=None)
    queries = {text: urlencode([*part.carried, *one.pairs]) for text, one in views.items()}
    return [
        Zoom(text=text, page=f"{_with(part.page, query)}#{part.name}", part=_with(part.part, query))
        for text, query in queries.items()
    ]


def _with(address: str, query: str) -> str:
    return f"{address}?{query}" if query else address
