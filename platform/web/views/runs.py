"""Runs: watch one, pause it, give it more minutes, cancel it."""

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path

from django.contrib import messages
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase, StreamingHttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django_htmx.http import HttpResponseClientRefresh

from accounts.permissions import Action
from connections.queries import outcomes_for, uses_others
from reports.bills import read_result
from reports.charts import curve_axis, curve_chart, curve_csv, curve_series
from runs.control import cancel, cancelled_with, extend, pause, resume
from runs.execution import total_usage
from runs.models import Evaluation, Run
from runs.queries import log_tail, run_totals
from runs.requests import estimate_from_json, is_language_model
from runs.results import (
    FILES,
    CurvePoint,
    curve_points,
    curve_version,
    dev_title,
    first_step,
    loss_shown,
    recipe_choice,
    settings_used,
    time_spent,
    versions_of,
    written_spec,
)
from runs.results import run_file as file_of_run
from studies.models import Split
from studies.queries import num_by_model
from tables.table import counted
from web.forms.charts import AxisWords
from web.forms.runs import ExtendRunForm
from web.guards import button_for, form_for, page_for
from web.http import carry_out_or_say, page_of, person, stream, study_of, unreadable
from web.views.charting import ChartPart, Panel, chart_file, linked_part, shown_chart

LOG_BYTES = 16_000
BYTES_PER_PIECE = 1 << 16


@page_for(Action.SEE_STUDY)
def runs(request: HttpRequest, pk: int) -> HttpResponse:
    study = study_of(pk)
    rows = study.runs.select_related("snapshot", "created_by").order_by("-pk")
    return render(request, "web/runs.html", {"study": study, "page": page_of(request, rows, size=25)})


@page_for(Action.SEE_STUDY)
def run(request: HttpRequest, pk: int) -> HttpResponse:
    shown = get_object_or_404(_with_relations(), pk=pk)
    written = {"settings": settings_used(shown), "spec": written_spec(shown), "versions": versions_of(shown)}
    chosen = {"choice": recipe_choice(shown), "form": ExtendRunForm(), "num_by_model": num_by_model(shown.snapshot)}
    asked = {"outcomes": outcomes_for(shown.source_key), "uses_others": uses_others(shown.source_key)}
    asked = asked if is_language_model(shown.model) else {}
    curves = {"shown": shown_chart(request, _curve_part(shown, curve_points(shown)))}
    return render(request, "web/run.html", {**_context(shown), **curves, **written, **chosen, **asked})


@page_for(Action.SEE_STUDY)
def run_live(request: HttpRequest, pk: int) -> HttpResponse:
    """The part of the run's page that moves. Once the run ends, the whole page is loaded again: all of it changed."""
    shown = get_object_or_404(_with_relations(), pk=pk)
    if shown.is_ended and getattr(request, "htmx", False):
        return HttpResponseClientRefresh()
    return render(request, "web/run_live.html", _context(shown))


def _with_relations() -> QuerySet[Run]:
    return Run.objects.select_related("study__budget", "snapshot", "hold__price__book", "created_by", "artifact")


def _context(shown: Run) -> dict[str, object]:
    attempts = list(shown.attempts.select_related("entry").order_by("number"))
    evaluations = list(Evaluation.objects.filter(artifact__run=shown, split=Split.TEST))
    made = getattr(shown, "artifact", None)
    result = read_result(made.result) if made else None
    return {
        "study": shown.study,
        "run": shown,
        "totals": run_totals(shown),
        "estimate": estimate_from_json(shown.estimate),
        "loss": loss_shown(shown),
        "log": log_tail(shown, LOG_BYTES),
        "attempts": attempts,
        "time": time_spent(shown, attempts),
        "first_step": first_step(shown, attempts),
        "used": total_usage(attempts),
        "curve_version": curve_version(shown),
        "parents": shown.parents.order_by("pk"),
        "children": shown.children.order_by("pk"),
        "evaluations": evaluations,
        "result": result,
        "interval_over": result.interval_over if result else "",
        "over_labels": result.over_labels.get(shown.study.metric) if result else None,
    }


@page_for(Action.SEE_STUDY)
def run_curve(request: HttpRequest, pk: int, suffix: str) -> HttpResponseBase:
    shown = get_object_or_404(Run.objects.select_related("study"), pk=pk)
    found = curve_points(shown)
    part = _curve_part(shown, found)
    if suffix != "csv":
        return chart_file(request, part, suffix, file_name=f"run-{pk}-curves")
    form = part.form(request)
    if not form.is_valid():
        return unreadable(form)
    return stream(curve_csv(found, form.view), "text/csv; charset=utf-8", f"run-{pk}-curves.csv")


@page_for(Action.SEE_STUDY)
def run_curve_part(request: HttpRequest, pk: int) -> HttpResponse:
    """The curves as a part of the run's page; nothing to swap in before the first step."""
    shown = get_object_or_404(Run.objects.select_related("study"), pk=pk)
    if not curve_version(shown):
        return HttpResponse(status=204)
    return linked_part(request, _curve_part(shown, curve_points(shown)))


def _curve_part(shown: Run, found: Sequence[CurvePoint]) -> ChartPart:
    metric, pk = dev_title(shown), shown.pk
    panel = Panel(
        axis=partial(curve_axis, found),
        draw=lambda view, address: partial(curve_chart, found, metric=metric, view=view),
        alt=f"Loss by step{', and the score on dev' if shown.dev_id else ''}, one line per training; the CSV has the "
        "same figures.",
        size=(760, 440),
    )
    return ChartPart(
        name="run-chart",
        title="Loss and dev score",
        page=reverse("run", args=[pk]),
        part=reverse("run-curve-part", args=[pk]),
        files=reverse("run-curve", args=[pk, "svg"]).removesuffix(".svg"),
        table=reverse("run-curve", args=[pk, "csv"]),
        series=curve_series(found, metric=metric),
        words=AxisWords(unit="steps", less="Earlier", more="Later", whole="All steps"),
        panels=[panel],
        # The page names another version as soon as the curves moved.
        version=str(curve_version(shown) or ""),
        is_moving=not shown.is_ended,
    )


@page_for(Action.SEE_STUDY)
def run_file(request: HttpRequest, pk: int, name: str) -> StreamingHttpResponse:
    """A file as the run wrote it: the whole log, the spec that the trainer was given, the result."""
    shown = get_object_or_404(Run, pk=pk)
    path = file_of_run(shown, name)
    if path is None:
        raise Http404(f"{shown} has written no {name}.")
    return stream(_pieces(path), FILES[name], f"run-{pk}-{name}")


def _pieces(path: Path) -> Iterator[bytes]:
    with path.open("rb") as file:
        while piece := file.read(BYTES_PER_PIECE):
            yield piece


@form_for(Action.CANCEL_RUN)
def cancel_run(request: HttpRequest, pk: int) -> HttpResponse:
    """Ask first, saying what it costs and what is kept; then cancel."""
    if request.method == "GET":
        shown = get_object_or_404(_with_relations(), pk=pk)
        if shown.is_ended or shown.cancel_requested_at:
            return redirect("run", pk=pk)
        context = {"run": shown, "study": shown.study, "totals": run_totals(shown), "others": cancelled_with(run=shown)}
        return render(request, "web/cancel_run.html", context)
    done = "Cancelling the run. It is billed for the time used."
    return _do(request, pk, cancel, done)


@button_for(Action.CANCEL_RUN)
def pause_run(request: HttpRequest, pk: int) -> HttpResponse:
    return _do(request, pk, pause, "Pausing the run: it saves a checkpoint and keeps the rest of its hold.")


@button_for(Action.START_RUN)
def resume_run(request: HttpRequest, pk: int) -> HttpResponse:
    done = "Resumed: the run starts from its checkpoint once a worker is free and its budget is not stopped."
    return _do(request, pk, resume, done)


@button_for(Action.START_RUN)
def extend_run(request: HttpRequest, pk: int) -> HttpResponse:
    form = ExtendRunForm(request.POST)
    if not form.is_valid():
        messages.error(request, f"More minutes: {' '.join(str(reason) for reason in form.errors['minutes'])}")
        return redirect("run", pk=pk)
    minutes = form.cleaned_data["minutes"]
    done = f"The run has {counted(minutes, 'more minute')}; their cost is held."
    return _do(request, pk, partial(extend, minutes=minutes), done)


def _do(request: HttpRequest, pk: int, operation: Callable[..., Run], done: str) -> HttpResponse:
    """Carry out what a button of the run's page asks for, and show the page again."""
    shown = get_object_or_404(Run, pk=pk)
    if carry_out_or_say(request, lambda: operation(actor=person(request), run=shown)):
        messages.success(request, done)
    return redirect("run", pk=pk)
