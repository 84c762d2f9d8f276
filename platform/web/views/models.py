"""A student, a teacher or a soft-label set: what it cost, how good it is, its card, and a box to try it."""

from functools import partial
from typing import Any

from django.conf import settings
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse

from accounts.permissions import Action
from reports.bills import RULE, Sharing, StudyLedger, read_result
from reports.cards import model_card, write_card
from reports.charts import ReliabilitySeries, reliability_axis, reliability_chart, reliability_csv, reliability_of
from reports.formatting import adding_up
from reports.serving import rate_format
from runs.execution import total_usage
from runs.models import Artifact, ArtifactKind
from runs.queries import teachers_by_seed
from runs.results import (
    CardMissing,
    can_be_exported,
    measure_latency,
    missing_parts,
    serving_figures,
    try_model,
)
from web.forms.charts import AxisWords
from web.forms.reports import TryForm
from web.guards import button_for, page_for
from web.http import carry_out, carry_out_or_say, download, person, stream, unreadable
from web.presenters import shown
from web.views.charting import ChartPart, Panel, ShownChart, chart_file, linked_part, shown_chart

_RELIABILITY_ALT = (
    "Accuracy of the teacher on dev against its confidence, before and after calibration; the table below has the same "
    "figures after it."
)


@page_for(Action.SEE_REPORT)
def artifact(request: HttpRequest, pk: int) -> HttpResponse:
    model = _found(pk)
    return render(request, "web/artifact.html", {**_page(model), **_shown_reliability(request, model)})


@button_for(Action.TRY_MODEL)
def try_artifact(request: HttpRequest, pk: int) -> HttpResponse:
    """Let a model answer what was typed: the whole page, or only its box."""
    model = _found(pk)
    if model.kind == ArtifactKind.SOFT_LABELS:
        raise Http404(f"{model} is no model.")
    study = model.run.study
    form = TryForm(request.POST, task_type=study.task_type)
    context: dict[str, Any] = {"artifact": model, "study": study, "try_form": form}
    if form.is_valid():
        texts = form.cleaned_data
        answer = carry_out(form, lambda: try_model(actor=person(request), artifact=model, texts=texts))
        context["answer"] = answer and shown(study=study, texts=texts, answer=answer)
    if getattr(request, "htmx", False):
        return render(request, "web/try_box.html", context)
    return render(request, "web/artifact.html", {**_page(model), **_shown_reliability(request, model), **context})


@button_for(Action.TRY_MODEL)
def measure_artifact(request: HttpRequest, pk: int) -> HttpResponse:
    """Measure how fast a model answers, put it into its card too, and show its page again."""
    model = _found(pk)

    def measure() -> str:
        measure_latency(actor=person(request), artifact=model)
        return write_card(artifact=model)

    if carry_out_or_say(request, measure):
        messages.success(request, "The latency is measured.")
    return redirect("artifact", pk=pk)


@page_for(Action.SEE_REPORT)
def artifact_card(request: HttpRequest, pk: int) -> HttpResponse:
    try:
        text = model_card(artifact=_found(pk))
    except CardMissing as problem:
        raise Http404(str(problem)) from None
    return download(text, "text/markdown; charset=utf-8", "README.md")


@page_for(Action.SEE_REPORT)
def reliability(request: HttpRequest, pk: int, suffix: str) -> HttpResponseBase:
    """The chart of reliability as a file, or its data."""
    model = _found(pk)
    part, found = _reliability_part(model), reliability_of(model)
    if suffix != "csv":
        return chart_file(request, part, suffix, file_name=f"reliability-{pk}")
    form = part.form(request)
    if not form.is_valid():
        return unreadable(form)
    if found is None:
        raise Http404("These soft labels were scored without a dev split, so that nothing is known of this.")
    return stream(reliability_csv(found, form.view), "text/csv; charset=utf-8", f"reliability-{pk}.csv")


@page_for(Action.SEE_REPORT)
def reliability_part(request: HttpRequest, pk: int) -> HttpResponse:
    return linked_part(request, _reliability_part(_found(pk)))


def _reliability_part(model: Artifact) -> ChartPart:
    found, pk = reliability_of(model), model.pk
    panel = Panel(
        axis=partial(reliability_axis, found),
        draw=lambda view, address: partial(reliability_chart, found, view=view),
        alt=_RELIABILITY_ALT,
        size=(400, 460),
    )
    return ChartPart(
        name="reliability-chart",
        title="Reliability",
        page=reverse("artifact", args=[pk]),
        part=reverse("reliability-part", args=[pk]),
        files=reverse("reliability", args=[pk, "svg"]).removesuffix(".svg"),
        table=reverse("reliability", args=[pk, "csv"]),
        series=ReliabilitySeries.choices,
        words=AxisWords(unit="0 to 1", less="Less confident", more="More confident", whole="All confidence"),
        panels=[panel],
    )


def _shown_reliability(request: HttpRequest, model: Artifact) -> dict[str, ShownChart]:
    """The chart, where a calibration is known."""
    return {"shown": shown_chart(request, _reliability_part(model))} if reliability_of(model) else {}


def _found(pk: int) -> Artifact:
    return get_object_or_404(Artifact.objects.select_related("run__study__budget", "run__snapshot"), pk=pk)


def _page(model: Artifact) -> dict[str, Any]:
    sharing = Sharing(StudyLedger(model.run.study))
    bill = sharing.ledger.bill(run_id=model.run_id)
    shared = sharing.bill(model) if model.kind == ArtifactKind.STUDENT else None
    parts = [line.amount for line in bill.lines], [one.share for one in shared.lines] if shared else []
    is_model = model.kind != ArtifactKind.SOFT_LABELS
    result, teachers = read_result(model.result), teachers_by_seed(model.run)
    return {
        "study": model.run.study,
        "artifact": model,
        "run": model.run,
        "labels": sharing.ledger.labels(run_id=model.run_id),
        "bill": bill,
        "bill_format": adding_up(model.run.study.budget.currency, *parts),
        "shared": shared,
        "uses": [] if shared else sharing.uses(bill),
        "num_students": len(sharing.students),
        "rule": RULE,
        "evaluations": model.evaluations.order_by("-split", "metric"),
        "result": result,
        "seeds": [(one, teachers.get(one.seed or 0)) for one in result.seeds],
        "has_own_teachers": bool(teachers),
        "over_labels": result.over_labels.get(model.run.study.metric),
        "used": total_usage(model.run.attempts.all()),
        "reliability": reliability_of(model),
        "rate_format": rate_format(model.run.study),
        "most_seconds": settings.TRY_SECONDS,
        "missing": missing_parts(model) if is_model else [],
        "serving": serving_figures(model) if is_model else [],
        "can_be_exported": is_model and can_be_exported(model),
        "try_form": TryForm(task_type=model.run.study.task_type) if is_model else None,
    }
