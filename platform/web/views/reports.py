"""The report and its exports, one student's bill of materials, and the ledger behind every figure."""

from django.db.models import F, QuerySet, Sum, Window
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils.text import slugify
from django.views.decorators.http import require_safe

from accounts.permissions import Action, allowed, allows
from budgets.models import LedgerEntry
from reports.bills import Part, bill_of
from reports.charts import THEMES, NothingToDraw, utility_chart
from reports.exports import report_csv
from reports.queries import Reason, entries_of, points, report_of, unused_entries
from runs.models import Artifact
from studies.models import Study
from web.paging import page_of
from web.people import person


@allowed(Action.SEE_REPORT)
@require_safe
def report(request: HttpRequest, pk: int) -> HttpResponse:
    study = get_object_or_404(Study.objects.select_related("budget"), pk=pk)
    return render(request, "web/report.html", {"study": study, "report": report_of(study), "parts": Part})


@allowed(Action.SEE_REPORT)
@require_safe
def report_table(request: HttpRequest, pk: int) -> HttpResponse:
    study = get_object_or_404(Study.objects.select_related("budget"), pk=pk)
    return _download(report_csv(report_of(study)), "text/csv; charset=utf-8", f"{_file_name(study)}.csv")


@allowed(Action.SEE_REPORT)
@require_safe
def report_chart(request: HttpRequest, pk: int, suffix: str) -> HttpResponse:
    """The chart as SVG or PNG; `theme` light or dark, `download` to save it instead of showing it."""
    study = get_object_or_404(Study.objects.select_related("budget"), pk=pk)
    theme = THEMES.get(request.GET.get("theme", "light"), THEMES["light"])
    try:
        chart = utility_chart(points(study), theme=theme, study=study.name)
    except NothingToDraw as problem:
        raise Http404(str(problem)) from None
    content, kind = (chart.png(), "image/png") if suffix == "png" else (chart.svg(), "image/svg+xml")
    if "download" in request.GET:
        return _download(content, kind, f"{_file_name(study)}.{suffix}")
    return HttpResponse(content, content_type=kind)


def _file_name(study: Study) -> str:
    return slugify(study.name) or f"study-{study.pk}"


def _download(content: str | bytes, kind: str, file_name: str) -> HttpResponse:
    headers = {"Content-Disposition": f'attachment; filename="{file_name}"'}
    return HttpResponse(content, content_type=kind, headers=headers)


@allowed(Action.SEE_REPORT)
@require_safe
def artifact(request: HttpRequest, pk: int) -> HttpResponse:
    shown = get_object_or_404(Artifact.objects.select_related("run__study__budget", "run__snapshot"), pk=pk)
    context = {
        "study": shown.run.study,
        "artifact": shown,
        "run": shown.run,
        "bill": bill_of(artifact=shown),
        "evaluations": shown.evaluations.order_by("-split", "metric"),
    }
    return render(request, "web/artifact.html", context)


@allowed(Action.SEE_LEDGER)
@require_safe
def ledger(request: HttpRequest, pk: int) -> HttpResponse:
    study = get_object_or_404(Study.objects.select_related("budget"), pk=pk)
    bill, part, unused = (request.GET.get(name, "") for name in ("bill", "part", "unused"))
    entries = _entries(study, bill, part, unused).select_related("price__book", "reversal", "reverses")
    running = Window(Sum("amount"), order_by=[F("occurred_at").asc(), F("pk").asc()])
    context = {
        "study": study,
        "page": page_of(request, entries.annotate(running=running).order_by("-occurred_at", "-pk")),
        "total": entries.aggregate(total=Sum("amount"))["total"] or 0,
        "what": _what(bill, part, unused),
        "bill": bill,
        "part": part,
        "unused": unused,
        "parts": Part,
        "students": Artifact.objects.filter(run__study=study, kind=Artifact.Kind.STUDENT).select_related("run"),
        "may_correct": allows(actor=person(request), action=Action.CORRECT_LEDGER),
    }
    return render(request, "web/ledger.html", context)


def _entries(study: Study, bill: str, part: str, unused: str) -> QuerySet[LedgerEntry]:
    """The entries that the filters leave: of an artifact's bill, of one part of it, or of no bill at all."""
    if bill:
        artifacts = Artifact.objects.filter(run__study=study)
        shown = get_object_or_404(artifacts, pk=int(bill) if bill.isdecimal() else 0)
        return entries_of(artifact=shown, part=Part(part) if part in Part.values else None)
    if unused:
        found = unused_entries(study)
        groups = [group for group in found.groups if unused in ("all", group.reason)]
        ids = [entry_id for group in groups for entry_id in group.entry_ids]
        return LedgerEntry.objects.filter(pk__in=ids)
    return LedgerEntry.objects.filter(budget=study.budget)


def _what(bill: str, part: str, unused: str) -> str:
    if bill:
        named = f", {Part(part).label.lower()}" if part in Part.values else ""
        return f"Bill of materials of artifact {bill}{named}"
    if unused:
        return Reason(unused).label if unused in Reason.values else "In no trained student's bill"
    return "All entries"
