"""Labelling: what is published and annotated, publishing, syncing, and signing in to Label Studio."""

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render

from accounts.permissions import Action
from budgets.prices import PriceMissing
from labeling.agreement import agreement, first_pairs
from labeling.endpoints import num_cut
from labeling.models import Annotation
from labeling.publishing import (
    HeldOpinions,
    OpinionOrdering,
    PublishResult,
    ask_second_opinions,
    publish,
    quote_opinions,
    why_none,
)
from labeling.queries import status, work_done
from labeling.sign_in import enter_url
from labeling.sync import sync_study
from reports.formatting import exact
from reports.selection import select_examples, selection_basis
from studies.hashing import digest
from studies.models import Split, Study
from studies.queries import split_counts
from tables.table import counted
from web.forms.examples import Order, PublishForm, SecondOpinionsForm
from web.guards import button_for, form_for, page_for
from web.http import SHOWN, carry_out, carry_out_or_say, is_as_shown, linked, page_of, person, study_of
from web.presenters import earned, label_price, num_publishable, number_typed, quote_publishing


@page_for(Action.SEE_OWN_WORK)
def my_work(request: HttpRequest) -> HttpResponse:
    actor = person(request)
    return render(request, "web/my_work.html", {"page": page_of(request, work_done(actor)), "earned": earned(actor)})


@button_for(Action.LABEL)
def enter_label_studio(request: HttpRequest, pk: int) -> HttpResponse:
    study, actor, key = study_of(pk), person(request), request.session.session_key
    manage = "manage" in request.POST
    url = carry_out_or_say(request, lambda: enter_url(actor=actor, study=study, manage=manage, session_key=key))
    return redirect(url or "home")


@page_for(Action.SEE_STUDY)
def labelling(request: HttpRequest, pk: int) -> HttpResponse:
    study = study_of(pk)
    annotations = (
        Annotation.objects.with_pay()
        .filter(example__study=study)
        .select_related("annotator", "example__study", "example__publication", "entry__budget")
        .order_by("-created_at", "-pk")
    )
    context = {
        "study": study,
        "status": status(study),
        "agreement": agreement(study),
        "num_cut": num_cut(study=study),
        "price": label_price(study),
        "num_by_model": sum(one.num_by_model for one in split_counts(study)),
        "page": page_of(request, annotations, size=25),
    }
    return render(request, "web/labelling.html", context)


@form_for(Action.PUBLISH_EXAMPLES)
def publish_examples(request: HttpRequest, pk: int) -> HttpResponse:
    study = study_of(pk)
    form = PublishForm(request.POST or None, initial=linked(request, PublishForm.LINKED))
    quoted = _quoted(request, study)
    if request.method == "POST" and form.is_valid() and is_as_shown(request, form, quoted[SHOWN]):
        result = carry_out(form, lambda: _publish(request, study, form))
        if result:
            say_published(request, result, currency=study.budget.currency)
            return redirect("labelling", pk=study.pk)
    context = {"study": study, "form": form, "publishable": num_publishable(study), **quoted}
    return render(request, "web/publish.html", context)


def _publish(request: HttpRequest, study: Study, form: PublishForm) -> PublishResult:
    chosen = select_examples(study) if form.is_chosen else None
    return publish(actor=person(request), study=study, which=chosen, **form.request)


@page_for(Action.PUBLISH_EXAMPLES)
def publish_quote(request: HttpRequest, pk: int) -> HttpResponse:
    study = study_of(pk)
    return render(request, "web/publish_quote.html", {"study": study, **_quoted(request, study)})


def _quoted(request: HttpRequest, study: Study) -> dict[str, Any]:
    """A quote for as many examples as the form says so far, None without a price; and what stands for it."""
    form = request.POST or request.GET
    split, selection = form.get("split", ""), None
    if form.get("order") == Order.UNCERTAINTY:
        selection = selection_basis(study)
    quote = quote_publishing(
        study=study,
        typed=form.get("num_examples", ""),
        split=split if split in Split.values else Split.POOL,
        num_left=selection.num_selectable if selection and selection.scored_run else None,
    )
    asked = (quote.num_wanted, quote.num_examples, quote.held) if quote else ()
    chosen_by = [selection.scored_run] if selection else []
    return {
        "quote": quote,
        "selection": selection,
        SHOWN: digest(form.get("split", Split.POOL), *asked, *chosen_by),
    }


def _typed(request: HttpRequest) -> tuple[int, str]:
    """How many examples of which split a form says so far; one of the pool where it says none."""
    form = request.POST or request.GET
    split = form.get("split", "")
    return number_typed(form.get("num_examples", "")), split if split in Split.values else Split.POOL


@form_for(Action.PUBLISH_EXAMPLES)
def second_opinions(request: HttpRequest, pk: int) -> HttpResponse:
    study = study_of(pk)
    form = SecondOpinionsForm(request.POST or None, initial=linked(request, SecondOpinionsForm.LINKED))
    quoted = _quoted_opinions(request, study)
    if request.method == "POST" and form.is_valid() and is_as_shown(request, form, quoted[SHOWN]):
        held = carry_out(form, lambda: _ask(request, study, form))
        if held:
            _say_asked(request, held, currency=study.budget.currency)
            return redirect("labelling", pk=study.pk)
    context = {"study": study, "form": form, "pairs": first_pairs(study), **quoted}
    return render(request, "web/second_opinions.html", context)


def _ask(request: HttpRequest, study: Study, form: SecondOpinionsForm) -> HeldOpinions:
    return ask_second_opinions(actor=person(request), study=study, **form.request)


@page_for(Action.PUBLISH_EXAMPLES)
def second_opinions_quote(request: HttpRequest, pk: int) -> HttpResponse:
    study = study_of(pk)
    return render(request, "web/second_opinions_quote.html", {"study": study, **_quoted_opinions(request, study)})


def _quoted_opinions(request: HttpRequest, study: Study) -> dict[str, Any]:
    """A quote of second opinions, None without a price; why there can be none; and what stands for it."""
    form, (num_examples, split) = request.POST or request.GET, _typed(request)
    ordering = form.get("order", "")
    ordering = ordering if ordering in OpinionOrdering.values else OpinionOrdering.RANDOM
    try:
        quote = quote_opinions(study=study, num_examples=num_examples, split=split, ordering=ordering)
    except PriceMissing:
        quote = None
    asked = (quote.num_wanted, quote.num_examples, quote.held) if quote else ()
    return {
        "quote": quote,
        "refusal": why_none(study=study, split=split),
        SHOWN: digest(split, ordering, *asked),
    }


def _say_asked(request: HttpRequest, held: HeldOpinions, *, currency: str) -> None:
    if not held.num_examples:
        messages.info(request, "Nothing more was asked for: this request was already carried out.")
        return
    messages.success(request, f"{counted(held.num_examples, 'labelled example')} will be annotated once more.")
    if held.num_short:
        messages.warning(
            request,
            f"The budget could not hold {held.num_short:,} more: {exact(held.missing, currency=currency)} short.",
        )


def say_published(request: HttpRequest, result: PublishResult, *, currency: str, how: str = "in Label Studio") -> None:
    if result.num_published:
        messages.success(request, f"{result.num_published:,} more examples published {how}.")
    elif result.num_before:
        messages.info(
            request,
            f"Nothing more was published: this request was already carried out, and published "
            f"{result.num_before:,} examples.",
        )
    elif not result.num_short:
        messages.info(request, "Nothing left to publish: every example of that split is published or labelled.")
    if result.num_short:
        messages.warning(
            request,
            f"The budget could not take {result.num_short:,} more: {exact(result.missing, currency=currency)} "
            "short. Raise the limit to publish them as well.",
        )


@button_for(Action.SYNC_LABELS)
def sync_labels(request: HttpRequest, pk: int) -> HttpResponse:
    study = study_of(pk)
    result = carry_out_or_say(request, lambda: sync_study(actor=person(request), study=study))
    if result and result.error:
        messages.warning(request, f"Sync incomplete; Fulcrum retries. {result.error}")
    elif result:
        messages.success(request, f"Synced: {result.num_changed:,} annotations new or changed.")
        if result.troubles:
            unread = counted(len(result.troubles), "annotation")
            messages.warning(request, f"{unread} could not be read. {result.troubles[0]}")
    return redirect("labelling", pk=study.pk)
