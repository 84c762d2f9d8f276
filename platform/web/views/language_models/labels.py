"""A language model as annotator: labelling jobs, and have people audit a random part of them."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render

from accounts.permissions import Action
from reports.model_labels import (
    NO_CONFIDENCE,
    audit_results,
    measure_of,
    num_auditable,
    num_reviewable,
    publish_audit,
    publish_review,
    reviewed,
    start_audit,
    tells_confidence,
)
from runs.models import LabelAudit, LabelingJob
from studies.hashing import digest
from studies.models import Study
from studies.queries import split_counts
from web.forms.language_models.prompts import AuditForm, LabelsForm, ReviewForm
from web.guards import button_for, form_for, page_for
from web.http import SHOWN, carry_out, carry_out_or_say, is_as_shown, linked, person, study_of
from web.presenters import quote_publishing
from web.views.labeling import say_published
from web.views.language_models.quoting import quote_answers, start_as_shown

LABELS = LabelingJob.Purpose.LABELS
MOST_SHOWN = 20


@page_for(Action.SEE_STUDY)
def model_labels(request: HttpRequest, pk: int) -> HttpResponse:
    study = study_of(pk)
    jobs = study.labeling_jobs.filter(purpose=LABELS).select_related("version", "connection", "asked_by")
    context = {
        "study": study,
        "counts": split_counts(study),
        "jobs": jobs.order_by("-pk")[:MOST_SHOWN],
        "num_auditable": num_auditable(study),
        "audits": audit_results(study),
        "reviewed": reviewed(study),
    }
    return render(request, "web/model_labels.html", context)


@form_for(Action.ASK_LANGUAGE_MODEL)
def start_job(request: HttpRequest, pk: int) -> HttpResponse:
    study = study_of(pk)
    form = LabelsForm(request.POST or None, study=study, initial=linked(request, LabelsForm.LINKED))
    quoted = _quoted(request, study)
    started = start_as_shown(request, form, quoted=quoted, purpose=LABELS)
    if started:
        return redirect("labeling-job", pk=started.pk)
    return render(request, "web/start_labeling_job.html", {**quoted, "form": form})


@page_for(Action.ASK_LANGUAGE_MODEL)
def job_quote(request: HttpRequest, pk: int) -> HttpResponse:
    return render(request, "web/labeling_job_quote.html", _quoted(request, study_of(pk)))


@form_for(Action.PUBLISH_EXAMPLES)
def audit_labels(request: HttpRequest, pk: int) -> HttpResponse:
    study = study_of(pk)
    usual = {"num_examples": min(AuditForm.USUAL, num_auditable(study)) or None}
    form = AuditForm(request.POST or None, initial=usual | linked(request, AuditForm.LINKED))
    quoted = _people_quote(request, study, num_auditable(study))
    if request.method == "POST" and form.is_valid() and is_as_shown(request, form, str(quoted[SHOWN])):
        asked = {name: form.cleaned_data[name] for name in ("num_examples", "request_key")}
        drawn = carry_out(form, lambda: start_audit(actor=person(request), study=study, **asked))
        if drawn:
            _publish(request, drawn)
            return redirect("model-labels", pk=pk)
    return render(request, "web/audit_labels.html", {**quoted, "form": form, "measure": measure_of(study)})


@page_for(Action.PUBLISH_EXAMPLES)
def audit_quote(request: HttpRequest, pk: int) -> HttpResponse:
    study = study_of(pk)
    return render(request, "web/publish_quote.html", _people_quote(request, study, num_auditable(study)))


@form_for(Action.PUBLISH_EXAMPLES)
def review_labels(request: HttpRequest, pk: int) -> HttpResponse:
    """Have people go over what it labelled, its label shown as a first answer."""
    study = study_of(pk)
    num_left = num_reviewable(study)
    usual = {"num_examples": min(ReviewForm.USUAL, num_left) or None}
    form = ReviewForm(request.POST or None, initial=usual | linked(request, ReviewForm.LINKED))
    quoted = _people_quote(request, study, num_left)
    if request.method == "POST" and form.is_valid() and is_as_shown(request, form, str(quoted[SHOWN])):
        wanted = {name: form.cleaned_data[name] for name in ("num_examples", "order", "request_key")}
        done = carry_out(form, lambda: publish_review(actor=person(request), study=study, **wanted))
        if done:
            say_published(request, done, currency=study.budget.currency, how="with its labels shown")
            return redirect("model-labels", pk=pk)
    no_confidence = "" if tells_confidence(study) else NO_CONFIDENCE
    return render(request, "web/review_labels.html", {**quoted, "form": form, "no_confidence": no_confidence})


@page_for(Action.PUBLISH_EXAMPLES)
def review_quote(request: HttpRequest, pk: int) -> HttpResponse:
    study = study_of(pk)
    return render(request, "web/publish_quote.html", _people_quote(request, study, num_reviewable(study)))


@button_for(Action.PUBLISH_EXAMPLES)
def publish_rest(request: HttpRequest, pk: int) -> HttpResponse:
    """Publish what is left of an audit, where money or Label Studio was missing."""
    audit = get_object_or_404(LabelAudit.objects.select_related("study__budget"), pk=pk)
    _publish(request, audit)
    return redirect("model-labels", pk=audit.study_id)


def _publish(request: HttpRequest, audit: LabelAudit) -> None:
    done = carry_out_or_say(request, lambda: publish_audit(actor=person(request), audit=audit))
    if done is None or done.num_short:
        messages.warning(request, f"{audit} is drawn, and not all of it is published. Publish the rest below.")
    else:
        messages.success(request, f"{audit}: {done.num_published:,} examples are published for people to label.")


def _quoted(request: HttpRequest, study: Study) -> dict[str, object]:
    return quote_answers(LabelsForm(request.POST or request.GET, study=study), study=study, purpose=LABELS)


def _people_quote(request: HttpRequest, study: Study, num_left: int) -> dict[str, object]:
    """What people's answers to some of the examples that are left would cost, and what is held for them."""
    typed = (request.POST or request.GET).get("num_examples", "")
    quote = quote_publishing(study=study, typed=typed, usual=AuditForm.USUAL, num_left=num_left)
    asked = (quote.num_examples, quote.held) if quote else ()
    return {"study": study, "quote": quote, "num_left": num_left, SHOWN: digest(*asked)}
