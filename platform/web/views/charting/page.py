"""The chart of utility as a part of a page: what of it is shown, the files of that, and where its marks lead."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.text import slugify

from accounts.permissions import Action
from reports.advice import NextTranche, PlannedPoint, next_tranche, planned_points
from reports.bills import StudyLedger
from reports.charts import (
    THEMES,
    ChartSpec,
    ChartView,
    Frame,
    Links,
    NothingToDraw,
    RenderedChart,
    frame_of,
    shown_of,
    utility_chart,
)
from reports.points import Point, points_of
from studies.models import Study
from web.forms.reports import ChartForm
from web.guards import page_for
from web.http import drawing, study_of, unreadable
from web.presenters import with_named_links

CHART_ID = "utility-chart"
"""The part of the report that is swapped for another view."""


@dataclass(frozen=True)
class Zoom:
    """A link to another part of the chart: its text, and the view as a part of an address."""

    text: str
    query: str


def chart_form(request: HttpRequest, study: Study) -> ChartForm:
    return ChartForm(request.GET, currency=study.budget.currency)


def file_name(study: Study) -> str:
    return slugify(study.name) or f"study-{study.pk}"


def chart_context(
    request: HttpRequest, study: Study, *, measured: Sequence[Point], planned: Sequence[PlannedPoint]
) -> dict[str, object]:
    """What the part of a page around the chart needs: the form, the present view, and links to other views."""
    form = chart_form(request, study)
    view = form.view
    context: dict[str, object] = {"chart_form": form, "chart_query": view.query}
    try:
        frame = frame_of(*shown_of(measured, planned, view), view)
    except NothingToDraw as problem:
        return {**context, "chart_problem": str(problem), "zooms": [_whole(view)]}
    return {**context, "frame": frame, "zooms": _zooms(frame, view)}


@page_for(Action.SEE_REPORT)
def report_chart(request: HttpRequest, pk: int, suffix: str) -> HttpResponse:
    """The chart as a file; a saved one, and a PNG, lead nowhere."""
    study = study_of(pk)
    form = chart_form(request, study)
    if not form.is_valid():
        return unreadable(form)
    is_shown = suffix == "svg" and "download" not in request.GET
    draw = _drawn(study).chart(form.view, _address(request) if is_shown else None)
    return drawing(request, draw, suffix, file_name=file_name(study))


@page_for(Action.SEE_REPORT)
def linked_chart(request: HttpRequest, pk: int) -> HttpResponse:
    """The chart as a part of the page, in both looks, so that its marks are links: those of a picture are none."""
    study = study_of(pk)
    drawn = _drawn(study)
    if not drawn.measured:
        raise Http404("No student of this study is trained and evaluated yet.")
    context = chart_context(request, study, measured=drawn.measured, planned=drawn.planned)
    if "frame" in context:
        draw = drawn.chart(chart_form(request, study).view, _address(request))
        charts = {name: RenderedChart(chart=draw(theme=theme), suffix="svg") for name, theme in THEMES.items()}
        context["drawings"] = {name: with_named_links(chart.content().decode()) for name, chart in charts.items()}
    response = render(request, "web/utility_chart.html", {"study": study, "next": drawn.tranche, **context})
    if request.headers.get("HX-Target") == CHART_ID:
        # The address of the page is that of what it shows, to be shared.
        response["HX-Replace-Url"] = f"{reverse('report', args=[study.pk])}?{context['chart_query']}".rstrip("?")
    return response


@dataclass(frozen=True)
class _Drawn:
    """What a study's chart is drawn of."""

    study: Study
    tranche: NextTranche
    measured: Sequence[Point]
    planned: Sequence[PlannedPoint]

    def chart(self, view: ChartView, address: Callable[[str], str] | None) -> Callable[..., ChartSpec]:
        """What draws a view in a theme; `address` makes addresses absolute, None for marks without links."""
        links = self._links(address) if address else None
        return partial(
            utility_chart, self.measured, planned=self.planned, links=links, study=self.study.name, view=view
        )

    def _links(self, address: Callable[[str], str]) -> Links:
        students = {one.artifact_id: address(reverse("artifact", args=[one.artifact_id])) for one in self.measured}
        return Links(students=students, planned=f"{address(reverse('report', args=[self.study.pk]))}#next-tranche")


def _drawn(study: Study) -> _Drawn:
    ledger = StudyLedger(study)
    measured = points_of(ledger)
    tranche = next_tranche(study, measured=measured)
    return _Drawn(study, tranche, measured, planned_points(tranche, ledger=ledger))


def _address(request: HttpRequest) -> Callable[[str], str]:
    """Vega reads other addresses than absolute ones as those of its own example data."""
    return request.build_absolute_uri


def _zooms(frame: Frame, view: ChartView) -> list[Zoom]:
    parts = {
        "Zoom in": frame.zoomed(view, share=0.5),
        "Zoom out": frame.zoomed(view, share=2.0),
        "Cheaper": frame.zoomed(view, shift=-0.5),
        "Dearer": frame.zoomed(view, shift=0.5),
    }
    return [*(Zoom(text, part.query) for text, part in parts.items()), _whole(view)]


def _whole(view: ChartView) -> Zoom:
    return Zoom("All dollars", replace(view, low=None, high=None).query)
