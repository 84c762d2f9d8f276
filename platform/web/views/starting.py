"""Start a run: the form, and beside it what the request would hold, cost and meet."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render

from accounts.permissions import Action
from config.refusals import Refusal
from connections.models import Connection
from runs.control import StartedRuns, start_runs
from runs.requests import finished_teachers
from studies.hashing import digest
from studies.models import Study
from studies.queries import split_counts
from web.forms.runs import StartRunForm
from web.guards import form_for, page_for
from web.http import SHOWN, carry_out, is_as_shown, linked, person, study_of
from web.presenters import quote_runs

MOST_TEACHERS = 20
MOST_VERSIONS = 50


@form_for(Action.START_RUN)
def start_run(request: HttpRequest, pk: int) -> HttpResponse:
    study = study_of(pk)
    form = _form(study, request.POST or None, linked(request, StartRunForm.LINKED))
    quoted = _quoted(request, study)
    # Without scripts a button asks for the quote that is otherwise updated at each change.
    is_start = request.method == "POST" and "check" not in request.POST and form.is_valid()
    if is_start and is_as_shown(request, form, str(quoted.get(SHOWN))):
        started = carry_out(form, lambda: _start(request, study, form))
        if started:
            messages.success(request, str(started))
            return redirect("run", pk=started.last.pk)
    counts = split_counts(study)
    has_model_labels = any(count.num_by_model for count in counts)
    context = {**quoted, "form": form, "counts": counts, "has_model_labels": has_model_labels}
    return render(request, "web/start_run.html", context)


@page_for(Action.START_RUN)
def run_quote(request: HttpRequest, pk: int) -> HttpResponse:
    return render(request, "web/run_quote_swapped.html", {**_quoted(request, study_of(pk)), "is_swapped": True})


def _form(study: Study, data: object, initial: dict[str, str] | None = None) -> StartRunForm:
    return StartRunForm(
        data,
        initial=initial,
        teachers=finished_teachers(study)[:MOST_TEACHERS],
        connections=Connection.objects.filter(is_active=True).order_by("name"),
        task_type=study.definition,
        prompt_versions=study.prompt_versions.order_by("-number")[:MOST_VERSIONS],
    )


def _start(request: HttpRequest, study: Study, form: StartRunForm) -> StartedRuns:
    confirmed = form.cleaned_data["licence_confirmed"]
    return start_runs(actor=person(request), request=form.run_request(study), licence_confirmed=confirmed)


def _quoted(request: HttpRequest, study: Study) -> dict[str, object]:
    """A quote for what the form says so far; where a field is invalid, for its default."""
    form = _form(study, request.POST or request.GET)
    form.is_valid()
    try:
        run_request = form.run_request(study)
        quote = quote_runs(run_request)
    except Refusal as refusal:
        named = form[refusal.field].label if refusal.field in form.fields else ""
        return {"study": study, "form": form, "refusal": f"{named}: {refusal.reason}" if named else str(refusal)}
    shown = digest(run_request, quote.amount if quote else None)
    return {"study": study, "form": form, "quote": quote, SHOWN: shown}
