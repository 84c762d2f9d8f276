"""The entries behind every figure, and what lies behind each entry."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render

from accounts.permissions import Action, allows
from budgets.models import LedgerEntry, sum_of
from budgets.money import ZERO
from reports.bills import BillSection
from reports.costs import (
    BadCursor,
    Cursor,
    EntryPage,
    entry_page,
    page_of_rows,
    related,
    running_total,
    total_of,
)
from reports.queries import Reason, entries_of, unused_entries
from reports.sources import EntrySource, sources_of
from runs.models import Artifact, ArtifactKind
from studies.models import Study
from web.forms.costs import CostFilterForm
from web.guards import page_for
from web.http import person, study_of


@dataclass(frozen=True, kw_only=True)
class ShownEntry:
    """An entry of a list, with what it is for, and the running total of the list."""

    entry: LedgerEntry
    source: EntrySource | None
    running: Decimal | None


@page_for(Action.SEE_LEDGER)
def ledger(request: HttpRequest, pk: int) -> HttpResponse:
    study = study_of(pk)
    bill, part, unused = (request.GET.get(name, "") for name in ("bill", "part", "unused"))
    form = CostFilterForm(request.GET, study=study)
    context = {
        **(_of_list(request, _listed(study, bill, part, unused)) if bill or unused else _of_study(request, form)),
        "study": study,
        "form": form,
        "what": _what(bill, part, unused),
        "bill": bill,
        "part": part,
        "unused": unused,
        "sections": BillSection,
        "students": Artifact.objects.filter(run__study=study, kind=ArtifactKind.STUDENT).select_related("run"),
        "may_correct": allows(actor=person(request), action=Action.CORRECT_LEDGER),
    }
    return render(request, "web/ledger.html", context)


@page_for(Action.SEE_LEDGER)
def cost_entries(request: HttpRequest) -> HttpResponse:
    """Entries of all studies; amounts are of different currencies, so there is no running total."""
    form = CostFilterForm(request.GET)
    context: dict[str, Any] = {"form": form, "totals": []}
    if form.is_valid():
        wanted, after = form.wanted(), _cursor(request, form)
        page = entry_page(wanted=wanted, after=after)
        context |= {"totals": total_of(wanted=wanted), **_list(page, running=None), "carried": form.carried()}
    return render(request, "web/cost_entries.html", context)


@page_for(Action.SEE_LEDGER)
def entry(request: HttpRequest, pk: int) -> HttpResponse:
    rows = LedgerEntry.objects.select_related(
        "budget__study", "price__book", "price__created_by", "payee", "hold", "reverses", "reversal", "replaces"
    )
    shown = get_object_or_404(rows, pk=pk)
    context = {
        "entry": shown,
        "study": getattr(shown.budget, "study", None),
        "source": sources_of([shown]).get(shown.subject_key),
        "related": related(shown),
        "may_correct": allows(actor=person(request), action=Action.CORRECT_LEDGER),
    }
    return render(request, "web/entry.html", context)


def _of_study(request: HttpRequest, form: CostFilterForm) -> dict[str, Any]:
    if not form.is_valid():
        return {"rows": [], "total": ZERO, "num_entries": 0}
    wanted, after = form.wanted(), _cursor(request, form)
    page = entry_page(wanted=wanted, after=after)
    # A study has one currency.
    found = next(iter(total_of(wanted=wanted)), None)
    return {
        **_list(page, running=running_total(wanted=wanted, after=after)),
        "total": found.amount if found else ZERO,
        "num_entries": found.num_entries if found else 0,
        "is_filtered": len(wanted.where) > 1 or bool(wanted.first_month or wanted.last_month),
        "carried": form.carried(),
    }


def _of_list(request: HttpRequest, rows: QuerySet[LedgerEntry]) -> dict[str, Any]:
    """The entries of a bill, or of no bill: found by lineage, so there is no tally of them."""
    after = _cursor(request, None)
    reached = rows.filter(after.earlier()) if after else rows
    return {
        **_list(page_of_rows(reached), running=sum_of(reached)),
        "total": sum_of(rows),
        "num_entries": rows.count(),
    }


def _list(page: EntryPage, *, running: Decimal | None) -> dict[str, Any]:
    return {"rows": _shown(page.entries, running), "older": page.older}


def _shown(entries: Sequence[LedgerEntry], running: Decimal | None) -> Iterable[ShownEntry]:
    sources = sources_of(entries)
    shown = []
    for one in entries:
        shown.append(ShownEntry(entry=one, source=sources.get(one.subject_key), running=running))
        running = None if running is None else running - one.amount
    return shown


def _cursor(request: HttpRequest, form: CostFilterForm | None) -> Cursor | None:
    """Where the page begins. A place that was made up is the first page, and says so beside the filters."""
    try:
        return Cursor.parse(request.GET.get("after", ""))
    except BadCursor as problem:
        if form is not None:
            form.add_error(None, str(problem))
        return None


def _listed(study: Study, bill: str, part: str, unused: str) -> QuerySet[LedgerEntry]:
    """The entries of an artifact's bill, of one part of it, or of no bill at all."""
    if part and part not in BillSection.values:
        raise Http404(f"A bill has no part {part!r}; it has {', '.join(BillSection.values)}.")
    if unused not in ("", "all", *Reason.values):
        raise Http404(f"{unused!r} is no reason that costs are unused; there are {', '.join(Reason.values)}.")
    if bill:
        artifacts = Artifact.objects.filter(run__study=study)
        shown = get_object_or_404(artifacts, pk=int(bill) if bill.isdecimal() else 0)
        return entries_of(artifact=shown, section=BillSection(part) if part else None)
    groups = [group for group in unused_entries(study).groups if unused in ("all", group.reason)]
    return LedgerEntry.objects.filter(pk__in=[entry_id for group in groups for entry_id in group.entry_ids])


def _what(bill: str, part: str, unused: str) -> str:
    if bill:
        named = f", {BillSection(part).label.lower()}" if part else ""
        return f"Bill of materials of artifact {bill}{named}"
    if unused:
        return Reason(unused).label if unused in Reason.values else "In no trained student's bill"
    return "Entries"
