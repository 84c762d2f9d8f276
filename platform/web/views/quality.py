"""How well a trained model tells each class, and learning curves over a study's students."""

from collections.abc import Callable
from functools import partial
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, render
from django.urls import reverse

from accounts.permissions import Action
from reports.charts import ChartSpec, ChartView, LearningSeries, is_on_curve, learning_axis, learning_chart
from reports.quality import (
    FEWEST_EXAMPLES,
    MOST_CLASSES,
    MOST_IN_MATRIX,
    MOST_ROWS,
    NO_ANSWER,
    LearningCurves,
    NoAnswers,
    StudentQuality,
    class_csv,
    confusion_csv,
    last_step,
    learning_csv,
    learning_curves,
    quality_of,
)
from runs.models import Artifact, ArtifactKind
from studies.models import Study
from web.forms.charts import AxisWords
from web.guards import page_for
from web.http import stream, study_of, unreadable
from web.presenters import shown_scores
from web.views.charting import Address, ChartPart, Panel, chart_file, linked_part, shown_chart

_SCORE_TITLES = ("Precision", "Recall", "F1")
_CSV = "text/csv; charset=utf-8"
_LEARNING_ALT = (
    "F1 of each class against the labels that a student was trained on; the table below has the same figures."
)


@page_for(Action.SEE_REPORT)
def quality(request: HttpRequest, pk: int) -> HttpResponse:
    model = _found(pk)
    bounds = {"most_in_matrix": MOST_IN_MATRIX, "most_rows": MOST_ROWS, "fewest": FEWEST_EXAMPLES}
    context: dict[str, Any] = {"study": model.run.study, "artifact": model, "score_titles": _SCORE_TITLES, **bounds}
    try:
        found = context["quality"] = quality_of(model)
        context["lowest"] = shown_scores(study=model.run.study, rows=found.lowest, no_answer=NO_ANSWER)
    except NoAnswers as problem:
        context["problem"] = str(problem)
    return render(request, "web/quality.html", context)


@page_for(Action.SEE_REPORT)
def class_table(request: HttpRequest, pk: int) -> HttpResponseBase:
    return stream(class_csv(_read(pk)), _CSV, f"classes-{pk}.csv")


@page_for(Action.SEE_REPORT)
def confusion_table(request: HttpRequest, pk: int) -> HttpResponseBase:
    found = _read(pk)
    if found.confusions is None:
        raise Http404("An example may have several labels, so that none of them stands for another.")
    return stream(confusion_csv(found), _CSV, f"confusions-{pk}.csv")


@page_for(Action.SEE_REPORT)
def learning(request: HttpRequest, pk: int) -> HttpResponse:
    study = _with_labels(pk)
    curves = learning_curves(study)
    bounds = {"most_classes": MOST_CLASSES, "most_rows": MOST_ROWS}
    context = {"study": study, "curves": curves, "step": last_step(curves), **bounds}
    return render(request, "web/learning.html", {**context, "shown": shown_chart(request, _part(curves))})


@page_for(Action.SEE_REPORT)
def learning_table(request: HttpRequest, pk: int) -> HttpResponseBase:
    """All students of the curves, or those that the address's view of the chart shows."""
    curves = learning_curves(_with_labels(pk))
    form = _part(curves).form(request)
    if not form.is_valid():
        return unreadable(form)
    lines = learning_csv(curves, shows=partial(is_on_curve, view=form.view))
    return stream(lines, _CSV, f"learning-curves-{pk}.csv")


@page_for(Action.SEE_REPORT)
def learning_drawing(request: HttpRequest, pk: int, suffix: str) -> HttpResponse:
    part = _part(learning_curves(_with_labels(pk)))
    return chart_file(request, part, suffix, file_name=f"learning-curves-{pk}")


@page_for(Action.SEE_REPORT)
def learning_part(request: HttpRequest, pk: int) -> HttpResponse:
    return linked_part(request, _part(learning_curves(_with_labels(pk))))


def _part(curves: LearningCurves) -> ChartPart:
    pk = curves.study.pk

    def draw(view: ChartView, address: Address | None) -> Callable[..., ChartSpec]:
        ids = (one.artifact.pk for one in curves.students)
        links = {pk: address(reverse("quality", args=[pk])) for pk in ids} if address else None
        return partial(learning_chart, curves, view=view, links=links)

    panel = Panel(axis=partial(learning_axis, curves), draw=draw, alt=_LEARNING_ALT, size=(680, 480))
    return ChartPart(
        name="learning-chart",
        title="Learning curves, class by class",
        page=reverse("learning-curves", args=[pk]),
        part=reverse("learning-part", args=[pk]),
        files=reverse("learning-chart", args=[pk, "svg"]).removesuffix(".svg"),
        table=reverse("learning-table", args=[pk]),
        series=LearningSeries.choices,
        words=AxisWords(unit="labels", less="Fewer", more="More", whole="All numbers of labels"),
        panels=[panel],
    )


def _with_labels(pk: int) -> Study:
    study = study_of(pk)
    if not study.definition.has_labels:
        raise Http404("The answers of this study are written: it has no classes to follow.")
    return study


def _found(pk: int) -> Artifact:
    """A model; soft labels answer no measured example."""
    models = Artifact.objects.exclude(kind=ArtifactKind.SOFT_LABELS)
    return get_object_or_404(models.select_related("run__study__budget"), pk=pk)


def _read(pk: int) -> StudentQuality:
    try:
        return quality_of(_found(pk))
    except NoAnswers as problem:
        raise Http404(str(problem)) from None
