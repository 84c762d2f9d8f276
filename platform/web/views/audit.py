"""The audit trail: who changed what, from what to what."""

from collections.abc import Iterable

from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import render
from django.urls import reverse

from accounts.models import AuditRecord
from accounts.permissions import Action
from accounts.queries import audit_records
from reports.audit import ROWS_AT_A_TIME, audit_csv
from studies.models import Study
from web.forms.audit import AuditFilterForm
from web.guards import page_for
from web.http import page_of, stream, unreadable

_STUDY_PAGES = {"autopilot": "autopilot", "budget": "budget", "labelling": "labelling", "ledger": "ledger"}


@page_for(Action.SEE_AUDIT)
def audit(request: HttpRequest) -> HttpResponse:
    form = AuditFilterForm(request.GET)
    rows = audit_records(wanted=form.wanted()) if form.is_valid() else AuditRecord.objects.none()
    page = page_of(request, rows)
    filters = request.GET.copy()
    filters.pop("page", None)
    context = {"form": form, "page": page, "links": _links(page), "filters": filters.urlencode()}
    return render(request, "web/audit.html", context)


@page_for(Action.SEE_AUDIT)
def audit_table(request: HttpRequest) -> HttpResponseBase:
    form = AuditFilterForm(request.GET)
    if not form.is_valid():
        return unreadable(form)
    rows = audit_records(wanted=form.wanted()).iterator(chunk_size=ROWS_AT_A_TIME)
    return stream(audit_csv(rows), "text/csv; charset=utf-8", "audit.csv")


def _links(records: Iterable[AuditRecord]) -> dict[int, str]:
    """Where what a record tells of can be seen, by the record's id: a run's own page, or one of its study's."""
    budgets = {one.budget_id for one in records if one.budget_id is not None}
    studies = dict(Study.objects.filter(budget__in=budgets).values_list("budget", "pk"))
    links = {}
    for one in records:
        if one.subject_type == "run":
            links[one.pk] = reverse("run", args=[one.subject_id])
        elif one.budget_id in studies:
            links[one.pk] = reverse(_STUDY_PAGES.get(one.subject_type, "study"), args=[studies[one.budget_id]])
    return links
