"""A study's budget: spending, limit and caps, stopping and resuming all that it pays for."""

from collections.abc import Callable, Sequence
from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render, resolve_url

from accounts.models import User
from accounts.permissions import Action
from budgets.forecast import outlook
from budgets.ledger import reverse
from budgets.limits import (
    StaleEdit,
    confirm_limit,
    decline_limit,
    remove_cap,
    resume,
    set_cap,
    set_confirm_above,
    set_limit,
    set_thresholds,
    stop_everything,
    top_up,
    waiting_request,
)
from budgets.models import Budget, LedgerEntry, PriceBook
from budgets.overviews import KindUsage, breakdown, cap_uses, overshoot
from config.refusals import Refusal
from reports.formatting import MoneyFormat, adding_up
from studies.models import Study
from web.forms.budgets import CapForm, ConfirmationForm, ReversalForm, StopForm, budget_forms
from web.guards import button_for, form_for, page_for
from web.http import carry_out_or_say, explain, page_of, person, study_of, submitted
from web.presenters import held_for, would_stop
from web.templatetags.fulcrum import exact

Change = Callable[[User, Budget, dict[str, Any]], str]


@form_for(Action.SET_BUDGET)
def budget(request: HttpRequest, pk: int) -> HttpResponse:
    def change(actor: User, changed: Budget, values: dict[str, Any]) -> str:
        done = set_limit(actor=actor, budget=changed, **values)
        return _asked(changed, done) or f"The limit is now {exact(done.limit, done.currency)}."

    return _change(request, pk, "limit_form", change) if request.method == "POST" else _show(request, study_of(pk))


@button_for(Action.SET_BUDGET)
def add_money(request: HttpRequest, pk: int) -> HttpResponse:
    def change(actor: User, changed: Budget, values: dict[str, Any]) -> str:
        done = top_up(actor=actor, budget=changed, **values)
        goes_on = " The study is resumed." if changed.is_stopped and not done.is_stopped else ""
        return _asked(changed, done) or f"The limit is now {exact(done.limit, done.currency)}.{goes_on}"

    return _change(request, pk, "top_up_form", change)


def _asked(before: Budget, done: Budget) -> str:
    """The message where a raise waits for a second person; empty otherwise."""
    waiting = waiting_request(done) if done.limit == before.limit else None
    if waiting is None:
        return ""
    wanted, stands = exact(waiting.new_limit, done.currency), exact(done.limit, done.currency)
    return (
        f"A limit of {wanted} is requested. Another manager or admin must confirm it by "
        f"{waiting.expires_at:%Y-%m-%d %H:%M} UTC; until then it stays at {stands}."
    )


@button_for(Action.SET_BUDGET)
def decide_limit(request: HttpRequest, pk: int, request_pk: int) -> HttpResponse:
    study = study_of(pk)
    asked = get_object_or_404(study.budget.limit_requests.select_related("budget"), pk=request_pk)
    actor = person(request)
    if "confirm" in request.POST:
        confirmed = carry_out_or_say(request, lambda: confirm_limit(actor=actor, request=asked))
        if confirmed:
            messages.success(request, f"The limit is {exact(confirmed.limit, confirmed.currency)} now.")
    elif "decline" in request.POST:
        declined = carry_out_or_say(request, lambda: decline_limit(actor=actor, request=asked))
        if declined:
            messages.success(request, f"The request is {declined.state_in_words.lower()}; the limit stays as it is.")
    return redirect("budget", pk=study.pk)


@form_for(Action.SET_CONFIRMATION)
def confirmation(request: HttpRequest, pk: int) -> HttpResponse:
    """The limit above which budgets of a price book take a second person."""
    book = get_object_or_404(PriceBook, pk=pk)
    initial = "" if book.confirm_above is None else f"{book.confirm_above.normalize():f}"
    form = ConfirmationForm(request.POST or None, initial={"amount": initial})
    if submitted(form, lambda: set_confirm_above(actor=person(request), book=book, **form.cleaned_data)):
        messages.success(request, f"“{book}” is changed.")
        return redirect(f"{resolve_url('prices')}?book={book.pk}")
    return render(request, "web/confirmation.html", {"book": book, "form": form})


@button_for(Action.SET_BUDGET)
def change_cap(request: HttpRequest, pk: int) -> HttpResponse:
    def change(actor: User, changed: Budget, values: dict[str, Any]) -> str:
        scope, _, value = values.pop("what").partition(":")
        cap = set_cap(actor=actor, budget=changed, **{scope: value}, **values)
        return f"{cap}: no more than {exact(cap.limit, changed.currency)}."

    return _change(request, pk, "cap_form", change)


@button_for(Action.SET_BUDGET)
def lift_cap(request: HttpRequest, pk: int, cap_pk: int) -> HttpResponse:
    study = study_of(pk)
    cap = study.budget.caps.select_related("budget").filter(pk=cap_pk).first()
    if cap is not None:
        remove_cap(actor=person(request), cap=cap)
        messages.success(request, f"{cap}: cap removed.")
    return redirect("budget", pk=study.pk)


@button_for(Action.SET_BUDGET)
def change_thresholds(request: HttpRequest, pk: int) -> HttpResponse:
    def change(actor: User, changed: Budget, values: dict[str, Any]) -> str:
        done = set_thresholds(actor=actor, budget=changed, percents=values["thresholds"])
        told = ", ".join(f"{percent} %" for percent in done.thresholds)
        return f"Alerts at {told}." if told else "No alerts."

    return _change(request, pk, "thresholds_form", change)


@form_for(Action.SET_BUDGET)
def stop(request: HttpRequest, pk: int) -> HttpResponse:
    study = study_of(pk)
    form = StopForm(request.POST or None)
    if submitted(form, lambda: stop_everything(actor=person(request), budget=study.budget, **form.cleaned_data)):
        messages.success(request, "The study is stopped. What people have open is still accepted and paid.")
        return redirect("budget", pk=study.pk)
    return render(request, "web/stop.html", {"study": study, "form": form, "would_stop": would_stop(study)})


@button_for(Action.SET_BUDGET)
def go_on(request: HttpRequest, pk: int) -> HttpResponse:
    study = study_of(pk)
    if carry_out_or_say(request, lambda: resume(actor=person(request), budget=study.budget)):
        messages.success(request, "Resumed. Withdrawn examples are republished, paused runs are queued.")
    return redirect("budget", pk=study.pk)


@page_for(Action.SET_BUDGET)
def budget_by_id(request: HttpRequest, pk: int) -> HttpResponse:
    """What notices link to: a budget, of which there is one page, its study's."""
    return redirect("budget", pk=get_object_or_404(Study, budget=pk).pk)


@form_for(Action.CORRECT_LEDGER)
def reverse_entry(request: HttpRequest, pk: int) -> HttpResponse:
    entry = get_object_or_404(LedgerEntry.objects.select_related("budget__study", "price__book"), pk=pk)
    form = ReversalForm(request.POST or None)
    if submitted(form, lambda: reverse(actor=person(request), entry=entry, **form.cleaned_data)):
        messages.success(request, f"{entry.source_key} is reversed; its amount is available again.")
        return redirect("ledger", pk=entry.budget.study.pk)
    return render(request, "web/reverse_entry.html", {"form": form, "entry": entry, "study": entry.budget.study})


def _change(request: HttpRequest, pk: int, name: str, change: Change) -> HttpResponse:
    """Carry out one form of the budget's page; where it is refused, the page is shown again with the reason."""
    study = study_of(pk)
    form = budget_forms(study.budget, cap=None)[name](request.POST)
    if form.is_valid() and _carried_out(request, study, form, change):
        return redirect("budget", pk=study.pk)
    return _show(request, study, **{name: form})


def _carried_out(request: HttpRequest, study: Study, form: forms.Form, change: Change) -> bool:
    try:
        messages.success(request, change(person(request), study.budget, dict(form.cleaned_data)))
    except Refusal as refusal:
        explain(form, refusal)
        study.budget.refresh_from_db()
        if isinstance(refusal, StaleEdit):
            cap = study.budget.caps.filter(**form.named()).first() if isinstance(form, CapForm) else None
            # Only such forms are refused so.
            form.see_again(cap.limit if cap else study.budget.limit)  # type: ignore[attr-defined]
        return False
    return True


def _money_format(ours: Budget, usages: Sequence[KindUsage]) -> MoneyFormat:
    """In which the page's figures add up as they are written: each row, each path, and all of it."""
    paths = {usage.path for usage in usages}
    within = [[usage for usage in usages if usage.path == path and usage.kind is not None] for path in paths]
    columns = [[usage for usage in usages if usage.kind is None], *within]
    sums = [[getattr(usage, name) for usage in column] for column in columns for name in ("spent", "held", "taken")]
    rows = [[usage.spent, usage.held] for usage in usages]
    return adding_up(ours.currency, [ours.spent, ours.held, ours.available], *rows, *sums)


def _show(request: HttpRequest, study: Study, **posted: forms.Form) -> HttpResponse:
    ours = study.budget
    caps = cap_uses(ours)
    chosen = next((use.cap for use in caps if str(use.cap.pk) == request.GET.get("cap")), None)
    holds = ours.holds.filter(closed_at__isnull=True).select_related("price").order_by("-created_at", "-pk")
    page = page_of(request, holds, size=25)
    usages = breakdown(ours)
    context = {
        "study": study,
        "money_format": _money_format(ours, usages),
        **{name: build() for name, build in budget_forms(ours, cap=chosen).items()},
        **posted,
        "usages": usages,
        "caps": caps,
        "chosen_cap": chosen,
        "overshoot": overshoot(ours),
        "outlook": outlook(budget=ours),
        "waiting": waiting_request(ours),
        "limit_requests": ours.limit_requests.select_related("asked_by", "decided_by").order_by("-asked_at")[:20],
        "stops": ours.stops.select_related("started_by", "ended_by").order_by("-started_at")[:20],
        "page": page,
        "held_for": held_for(page),
    }
    return render(request, "web/budget.html", context)
