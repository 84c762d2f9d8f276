"""The report and its exports, and two students compared."""

from collections.abc import Sequence
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone

from accounts.permissions import Action
from reports.advice import next_tranche, planned_points
from reports.bills import BillSection, StudyLedger
from reports.comparisons import default_pair, finding_of
from reports.exports import planned_csv, report_csv
from reports.points import Point, points
from reports.quality import NO_ANSWER, differing
from reports.queries import report_of
from reports.serving import serving_of
from reports.surfaces import NothingRecorded, surface_csv
from runs.execution import request_recommendation
from runs.models import Artifact
from runs.results import NotComparable, compare
from studies.models import Study
from web.forms.reports import CompareForm
from web.guards import page_for
from web.http import download, page_of, study_of, unreadable
from web.presenters import shown_differences, student_rows
from web.views.charting import chart_form, file_name, report_drawing
from web.views.next_tranche import tranche_context

STUDENTS_ON_A_PAGE = 50


@page_for(Action.SEE_REPORT)
def report(request: HttpRequest, pk: int) -> HttpResponse:
    context = _context(request, study_of(pk))
    found = context["report"].points
    students = page_of(request, found, size=STUDENTS_ON_A_PAGE)
    rows = student_rows(context["study"], students)
    context |= {"compare_form": _compare_form(found), "students": students, "student_rows": rows}
    return render(request, "web/report.html", context)


@page_for(Action.SEE_REPORT)
def print_report(request: HttpRequest, pk: int) -> HttpResponse:
    """The report as a page to be printed: the recommendation, the chart and the tables, nothing to press."""
    context = _context(request, study_of(pk))
    rows = student_rows(context["study"], context["report"].points)
    return render(request, "web/printed_report.html", {**context, "student_rows": rows, "printed_at": timezone.now()})


def _context(request: HttpRequest, study: Study) -> dict[str, Any]:
    """What the report shows; a recommendation of the present state is asked for where there is none."""
    ledger = StudyLedger(study)
    found = report_of(study, ledger=ledger)
    tranche = next_tranche(study, ledger=ledger, measured=found.points)
    if not tranche.is_current:
        request_recommendation(study.pk)
    planned = planned_points(tranche, ledger=ledger)
    return {
        "study": study,
        "report": found,
        "sections": BillSection,
        "serving": serving_of(study),
        **tranche_context(tranche),
        "shown": report_drawing(request, tranche, measured=found.points, planned=planned),
    }


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
    """All students, or those that the address's view of the chart shows."""
    study = study_of(pk)
    form = chart_form(request, study)
    if not form.is_valid():
        return unreadable(form)
    text = report_csv(report_of(study), view=form.view)
    return download(text, "text/csv; charset=utf-8", f"{file_name(study)}.csv")


@page_for(Action.SEE_REPORT)
def planned_table(request: HttpRequest, pk: int) -> HttpResponse:
    study = study_of(pk)
    text = planned_csv(next_tranche(study))
    return download(text, "text/csv; charset=utf-8", f"{file_name(study)}-planned.csv")


@page_for(Action.SEE_REPORT)
def surface_file(request: HttpRequest, pk: int) -> HttpResponse:
    """The study's students as a recorded surface; neither the file nor its name has a name of the study."""
    try:
        text = surface_csv(study_of(pk))
    except NothingRecorded as problem:
        raise Http404(str(problem)) from None
    return download(text, "text/csv; charset=utf-8", f"surface-{pk}.csv")
