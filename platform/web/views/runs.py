"""Runs: start one, watch it, cancel it."""

from django.contrib import messages
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.models import User
from accounts.permissions import Action, allowed
from budgets.models import Path
from runs.models import Evaluation, Run
from runs.operations import cancel, start_annotate, start_distil
from runs.queries import live_cost, log_tail
from studies.models import Split, Study
from studies.queries import split_counts
from web.forms.runs import PLAIN, StartRunForm
from web.paging import page_of
from web.people import person
from web.problems import carry_out, carry_out_or_say
from web.quotes import Quote, quote_runs

LOG_BYTES = 16_000


@allowed(Action.SEE_STUDY)
@require_safe
def runs(request: HttpRequest, pk: int) -> HttpResponse:
    study = get_object_or_404(Study.objects.select_related("budget"), pk=pk)
    rows = study.runs.select_related("snapshot", "created_by").order_by("-pk")
    return render(request, "web/runs.html", {"study": study, "page": page_of(request, rows, size=25)})


@allowed(Action.START_RUN)
@require_http_methods(["GET", "POST"])
def start_run(request: HttpRequest, pk: int) -> HttpResponse:
    study = get_object_or_404(Study.objects.select_related("budget__price_book"), pk=pk)
    form = StartRunForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        run = carry_out(form, lambda: _start(person(request), study, form))
        if run:
            messages.success(request, f"{run} is asked for. An equal run that was there already is shared.")
            return redirect("run", pk=run.pk)
    context = {"study": study, "form": form, "counts": split_counts(study), "quote": _quote(request, study)}
    return render(request, "web/start_run.html", context)


def _start(actor: User, study: Study, form: StartRunForm) -> Run:
    values, plan = form.cleaned_data, form.plan()
    num_labels = values["num_labels"]
    if values["path"] == Path.ANNOTATE:
        return start_annotate(actor=actor, study=study, num_labels=num_labels, plan=plan)
    return start_distil(
        actor=actor, study=study, num_labels=num_labels, num_unlabelled=values["num_unlabelled"], plan=plan
    )


@allowed(Action.START_RUN)
@require_safe
def run_quote(request: HttpRequest, pk: int) -> HttpResponse:
    study = get_object_or_404(Study.objects.select_related("budget__price_book"), pk=pk)
    return render(request, "web/run_quote.html", {"study": study, "quote": _quote(request, study)})


def _quote(request: HttpRequest, study: Study) -> Quote | None:
    """A quote for what the form says so far; where a field is not filled in well, for its default."""
    values = request.POST or request.GET
    path = Path(values["path"]) if values.get("path") in Path.values else Path.ANNOTATE
    minutes = values.get("max_minutes", "")
    max_minutes = int(minutes) if minutes.isdecimal() and len(minutes) < 7 else PLAIN.max_minutes
    return quote_runs(study=study, path=path, max_minutes=max_minutes)


@allowed(Action.SEE_STUDY)
@require_safe
def run(request: HttpRequest, pk: int) -> HttpResponse:
    shown = get_object_or_404(_with_relations(), pk=pk)
    return render(request, "web/run.html", _context(shown))


@allowed(Action.SEE_STUDY)
@require_safe
def run_live(request: HttpRequest, pk: int) -> HttpResponse:
    """The part of the run's page that moves; the page asks for it again until the run has ended."""
    shown = get_object_or_404(_with_relations(), pk=pk)
    return render(request, "web/run_live.html", _context(shown))


def _with_relations() -> QuerySet[Run]:
    return Run.objects.select_related("study__budget", "snapshot", "hold__price__book", "created_by", "artifact")


def _context(shown: Run) -> dict[str, object]:
    return {
        "study": shown.study,
        "run": shown,
        "cost": live_cost(shown),
        "log": log_tail(shown, LOG_BYTES),
        "attempts": shown.attempts.select_related("entry").order_by("number"),
        "parents": shown.parents.order_by("pk"),
        "children": shown.children.order_by("pk"),
        "evaluations": Evaluation.objects.filter(artifact__run=shown, split=Split.TEST),
    }


@allowed(Action.CANCEL_RUN)
@require_POST
def cancel_run(request: HttpRequest, pk: int) -> HttpResponse:
    shown = get_object_or_404(Run, pk=pk)
    if carry_out_or_say(request, lambda: cancel(actor=person(request), run=shown)):
        messages.success(request, "The run is told to stop. It is billed for the time that it used.")
    return redirect("run", pk=pk)
