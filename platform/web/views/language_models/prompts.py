"""The prompt of a study: its versions, what a preview of it would cost, and the answers that were bought."""

from collections.abc import Callable

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django_htmx.http import HttpResponseClientRefresh

from accounts.permissions import Action
from connections.prompts import system_places
from connections.queries import outcomes_for
from runs.models import LabelingJob
from runs.prompting import (
    NUM_PREVIEWED,
    entries_of,
    resume_labeling_job,
    save_version,
    shown_answers,
    stop_labeling_job,
)
from runs.requests import text_of, version_of
from studies.models import Study
from web.forms.language_models.prompts import LabelingJobForm, PromptForm
from web.forms.runs import SETTINGS
from web.guards import button_for, form_for, page_for
from web.http import carry_out_or_say, linked, page_of, person, study_of, submitted
from web.views.language_models.quoting import quote_answers, start_as_shown

PREVIEW = LabelingJob.Purpose.PREVIEW


@form_for(Action.CHANGE_STUDY)
def prompt(request: HttpRequest, pk: int) -> HttpResponse:
    """The text as it is, or as the address names one of its versions; saving it makes the next."""
    study = study_of(pk)
    named = request.GET.get("version", "")
    shown = version_of(study=study, number=int(named) if named.isdecimal() and len(named) < 9 else None)
    text = text_of(shown, study=study)
    form = PromptForm(request.POST or None, initial={"system": text.system, "message": text.message})
    saved = submitted(form, lambda: save_version(actor=person(request), study=study, text=form.text()))
    if saved:
        messages.success(request, f"{saved} is kept, and runs that name no version use it. Preview it next.")
        return redirect("prompt", pk=pk)
    context = {
        "study": study,
        "form": form,
        "version": shown,
        "system_places": system_places(has_labels=study.definition.has_labels),
        "message_places": study.definition.input_fields,
        "page": page_of(request, study.prompt_versions.select_related("created_by").order_by("-number"), size=20),
        "jobs": study.labeling_jobs.select_related("version", "connection", "asked_by").order_by("-pk")[:20],
    }
    return render(request, "web/prompt.html", context)


@form_for(Action.ASK_LANGUAGE_MODEL)
def preview_prompt(request: HttpRequest, pk: int) -> HttpResponse:
    study = study_of(pk)
    form = LabelingJobForm(request.POST or None, study=study, initial=linked(request, LabelingJobForm.LINKED))
    quoted = _quoted(request, study)
    started = start_as_shown(request, form, quoted=quoted, purpose=PREVIEW)
    if started:
        return redirect("labeling-job", pk=started.pk)
    return render(request, "web/preview_prompt.html", {**quoted, "form": form, "num_previewed": NUM_PREVIEWED})


@page_for(Action.ASK_LANGUAGE_MODEL)
def preview_quote(request: HttpRequest, pk: int) -> HttpResponse:
    return render(request, "web/labeling_job_quote.html", _quoted(request, study_of(pk)))


@page_for(Action.SEE_STUDY)
def labeling_job(request: HttpRequest, pk: int) -> HttpResponse:
    return render(request, "web/labeling_job.html", _context(_labeling_job(pk)))


@page_for(Action.SEE_STUDY)
def labeling_job_live(request: HttpRequest, pk: int) -> HttpResponse:
    """The part of the page that moves. Once nothing moves any more, the whole page is loaded again."""
    shown = _labeling_job(pk)
    if not shown.is_active and getattr(request, "htmx", False):
        return HttpResponseClientRefresh()
    return render(request, "web/labeling_job_live.html", _context(shown))


@button_for(Action.ASK_LANGUAGE_MODEL)
def stop(request: HttpRequest, pk: int) -> HttpResponse:
    return _do(request, pk, stop_labeling_job, "Stopped. What is in flight is waited for and paid.")


@button_for(Action.ASK_LANGUAGE_MODEL)
def resume(request: HttpRequest, pk: int) -> HttpResponse:
    return _do(request, pk, resume_labeling_job, "Resumed: a worker goes on with what is left.")


def _do(request: HttpRequest, pk: int, operation: Callable[..., LabelingJob], done: str) -> HttpResponse:
    shown = _labeling_job(pk)
    if carry_out_or_say(request, lambda: operation(actor=person(request), job=shown)):
        messages.success(request, done)
    return redirect("labeling-job", pk=pk)


def _labeling_job(pk: int) -> LabelingJob:
    related = ("study__budget", "connection", "version", "asked_by", "prompt")
    return get_object_or_404(LabelingJob.objects.select_related(*related), pk=pk)


def _context(shown: LabelingJob) -> dict[str, object]:
    entries = entries_of(shown)
    return {
        "study": shown.study,
        "job": shown,
        "answers": shown_answers(shown, most=NUM_PREVIEWED),
        "entries": entries,
        "paid": sum(entry.amount for entry in entries),
        "num_answers": len(shown.example_ids) * shown.prompt.payload.get("samples", 1),
        "plan": [(SETTINGS[name].label, value) for name, value in shown.plan.items() if SETTINGS[name].label],
        "num_labels": shown.labels.count(),
        "outcomes": outcomes_for(shown.source_key),
    }


def _quoted(request: HttpRequest, study: Study) -> dict[str, object]:
    return quote_answers(LabelingJobForm(request.POST or request.GET, study=study), study=study, purpose=PREVIEW)
