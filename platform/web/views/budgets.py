"""Prices, a study's budget, and its ledger."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_safe

from accounts.permissions import Action, allowed
from budgets.models import Kind, LedgerEntry, Price, PriceBook
from budgets.operations import Scope, create_price_book, reverse, set_limit, set_price
from studies.models import Study
from web.forms.budgets import LimitForm, PriceBookForm, PriceForm, ReversalForm
from web.paging import page_of
from web.people import person
from web.problems import carry_out
from web.templatetags.fulcrum import money_text


@allowed(Action.SEE_PRICES)
@require_safe
def prices(request: HttpRequest) -> HttpResponse:
    rows = Price.objects.select_related("book", "created_by").order_by("book__name", "kind", "device", "-starts_at")
    context = {"page": page_of(request, rows), "in_force": _in_force(), "now": timezone.now()}
    return render(request, "web/prices.html", context)


def _in_force() -> set[int]:
    """The latest started price of each book, kind and device."""
    started = Price.objects.filter(starts_at__lte=timezone.now()).order_by("book", "kind", "device", "-starts_at")
    return set(started.distinct("book", "kind", "device").values_list("pk", flat=True))


@allowed(Action.SET_PRICE)
@require_http_methods(["GET", "POST"])
def add_price_book(request: HttpRequest) -> HttpResponse:
    form = PriceBookForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        added = carry_out(form, lambda: create_price_book(actor=person(request), **form.cleaned_data))
        if added:
            messages.success(request, f"“{added.name}” is there. Next: set its prices.")
            return redirect("add-price")
    return render(request, "web/add_price_book.html", {"form": form})


@allowed(Action.SET_PRICE)
@require_http_methods(["GET", "POST"])
def add_price(request: HttpRequest) -> HttpResponse:
    if not PriceBook.objects.exists():
        messages.info(request, "A price stands in a price book. Make one first.")
        return redirect("add-price-book")
    form = PriceForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        values = {**form.cleaned_data, "kind": Kind(form.cleaned_data["kind"])}
        scope = Scope(device=values.pop("device"))
        added = carry_out(form, lambda: set_price(actor=person(request), scope=scope, **values))
        if added:
            messages.success(request, f"{added} is in force from {added.starts_at:%Y-%m-%d %H:%M} UTC.")
            return redirect("prices")
    return render(request, "web/add_price.html", {"form": form})


@allowed(Action.SET_BUDGET)
@require_http_methods(["GET", "POST"])
def budget(request: HttpRequest, pk: int) -> HttpResponse:
    study = get_object_or_404(Study.objects.select_related("budget__price_book"), pk=pk)
    form = LimitForm(request.POST or None, initial={"limit": f"{study.budget.limit.normalize():f}"})
    if request.method == "POST" and form.is_valid():
        limit = form.cleaned_data["limit"]
        changed = carry_out(form, lambda: set_limit(actor=person(request), budget=study.budget, limit=limit))
        if changed:
            messages.success(request, f"The limit is {money_text(changed.limit, changed.currency)} now.")
            return redirect("budget", pk=study.pk)
    holds = study.budget.holds.filter(closed_at__isnull=True).select_related("price").order_by("-created_at", "-pk")
    context = {"study": study, "form": form, "page": page_of(request, holds, size=25)}
    return render(request, "web/budget.html", context)


@allowed(Action.CORRECT_LEDGER)
@require_http_methods(["GET", "POST"])
def reverse_entry(request: HttpRequest, pk: int) -> HttpResponse:
    entry = get_object_or_404(LedgerEntry.objects.select_related("budget__study", "price__book"), pk=pk)
    form = ReversalForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        reason = form.cleaned_data["reason"]
        if carry_out(form, lambda: reverse(actor=person(request), entry=entry, reason=reason)):
            messages.success(request, f"{entry.source_key} is reversed; its amount is available again.")
            return redirect("ledger", pk=entry.budget.study.pk)
    return render(request, "web/reverse_entry.html", {"form": form, "entry": entry, "study": entry.budget.study})
