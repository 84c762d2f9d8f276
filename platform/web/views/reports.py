"""The report and its exports, and two students compared."""

from collections.abc import Callable, Sequence
from functools import partial

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.text import slugify

from accounts.permissions import Action
from reports.advice import next_tranche, planned_points
from reports.bills import BillSection, StudyLedger
from reports.charts import THEMES, ChartSpec, Links, NothingToDraw, RenderedChart, utility_chart
from reports.comparisons import default_pair, finding_of
from reports.exports import planned_csv, report_csv
from reports.points import Point, points, points_of
from reports.quality import NO_ANSWER, differing
from reports.queries import report_of
from reports.surfaces import NothingRecorded, surface_csv
from runs.execution import request_recommendation
from runs.models import Artifact
from runs.results import NotComparable, compare
from studies.models import Study
from web.forms.reports import CompareForm
from web.guards import page_for
from web.http import download, drawing, page_of, study_of
from web.presenters import shown_differences, with_named_links
from web.views.next_tranche import tranche_context


@page_for(Action.SEE_REPORT)
def report(request: HttpRequest, pk: int) -> HttpResponse:
    study = study_of(pk)
    found = report_of(study)
    tranche = next_tranche(study, measured=found.points)
    if not tranche.is_current:
        request_recommendation(study.pk)
    context = {
        "study": study,
        "report": found,
        "sections": BillSection,
        "compare_form": _compare_form(found.points),
        **tranche_context(tranche),
    }
    return render(request, "web/report.html", context)


@page_for(Action.SEE_REPORT)
def comparison(request: HttpRequest, pk: int) -> HttpResponse:
    """A paired test of two students: the whole page, or the part of the report that follows the choice."""
    study = study_of(pk)
    found = points(study)
    form = _compare_form(found, request)
    context: dict[str, object] = {"study": study, "compare_form": form}
    if len(found) < 2:
        context["problem"] = "Fewer than two students are trained and measured. Start another run first."
    elif form.is_valid():
        context |= _comparison(form)
    if getattr(request, "htmx", False):
        return render(request, "web/comparison.html", context)
    if "finding" in context:
        context |= _differing(request, study, form)
    return render(request, "web/compare.html", context)


def _compare_form(found: Sequence[Point], request: HttpRequest | None = None) -> CompareForm:
    """The form as asked, else with the pair that a reader most likely asks about."""
    first, second = default_pair(found) or (None, None)
    likely = {"first": first, "second": second}
    asked = request.GET.dict() if request else {}
    return CompareForm({**likely, **asked} if request else None, points=found, initial=likely)


def _comparison(form: CompareForm) -> dict[str, object]:
    first, second = _chosen(form)
    try:
        found = compare(first=first, second=second)
    except NotComparable as problem:
        return {"problem": str(problem)}
    return {"finding": finding_of(found)}


def _differing(request: HttpRequest, study: Study, form: CompareForm) -> dict[str, object]:
    """A page of the examples that one of the two has right and the other has not."""
    first, second = _chosen(form)
    found, side = differing(first=first, second=second), request.GET.get("right", "")
    page = page_of(request, found.of(side), size=25)
    rows = shown_differences(study=study, rows=list(page), no_answer=NO_ANSWER)
    return {"differing": found, "page": page, "rows": rows, "side": side, "first": first, "second": second}


def _chosen(form: CompareForm) -> tuple[Artifact, Artifact]:
    of = Artifact.objects.select_related("run__study").in_bulk(form.cleaned_data.values())
    return of[form.cleaned_data["first"]], of[form.cleaned_data["second"]]


@page_for(Action.SEE_REPORT)
def report_table(request: HttpRequest, pk: int) -> HttpResponse:
    study = study_of(pk)
    return download(report_csv(report_of(study)), "text/csv; charset=utf-8", f"{_file_name(study)}.csv")


@page_for(Action.SEE_REPORT)
def planned_table(request: HttpRequest, pk: int) -> HttpResponse:
    study = study_of(pk)
    text = planned_csv(next_tranche(study))
    return download(text, "text/csv; charset=utf-8", f"{_file_name(study)}-planned.csv")


@page_for(Action.SEE_REPORT)
def surface_file(request: HttpRequest, pk: int) -> HttpResponse:
    """The study's students as a recorded surface; neither the file nor its name has a name of the study."""
    try:
        text = surface_csv(study_of(pk))
    except NothingRecorded as problem:
        raise Http404(str(problem)) from None
    return download(text, "text/csv; charset=utf-8", f"surface-{pk}.csv")


@page_for(Action.SEE_REPORT)
def report_chart(request: HttpRequest, pk: int, suffix: str) -> HttpResponse:
    """The chart as a file; a saved one, and a PNG, lead nowhere."""
    study = study_of(pk)
    is_shown = suffix == "svg" and "download" not in request.GET
    return drawing(request, _chart_of(request, study, has_links=is_shown), suffix, file_name=_file_name(study))


@page_for(Action.SEE_REPORT)
def linked_chart(request: HttpRequest, pk: int) -> HttpResponse:
    """The chart as a part of the page, in both looks, so that its marks are links: those of a picture are none."""
    draw = _chart_of(request, study_of(pk), has_links=True)
    try:
        charts = {name: RenderedChart(chart=draw(theme=theme), suffix="svg") for name, theme in THEMES.items()}
    except NothingToDraw as problem:
        raise Http404(str(problem)) from None
    drawings = {name: with_named_links(chart.content().decode()) for name, chart in charts.items()}
    return render(request, "web/linked_chart.html", {"drawings": drawings})


def _chart_of(request: HttpRequest, study: Study, *, has_links: bool) -> Callable[..., ChartSpec]:
    """What draws the students and the plans of a study in a theme."""
    ledger = StudyLedger(study)
    found = points_of(ledger)
    planned = planned_points(next_tranche(study, measured=found), ledger=ledger)
    links = _links(request, study, found) if has_links else None
    return partial(utility_chart, found, planned=planned, links=links, study=study.name)


def _links(request: HttpRequest, study: Study, found: Sequence[Point]) -> Links:
    """Absolute addresses: Vega reads others as those of its own example data."""
    ids = [point.artifact_id for point in found]
    students = {pk: request.build_absolute_uri(reverse("artifact", args=[pk])) for pk in ids}
    page = request.build_absolute_uri(reverse("report", args=[study.pk]))
    return Links(students=students, planned=f"{page}#next-tranche")


def _file_name(study: Study) -> str:
    return slugify(study.name) or f"study-{study.pk}"
