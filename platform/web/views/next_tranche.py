"""The recommendation on the report, and the form of its first step that it leads to, filled in."""

from dataclasses import dataclass
from urllib.parse import urlencode

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse

from accounts.permissions import Action
from budgets.models import Path
from reports.advice import NextTranche, OfferRecord, next_tranche
from studies.models import Split, Study
from web.forms.runs import HYBRID, TEACHER
from web.guards import page_for
from web.http import study_of


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
    return {"next": found, "first_step": first_step(found)}


def first_step(found: NextTranche) -> FirstStep | None:
    """The page that quotes and takes the first step; None where nothing is to be bought, or figures have changed."""
    if found.best is None or not found.is_current:
        return None
    return _step(found.study, found.best)


def _step(study: Study, offer: OfferRecord) -> FirstStep:
    if offer.num_new:
        asked = {"num_examples": offer.num_new, "split": Split.POOL}
        return FirstStep(text=f"Publish {offer.num_new:,} examples", url=_address("publish", study, asked))
    if offer.num_waiting:
        return FirstStep(text="See the labelling", url=reverse("labelling", args=[study.pk]))
    return FirstStep(text="Start the run", url=_address("start-run", study, _run(offer)))


def _run(offer: OfferRecord) -> dict[str, object]:
    asked: dict[str, object] = {"path": offer.path, "num_labels": offer.labels, "max_minutes": offer.minutes}
    if offer.path == Path.ANNOTATE:
        return asked
    if offer.is_teacher:
        return {**asked, "path": TEACHER}
    teacher = {"teacher": offer.teacher_run} if offer.teacher_run else {}
    path = HYBRID if offer.is_hybrid else offer.path
    return {**asked, "path": path, "num_unlabelled": offer.pseudo_labels, **teacher}


def _address(name: str, study: Study, asked: dict[str, object]) -> str:
    return f"{reverse(name, args=[study.pk])}?{urlencode(asked)}"
