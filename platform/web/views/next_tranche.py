"""The recommendation on the report: its pilot is started here, any other first step on the page that it leads to."""

from dataclasses import dataclass
from urllib.parse import urlencode

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse

from accounts.permissions import Action
from budgets.models import Path
from config.refusals import Refusal
from reports.advice import NextTranche, OfferRecord, changed_since, next_tranche
from reports.model_labels import ReviewOrder
from runs.control import start_all
from runs.preflight import licence_of
from runs.requests import ONE_FOR_ALL
from studies.models import Split, Study
from tables.table import counted
from web.forms.examples import Order
from web.forms.runs import HYBRID, SCORING, STUDENT_AS_TEACHER, TEACHER, LicenceForm
from web.guards import button_for, page_for
from web.http import SHOWN, carry_out, is_same, person, study_of


@dataclass(frozen=True, kw_only=True)
class FirstStep:
    """A button: its text and its address."""

    text: str
    url: str


@page_for(Action.SEE_REPORT)
def next_part(request: HttpRequest, pk: int) -> HttpResponse:
    """The recommendation alone, asked for until a worker has it for the present state."""
    study = study_of(pk)
    return render(request, "web/next_tranche.html", {"study": study, **tranche_context(next_tranche(study))})


def tranche_context(found: NextTranche) -> dict[str, object]:
    return {
        "next": found,
        "first_step": first_step(found),
        "labels_step": _labels_step(found),
        "licence_form": LicenceForm() if _is_licence_unknown(found) else None,
        SHOWN: _shown(found),
    }


@button_for(Action.START_RUN)
def start_pilot(request: HttpRequest, pk: int) -> HttpResponse:
    """Start all of the pilot that can be started now, or nothing; and show the report again."""
    study = study_of(pk)
    found, form = next_tranche(study), LicenceForm(request.POST)
    if not is_same(request, _shown(found)):
        changed = changed_since(study, shown=request.POST[SHOWN])
        form.add_error(None, f"The pilot that you saw is not the present one: {changed}. Nothing was started.")
    if form.is_valid():
        carry_out(form, lambda: _start(request, found, form))
    for error in (reason for reasons in form.errors.values() for reason in reasons):
        messages.error(request, str(error))
    return redirect("report", pk=study.pk)


def _start(request: HttpRequest, found: NextTranche, form: LicenceForm) -> None:
    asked = [one.request(found.study) for one in found.startable] if found.is_current else []
    if not asked:
        raise Refusal("No measurement of a pilot can be started now.")
    confirmed = form.cleaned_data["licence_confirmed"]
    started = start_all(actor=person(request), requests=asked, licence_confirmed=confirmed)
    num_new = sum(len(one.new) for one in started)
    messages.success(request, f"The pilot is started: {counted(num_new, 'run')} queued.")


def _shown(found: NextTranche) -> str:
    """What the pilot on the page stands for: the state that it was made for, none that is past."""
    return found.recommendation.state if found.recommendation and found.is_current else ""


def _is_licence_unknown(found: NextTranche) -> bool:
    """Whether the teacher of what can be started is one that nobody has confirmed yet."""
    is_taught = any(one.path == Path.DISTIL for one in found.startable)
    return is_taught and licence_of(found.study.teacher_model).outputs is None


def _labels_step(found: NextTranche) -> FirstStep | None:
    """The page that publishes, or shows, the labels that the rest of a pilot waits for."""
    if found.startable or not found.pilot or not found.is_current:
        return None
    return _step(found.study, found.pilot[0])


def first_step(found: NextTranche) -> FirstStep | None:
    """The page that quotes and takes the first step; None where nothing is to be bought, or figures have changed."""
    if found.best is None or not found.is_current:
        return None
    return _step(found.study, found.best)


def _step(study: Study, offer: OfferRecord) -> FirstStep:
    asked: dict[str, object]
    if offer.scorer is not None:
        asked = {"path": SCORING, "teacher": offer.scorer, "num_labels": offer.num_there}
        asked |= {"num_unlabelled": offer.num_to_score, "max_minutes": offer.scoring_minutes}
        text = f"Have {offer.num_to_score:,} examples scored"
        return FirstStep(text=text, url=_address("start-run", study, asked))
    if offer.num_to_audit or (offer.num_by_model and offer.num_new):
        return _step_of_model_labels(study, offer)
    if offer.num_new:
        asked = {"num_examples": offer.num_new, "split": Split.POOL}
        asked |= {"order": Order.UNCERTAINTY} if offer.is_chosen else {}
        return FirstStep(text=f"Publish {offer.num_new:,} examples", url=_address("publish", study, asked))
    if offer.num_to_verify:
        asked = {"num_examples": offer.num_to_verify, "order": ReviewOrder.LEAST_SURE}
        text = f"Have people verify {counted(offer.num_to_verify, 'label')}"
        return FirstStep(text=text, url=_address("review-labels", study, asked))
    if offer.num_asked:
        asked = {"num_examples": offer.num_asked, "split": Split.POOL}
        text = f"Ask for {counted(offer.num_asked, 'second opinion')}"
        return FirstStep(text=text, url=_address("second-opinions", study, asked))
    if offer.num_waiting:
        return FirstStep(text="See the labelling", url=reverse("labelling", args=[study.pk]))
    return FirstStep(text="Start the run", url=_address("start-run", study, _run(offer)))


def _step_of_model_labels(study: Study, offer: OfferRecord) -> FirstStep:
    """Labels of a language model; before people have looked at some, an audit of as many as it takes."""
    if offer.num_to_audit and not offer.num_missing:
        asked: dict[str, object] = {"num_examples": offer.num_to_audit}
        return FirstStep(text=f"Audit {offer.num_to_audit:,} labels", url=_address("audit-labels", study, asked))
    num_labels = offer.num_missing or offer.num_new
    asked = {"connection": offer.labeller, "num_unlabelled": num_labels}
    what = f"{num_labels:,} labels{' to audit' if offer.num_missing else ''}"
    return FirstStep(text=f"Have a language model give {what}", url=_address("start-labeling-job", study, asked))


def _run(offer: OfferRecord) -> dict[str, object]:
    asked: dict[str, object] = {"path": offer.path, "num_labels": offer.labels, "max_minutes": offer.minutes}
    asked |= {"gold_only": "on"} if offer.is_gold_only else {}
    asked |= {"student_layers": ", ".join(map(str, offer.layers))} if offer.layers else {}
    if offer.path == Path.ANNOTATE:
        return asked
    if offer.is_teacher:
        return {**asked, "path": TEACHER}
    named = offer.teacher_run or (STUDENT_AS_TEACHER if offer.is_self_taught else None)
    teacher = {"teacher": named} if named else {}
    path = HYBRID if offer.is_hybrid else offer.path
    return {**asked, "path": path, "num_unlabelled": offer.pseudo_labels, **teacher, "teacher_seeds": ONE_FOR_ALL}


def _address(name: str, study: Study, asked: dict[str, object]) -> str:
    return f"{reverse(name, args=[study.pk])}?{urlencode(asked)}"
