"""Price books: what things cost, since when, for whom; files of prices; and correcting a wrong one."""

from django.contrib import messages
from django.core.exceptions import NON_FIELD_ERRORS
from django.db.models import F
from django.http import Http404, HttpRequest, HttpResponse, StreamingHttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.text import slugify

from accounts.permissions import Action
from budgets.cost_kinds import CostKind
from budgets.ledger import preview_repricing, reprice
from budgets.models import Price, PriceBook
from budgets.overviews import PriceState, current_prices, line_of, price_states, uses_of
from budgets.prices import (
    PriceFileChanged,
    PriceFilePreview,
    Scope,
    create_price_book,
    export_prices,
    import_prices,
    preview_prices,
    set_price,
    text_of,
)
from config.refusals import Refusal
from reports.formatting import adding_up
from web.forms.prices import CorrectionForm, EndForm, PriceBookForm, PriceFileForm, PriceForm
from web.guards import form_for, page_for
from web.http import carry_out, in_words, page_of, person, stream, submitted
from web.templatetags.fulcrum import exact

NUM_LINES_SHOWN = 20


@page_for(Action.SEE_PRICES)
def prices(request: HttpRequest) -> HttpResponse:
    now, wanted = timezone.now(), request.GET.get("book", "")
    books = list(PriceBook.objects.order_by("name"))
    book = next((one for one in books if str(one.pk) == wanted), None)
    if wanted and book is None:
        raise Http404(f"There is no price book {wanted!r}.")
    show_all = request.GET.get("show") == "all"
    rows = Price.objects.all() if show_all else current_prices(at=now)
    if book is not None:
        rows = rows.filter(book=book)
    widest_first = [F(name).asc(nulls_first=True) for name in ("budget__name", "annotator__email")]
    ordered = rows.order_by("book__name", "kind", "device", *widest_first, "-starts_at", "-pk")
    page = page_of(request, ordered.select_related("book", "budget__study", "annotator", "created_by"))
    context = {
        "page": page,
        "states": price_states(page, at=now),
        "books": books,
        "book": book,
        "show_all": show_all,
    }
    return render(request, "web/prices.html", context)


@page_for(Action.SEE_PRICES)
def price(request: HttpRequest, pk: int) -> HttpResponse:
    shown = get_object_or_404(Price.objects.select_related("book", "budget__study", "annotator"), pk=pk)
    page = page_of(request, line_of(shown), size=25)
    states = price_states(page, at=timezone.now())
    context = {
        "shown": shown,
        "page": page,
        "states": states,
        "uses": uses_of(page),
        "is_override": shown.budget_id is not None or shown.annotator_id is not None,
        "has_own_price": PriceState.IN_FORCE in states.values(),
    }
    return render(request, "web/price.html", context)


@form_for(Action.SET_PRICE)
def add_price_book(request: HttpRequest) -> HttpResponse:
    form = PriceBookForm(request.POST or None)
    added = submitted(form, lambda: create_price_book(actor=person(request), **form.cleaned_data))
    if added:
        messages.success(request, f"“{added.name}” created. Next: set its prices.")
        return redirect(f"{reverse('add-price')}?book={added.pk}")
    return render(request, "web/add_price_book.html", {"form": form})


@form_for(Action.SET_PRICE)
def add_price(request: HttpRequest) -> HttpResponse:
    if not PriceBook.objects.exists():
        messages.info(request, "A price belongs to a price book. Create one first.")
        return redirect("add-price-book")
    form = PriceForm(request.POST or None, initial=request.GET.dict())
    added = submitted(form, lambda: set_price(actor=person(request), **form.price()))
    if added:
        messages.success(request, f"{added} is in force from {added.starts_at:%Y-%m-%d %H:%M} UTC.")
        return redirect("price", pk=added.pk)
    return render(request, "web/add_price.html", {"form": form})


@form_for(Action.SET_PRICE)
def end_override(request: HttpRequest, pk: int) -> HttpResponse:
    shown = get_object_or_404(Price.objects.select_related("book", "budget", "annotator"), pk=pk)
    form = EndForm(request.POST or None)
    ended = submitted(
        form,
        lambda: set_price(
            actor=person(request),
            book=shown.book,
            kind=CostKind(shown.kind),
            amount=None,
            starts_at=form.cleaned_data["starts_at"],
            scope=Scope(device=shown.device, budget=shown.budget, annotator=shown.annotator),
        ),
    )
    if ended:
        messages.success(request, f"It ends at {ended.starts_at:%Y-%m-%d %H:%M} UTC.")
        return redirect("price", pk=ended.pk)
    return render(request, "web/end_override.html", {"form": form, "shown": shown})


@page_for(Action.SEE_PRICES)
def price_book_file(request: HttpRequest, pk: int) -> StreamingHttpResponse:
    book = get_object_or_404(PriceBook, pk=pk)
    name = f"prices-{slugify(book.name) or book.pk}.csv"
    return stream(export_prices(book=book), "text/csv; charset=utf-8", name)


@form_for(Action.SET_PRICE)
def upload_prices(request: HttpRequest, pk: int) -> HttpResponse:
    """A file is previewed first; what was looked at comes back with the confirmation."""
    book = get_object_or_404(PriceBook, pk=pk)
    if request.method == "POST" and "content" in request.POST:
        return _import(request, book, request.POST["content"].encode())
    form = PriceFileForm(request.POST or None, request.FILES or None)
    if request.method == "POST" and form.is_valid():
        content = form.cleaned_data["file"].read()
        found = carry_out(form, lambda: preview_prices(actor=person(request), book=book, content=content))
        if found:
            return _show_preview(request, book, found, content)
    return render(request, "web/import_prices.html", {"form": form, "book": book})


def _import(request: HttpRequest, book: PriceBook, content: bytes) -> HttpResponse:
    digest = request.POST.get("digest", "")
    try:
        added = import_prices(actor=person(request), book=book, content=content, expected_digest=digest)
    except PriceFileChanged as refusal:
        messages.warning(request, str(refusal))
        return _show_preview(request, book, preview_prices(actor=person(request), book=book, content=content), content)
    except Refusal as refusal:
        messages.error(request, in_words(refusal))
        return render(request, "web/import_prices.html", {"form": PriceFileForm(), "book": book})
    messages.success(request, f"New prices in “{book}”: {len(added):,}.")
    return redirect("prices")


def _show_preview(request: HttpRequest, book: PriceBook, found: PriceFilePreview, content: bytes) -> HttpResponse:
    page = {
        "book": book,
        "found": found,
        "content": text_of(content),
        "digest": found.digest,
        "shown": found.new[:200],
    }
    return render(request, "web/import_prices_preview.html", page)


@form_for(Action.CORRECT_LEDGER)
def correct_price(request: HttpRequest, pk: int) -> HttpResponse:
    shown = get_object_or_404(Price.objects.select_related("book", "budget", "annotator"), pk=pk)
    form = CorrectionForm(request.POST or None, price=shown)
    preview = None
    if request.method == "POST" and form.is_valid():
        digest = request.POST.get("digest", "")
        if digest and "confirm" in request.POST and _correct(request, shown, form, digest):
            return redirect("price", pk=shown.pk)
        if set(form.errors) <= {NON_FIELD_ERRORS}:
            actor, amount = person(request), form.cleaned_data["amount"]
            preview = carry_out(
                form, lambda: preview_repricing(actor=actor, price=shown, amount=amount, period=form.period())
            )
    context = {"form": form, "shown": shown, "preview": preview}
    if preview is not None:
        rows = [(one.after, -one.before) for one in preview.changes]
        differences = [one.difference for one in preview.changes]
        context |= {
            "lines": preview.lines[:NUM_LINES_SHOWN],
            "num_more": max(len(preview.lines) - NUM_LINES_SHOWN, 0),
            "money_format": adding_up(shown.book.currency, *rows, differences),
        }
    return render(request, "web/correct_price.html", context)


def _correct(request: HttpRequest, shown: Price, form: CorrectionForm, digest: str) -> bool:
    """Carry out the correction that was previewed; where it is refused, say why above the new preview."""
    values = form.cleaned_data
    done = carry_out(
        form,
        lambda: reprice(
            actor=person(request),
            price=shown,
            amount=values["amount"],
            period=form.period(),
            reason=values["reason"],
            expected_digest=digest,
        ),
    )
    if done is not None:
        by = exact(done.difference, shown.book.currency)
        messages.success(request, f"Entries corrected: {done.num_entries:,}. The difference is {by}.")
    return done is not None
