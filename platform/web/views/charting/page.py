"""The chart of utility, on the report and by itself: what it is drawn of, and where its marks lead."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

from django.http import Http404, HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.text import slugify

from accounts.permissions import Action
from reports.advice import NextTranche, PlannedPoint, next_tranche, planned_points
from reports.bills import StudyLedger
from reports.charts import Axis, ChartSpec, ChartView, Links, Series, frame_of, shown_of, utility_chart
from reports.points import Point, points_of
from studies.models import Study
from web.forms.charts import AxisWords, ChartForm
from web.guards import page_for
from web.http import study_of
from web.views.charting.parts import Address, ChartPart, Panel, ShownChart, chart_file, linked_part, shown_chart

_ALT = (
    "Utility of every trained student against its dollars, annotate and distil paths, and of planned students with "
    "their bands, where there are any; the tables of this page have the figures."
)


def file_name(study: Study) -> str:
    return slugify(study.name) or f"study-{study.pk}"


def chart_form(request: HttpRequest, study: Study) -> ChartForm:
    return ChartForm(request.GET, series=Series.choices, words=_words(study))


def report_drawing(
    request: HttpRequest, tranche: NextTranche, *, measured: Sequence[Point], planned: Sequence[PlannedPoint]
) -> ShownChart:
    """The chart as the report begins with it, as a picture."""
    return shown_chart(request, _part(_Drawn(tranche, measured, planned)))


@page_for(Action.SEE_REPORT)
def report_chart(request: HttpRequest, pk: int, suffix: str) -> HttpResponse:
    study = study_of(pk)
    return chart_file(request, _part(_drawn(study)), suffix, file_name=file_name(study))


@page_for(Action.SEE_REPORT)
def linked_chart(request: HttpRequest, pk: int) -> HttpResponse:
    drawn = _drawn(study_of(pk))
    if not drawn.measured:
        raise Http404("No student of this study is trained and evaluated yet.")
    return linked_part(request, _part(drawn))


@dataclass(frozen=True)
class _Drawn:
    """What a study's chart is drawn of."""

    tranche: NextTranche
    measured: Sequence[Point]
    planned: Sequence[PlannedPoint]

    @property
    def study(self) -> Study:
        return self.tranche.study

    def axis(self, view: ChartView) -> Axis:
        return frame_of(*shown_of(self.measured, self.planned, view), view)

    def draw(self, view: ChartView, address: Address | None) -> Callable[..., ChartSpec]:
        links = self._links(address) if address else None
        return partial(
            utility_chart, self.measured, planned=self.planned, links=links, study=self.study.name, view=view
        )

    def _links(self, address: Address) -> Links:
        students = {one.artifact_id: address(reverse("artifact", args=[one.artifact_id])) for one in self.measured}
        return Links(students=students, planned=f"{address(reverse('report', args=[self.study.pk]))}#next-tranche")


def _drawn(study: Study) -> _Drawn:
    ledger = StudyLedger(study)
    measured = points_of(ledger)
    tranche = next_tranche(study, ledger=ledger, measured=measured)
    return _Drawn(tranche, measured, planned_points(tranche, ledger=ledger))


def _part(drawn: _Drawn) -> ChartPart:
    study = drawn.study
    planned = [("Planned (CSV)", reverse("planned-table", args=[study.pk]))] if drawn.tranche.offers else []
    return ChartPart(
        name="utility-chart",
        title="Utility per dollar",
        page=reverse("report", args=[study.pk]),
        part=reverse("linked-chart", args=[study.pk]),
        files=reverse("report-chart", args=[study.pk, "svg"]).removesuffix(".svg"),
        table=reverse("report-table", args=[study.pk]),
        series=Series.choices,
        words=_words(study),
        panels=[Panel(axis=drawn.axis, draw=drawn.draw, alt=_ALT)],
        printed=reverse("print-report", args=[study.pk]),
        links=[*planned, ("Recorded surface", reverse("surface-file", args=[study.pk]))],
    )


def _words(study: Study) -> AxisWords:
    return AxisWords(unit=study.budget.currency, less="Cheaper", more="Dearer", whole="All dollars")
