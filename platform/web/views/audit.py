"""The audit trail: who changed what, from what to what."""

from collections.abc import Iterable

from django.http import HttpRequest, HttpResponse, HttpResponseBase, StreamingHttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from accounts.models import AuditRecord
from accounts.permissions import Action, allowed
from accounts.queries import audit_records
from reports.audit import ROWS_AT_A_TIME, audit_csv
from studies.models import Study
from web.forms.audit import AuditFilterForm
from web.paging import page_of


@allowed(Action.SEE_AUDIT)
@require_safe
def audit(request: HttpRequest) -> HttpResponse:
    form = AuditFilterForm(request.GET)
    rows = audit_records(wanted=form.wanted()) if form.is_valid() else AuditRecord.objects.none()
    page = page_of(request, rows)
    filters = request.GET.copy()
    filters.pop("page", None)
    context = {"form": form, "page": page, "studies": _studies(page), "filters": filters.urlencode()}
    return render(request, "web/audit.html", context)


@allowed(Action.SEE_AUDIT)
@require_safe
def audit_table(request: HttpRequest) -> HttpResponseBase:
    """The records that the filters leave, streamed: however many there are, few are in memory at once."""
    form = AuditFilterForm(request.GET)
    if not form.is_valid():
        return HttpResponse(form.errors.as_text(), status=400, content_type="text/plain; charset=utf-8")
    rows = audit_records(wanted=form.wanted()).iterator(chunk_size=ROWS_AT_A_TIME)
    headers = {"Content-Disposition": 'attachment; filename="audit.csv"'}
    return StreamingHttpResponse(audit_csv(rows), content_type="text/csv; charset=utf-8", headers=headers)


def _studies(records: Iterable[AuditRecord]) -> dict[int, Study]:
    """The studies that the records belong to, by their budgets."""
    budgets = {one.budget_id for one in records if one.budget_id is not None}
    return {study.budget_id: study for study in Study.objects.filter(budget__in=budgets)}
