"""Runs: start one, watch it, pause it, give it more minutes, cancel it."""

from collections.abc import Callable

from django.contrib import messages
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.models import User
from accounts.permissions import Action, allowed
from budgets.models import Path
from runs.estimates import from_json
from runs.models import Evaluation, Run
from runs.operations import cancel, extend, pause, resume, start_annotate, start_distil
from runs.queries import log_tail, standing
from studies.models import Split, Study
from studies.queries import split_counts
from web.forms.runs import ExtendRunForm, StartRunForm
from web.paging import page_of
from web.people import person
from web.problems import carry_out, carry_out_or_say
from web.run_quotes import RunQuote, quote_runs

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


def _quote(request: HttpRequest, study: Study) -> RunQuote | None:
    """A quote for what the form says so far; where a field is not filled in well, for its default."""
    form = StartRunForm(request.POST or request.GET)
    form.is_valid()
    values = form.cleaned_data
    return quote_runs(
        study=study,
        path=Path(values.get("path") or Path.ANNOTATE),
        plan=form.plan(),
        num_labels=values.get("num_labels"),
        num_unlabelled=values.get("num_unlabelled") or 0,
    )


@allowed(Action.SEE_STUDY)
@require_safe
def run(request: HttpRequest, pk: int) -> HttpResponse:
    shown = get_object_or_404(_with_relations(), pk=pk)
    return render(request, "web/run.html", {**_context(shown), "form": ExtendRunForm()})


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
        "standing": standing(shown),
        "estimate": from_json(shown.estimate),
        "log": log_tail(shown, LOG_BYTES),
        "attempts": shown.attempts.select_related("entry").order_by("number"),
        "parents": shown.parents.order_by("pk"),
        "children": shown.children.order_by("pk"),
        "evaluations": Evaluation.objects.filter(artifact__run=shown, split=Split.TEST),
    }


@allowed(Action.CANCEL_RUN)
@require_POST
def cancel_run(request: HttpRequest, pk: int) -> HttpResponse:
    said = "The run is told to stop. It is billed for the time that it used."
    return _do(request, pk, lambda run: cancel(actor=person(request), run=run), said)


@allowed(Action.CANCEL_RUN)
@require_POST
def pause_run(request: HttpRequest, pk: int) -> HttpResponse:
    said = "The run is told to save a checkpoint and pause. The rest of its hold stays."
    return _do(request, pk, lambda run: pause(actor=person(request), run=run), said)


@allowed(Action.START_RUN)
@require_POST
def resume_run(request: HttpRequest, pk: int) -> HttpResponse:
    said = "The run goes on where it stood, as soon as a worker is free and its budget is not stopped."
    return _do(request, pk, lambda run: resume(actor=person(request), run=run), said)


@allowed(Action.START_RUN)
@require_POST
def extend_run(request: HttpRequest, pk: int) -> HttpResponse:
    form = ExtendRunForm(request.POST)
    if not form.is_valid():
        messages.error(request, f"More minutes: {' '.join(str(reason) for reason in form.errors['minutes'])}")
        return redirect("run", pk=pk)
    minutes = form.cleaned_data["minutes"]
    said = f"The run has {minutes:,} more minute{'s' if minutes > 1 else ''}; their price is held."
    return _do(request, pk, lambda run: extend(actor=person(request), run=run, minutes=minutes), said)


def _do(request: HttpRequest, pk: int, operation: Callable[[Run], Run], said: str) -> HttpResponse:
    """Carry out what a button of the run's page asks for, and show the page again."""
    shown = get_object_or_404(Run, pk=pk)
    if carry_out_or_say(request, lambda: operation(shown)):
        messages.success(request, said)
    return redirect("run", pk=pk)
