"""Start a run: the form, and beside it what the request would hold, cost and meet."""

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_http_methods, require_safe

from accounts.models import User
from accounts.permissions import Action, allowed
from budgets.models import Path
from config.refusals import Refusal
from runs.control import start_annotate, start_distil, what_was_started
from runs.models import Run
from runs.requests import finished_teachers
from studies.models import Study
from studies.queries import split_counts
from studies.task_types import TASK_TYPES
from web.forms.runs import StartRunForm
from web.http import carry_out, person
from web.presenters import SHOWN, is_as_shown, quote_runs, shown_as

MOST_TEACHERS = 20


@allowed(Action.START_RUN)
@require_http_methods(["GET", "POST"])
def start_run(request: HttpRequest, pk: int) -> HttpResponse:
    study = _study(pk)
    form = _form(study, request.POST or None)
    quoted = _quoted(request, study)
    # A browser without scripts asks by a button what the others are told at each change.
    is_asked = request.method == "POST" and "check" not in request.POST and form.is_valid()
    if is_asked and is_as_shown(request, form, str(quoted.get(SHOWN))):
        run = carry_out(form, lambda: _start(person(request), study, form))
        if run:
            messages.success(request, what_was_started(run))
            return redirect("run", pk=run.pk)
    context = {**quoted, "form": form, "counts": split_counts(study)}
    return render(request, "web/start_run.html", context)


@allowed(Action.START_RUN)
@require_safe
def run_quote(request: HttpRequest, pk: int) -> HttpResponse:
    return render(request, "web/run_quote_swapped.html", {**_quoted(request, _study(pk)), "is_swapped": True})


def _study(pk: int) -> Study:
    return get_object_or_404(Study.objects.select_related("budget__price_book"), pk=pk)


def _form(study: Study, data: object) -> StartRunForm:
    kind = TASK_TYPES[study.task_type]
    return StartRunForm(
        data,
        teachers=finished_teachers(study)[:MOST_TEACHERS],
        poolings=kind.poolings,
        has_words=kind.unit == "word",
    )


def _start(actor: User, study: Study, form: StartRunForm) -> Run:
    values, plan = form.cleaned_data, form.plan()
    num_labels = values["num_labels"]
    if form.money_path == Path.ANNOTATE:
        return start_annotate(actor=actor, study=study, num_labels=num_labels, plan=plan)
    return start_distil(
        actor=actor,
        study=study,
        num_labels=num_labels,
        num_unlabelled=values["num_unlabelled"],
        plan=plan,
        licence_confirmed=values["licence_confirmed"],
    )


def _quoted(request: HttpRequest, study: Study) -> dict[str, object]:
    """A quote for what the form says so far; where a field is not filled in well, for its default."""
    form = _form(study, request.POST or request.GET)
    form.is_valid()
    values = form.cleaned_data
    try:
        asked: dict[str, Any] = {
            "path": form.money_path,
            "plan": form.plan(),
            "num_labels": values.get("num_labels"),
            "num_unlabelled": values.get("num_unlabelled") or 0,
        }
        quote = quote_runs(study=study, **asked)
    except Refusal as refusal:
        return {"study": study, "form": form, "refusal": str(refusal)}
    shown = shown_as(*asked.values(), quote.amount if quote else None)
    return {"study": study, "form": form, "quote": quote, SHOWN: shown}
