"""The statement of a study, and the reconciliation of every total with its rows."""

from django.db.models import Sum
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone

from accounts.permissions import Action
from budgets.models import Budget, Tally
from reports.bills import RULE
from reports.costs import MOST_LISTED, Grouping, names_of, statement_of
from reports.verify import verify
from web.forms.costs import StatementForm
from web.guards import page_for
from web.http import study_of

ALL = "all"


@page_for(Action.SEE_COSTS)
def statement(request: HttpRequest, pk: int) -> HttpResponse:
    """Of the days that the address names, else from the study's first day until today."""
    study = study_of(pk)
    whole = {"first": study.budget.created_at.date(), "last": timezone.now().date()}
    form = StatementForm({name: request.GET.get(name, day) for name, day in whole.items()})
    found = statement_of(study=study, days=form.days()) if form.is_valid() else None
    context = {"study": study, "form": form, "statement": found, "rule": RULE, "most_listed": MOST_LISTED}
    return render(request, "web/statement.html", context)


@page_for(Action.RECONCILE)
def reconciliation(request: HttpRequest) -> HttpResponse:
    """All budgets with their stored totals; those that the address names are rebuilt from their rows."""
    budgets = list(Budget.objects.order_by("pk"))
    asked = request.GET.get("budget", "")
    chosen = [budget for budget in budgets if asked in (ALL, str(budget.pk))]
    if asked and not chosen and budgets:
        raise Http404(f"There is no budget {asked}.")
    num_entries = dict(Tally.objects.order_by().values_list("budget").annotate(Sum("num_entries")))
    names = names_of(by=Grouping.STUDY, keys=[budget.pk for budget in budgets])
    context = {
        "rows": [(budget, names[budget.pk], num_entries.get(budget.pk, 0)) for budget in budgets],
        "asked": asked,
        "num_entries": sum(num_entries.values()),
        "checked": [names[budget.pk] for budget in chosen],
        "differences": verify(budgets=chosen),
        "checked_at": timezone.now(),
    }
    return render(request, "web/reconciliation.html", context)
