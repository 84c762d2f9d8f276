"""Price books and their dated prices: setting them, and finding the one that is in force."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from django.db import transaction
from django.db.models import Q, QuerySet

from accounts.audit import record
from accounts.models import User
from accounts.permissions import Action, require
from accounts.texts import unusable_sign
from budgets.cost_kinds import PAID_TO_PEOPLE, TOKEN_KINDS, CostKind
from budgets.models import Budget, Price, PriceBook
from budgets.money import amount_text, parse_amount
from config.refusals import Refusal
from tables.signs import is_blank

MOST_PERCENT = Decimal(100)
_DEVICE = re.compile(r"[a-z][a-z0-9_-]{0,15}")
_MODEL = re.compile(r"[a-z0-9][a-z0-9._-]{0,39}")


class PriceMissing(Refusal):
    """No price of this kind is in force; nothing can be bought without one."""


@dataclass(frozen=True, kw_only=True)
class Scope:
    """What a price is narrowed to: the device of a device hour, or the connection of tokens; a budget; an annotator."""

    device: str = ""
    budget: Budget | None = None
    annotator: User | None = None


ANY = Scope()


def create_price_book(*, actor: User, name: str, currency: str) -> PriceBook:
    """Start an empty price book, all of whose prices are in one currency: three letters, as in ISO 4217."""
    require(actor=actor, action=Action.SET_PRICE)
    name, currency = name.strip(), currency.strip().upper()
    if is_blank(name) or len(name) > 120:
        raise Refusal("give the price book a name of at most 120 characters.", field="name")
    if sign := unusable_sign(name):
        raise Refusal(f"it has {sign}. Take it out.", field="name")
    if len(currency) != 3 or not currency.isascii() or not currency.isalpha():
        raise Refusal(f"{currency!r} is not three letters such as USD or EUR.", field="currency")
    if PriceBook.objects.filter(name=name).exists():
        raise Refusal(f"there is a price book “{name}” already.", field="name")
    with transaction.atomic():
        book = PriceBook.objects.create(name=name, currency=currency)
        record(
            actor=actor,
            action="price_book.create",
            subject=f"Price book “{book}”",
            subject_id=book.pk,
            before={},
            after={"currency": currency},
        )
    return book


@transaction.atomic
def set_price(
    *,
    actor: User,
    book: PriceBook,
    kind: CostKind,
    amount: Decimal | str | None,
    starts_at: datetime,
    scope: Scope = ANY,
) -> Price:
    """Add a dated price to a book; earlier ones stay as they are.

    `amount` is in the book's currency per unit of the kind (for a platform fee: percent, at most 100), with at most six
    decimals; None ends an override from `starts_at` on. Only device hours have a device in their scope, and tokens the
    name of a connection.
    """
    require(actor=actor, action=Action.SET_PRICE)
    parsed = check_price(book=book, kind=kind, amount=amount, scope=scope)
    lock_book(book)
    named = {"book": book, "kind": kind, **vars(scope)}
    if Price.objects.filter(**named, starts_at=starts_at, corrects__isnull=True).exists():
        raise Refusal(f"a price for this already starts at {starts_at}. Choose a later start.", field="starts_at")
    before = find_price(book=book, kind=kind, scope=scope, at=starts_at)
    price = Price.objects.create(**named, amount=parsed, starts_at=starts_at, created_by=actor)
    record(
        actor=actor,
        action="price.set",
        subject=f"Price book “{book}”: {_scope_in_words(price)}",
        subject_id=price.pk,
        budget_id=scope.budget.pk if scope.budget else None,
        before={"price": str(before)} if before else {},
        after={"price": str(price), "starts_at": starts_at.isoformat()},
    )
    return price


def check_price(*, book: PriceBook, kind: CostKind, amount: Decimal | str | None, scope: Scope) -> Decimal | None:
    """Check a price's amount, device, annotator and budget."""
    _check_scope(book=book, kind=kind, scope=scope)
    if amount is not None:
        return parse_rate(amount, kind=kind)
    if scope.budget is None and scope.annotator is None:
        raise Refusal("only a price of one study or annotator can end; give a price book's an amount.", field="amount")
    return None


def lock_book(book: PriceBook) -> None:
    """Lock the row that guards all prices of a book: who sets one waits for who is setting another."""
    PriceBook.objects.select_for_update(no_key=True).get(pk=book.pk)


def find_price(
    *,
    book: PriceBook,
    kind: CostKind,
    at: datetime,
    scope: Scope = ANY,
    known_at: datetime | None = None,
) -> Price | None:
    """Find the price in force at a time: of the narrowest scope that has one, the latest start not after it.

    `known_at` leaves out prices that were written later, so that what was promised then stays so.
    """
    rows = _latest(book=book, kind=kind, at=at, scope=scope, known_at=known_at)
    whose = Q(annotator__isnull=True) | Q(annotator=scope.annotator) if scope.annotator else Q(annotator__isnull=True)
    return _narrowest(_in_force(rows.filter(whose)))


def price_at(*, book: PriceBook, kind: CostKind, at: datetime, scope: Scope = ANY) -> Price:
    """Find the price in force. Raises PriceMissing, which names the price to set."""
    price = find_price(book=book, kind=kind, at=at, scope=scope)
    if price is None:
        of_tokens, named = kind in TOKEN_KINDS, CostKind(kind).label.lower()
        of_what = f" {'of' if of_tokens else 'on'} {scope.device}" if scope.device else ""
        what = f"{'' if of_tokens else 'one '}{named}{of_what}"
        raise PriceMissing(f"Price book “{book.name}” has no price for {what} at {at:%Y-%m-%d %H:%M} UTC.")
    return price


def highest_price(*, budget: Budget, kind: CostKind, at: datetime) -> Price:
    """Find what the best paid annotator would be owed: the worst case of anybody's work. Raises PriceMissing."""
    book, scope = budget.price_book, Scope(budget=budget)
    latest = _in_force(_latest(book=book, kind=kind, at=at, scope=scope))
    candidates = [
        _narrowest([price for price in latest if price.annotator_id in (None, annotator_id)])
        for annotator_id in {price.annotator_id for price in latest} | {None}
    ]
    found = max(filter(None, candidates), key=lambda price: price.rate, default=None)
    return found or price_at(book=book, kind=kind, at=at, scope=scope)


def _latest(
    *, book: PriceBook, kind: CostKind, at: datetime, scope: Scope, known_at: datetime | None = None
) -> QuerySet[Price]:
    """Of each annotator's scope, and of all annotators', the last price that started by then."""
    whose = Q(budget__isnull=True) | Q(budget=scope.budget) if scope.budget else Q(budget__isnull=True)
    known = Q() if known_at is None else Q(created_at__lte=known_at)
    started = Q(kind=kind, device=scope.device, starts_at__lte=at, corrects__isnull=True)
    rows = book.prices.filter(whose & known & started).select_related("book")
    return rows.order_by("annotator_id", "budget_id", "-starts_at", "-pk").distinct("annotator_id", "budget_id")


def _in_force(latest: Iterable[Price]) -> list[Price]:
    """One that ends an override leaves its scope without a price."""
    return [price for price in latest if price.amount is not None]


def _narrowest(prices: Iterable[Price]) -> Price | None:
    return max(prices, key=lambda price: (price.annotator_id is not None, price.budget_id is not None), default=None)


def _check_scope(*, book: PriceBook, kind: CostKind, scope: Scope) -> None:
    _check_device(kind=kind, name=scope.device)
    if scope.annotator is not None and kind not in PAID_TO_PEOPLE:
        raise Refusal(
            f"nobody is paid for a {CostKind(kind).label.lower()}; leave the annotator out.", field="annotator"
        )
    if scope.budget is not None and scope.budget.price_book_id != book.pk:
        raise Refusal(f"“{scope.budget}” is priced by another book than “{book}”.", field="budget")


def is_model_name(name: str) -> bool:
    """Say whether tokens can be priced by this name."""
    return _MODEL.fullmatch(name) is not None


def _check_device(*, kind: CostKind, name: str) -> None:
    if kind in TOKEN_KINDS:
        if name and not is_model_name(name):
            raise Refusal(
                f"{name[:40]!r} is not the name of a connection. Blank: of any model without an own price.",
                field="device",
            )
        return
    if (kind == CostKind.DEVICE_HOUR) != bool(name):
        raise Refusal(
            "name the device (cpu, cuda, …) of a device hour, the connection of tokens, and nothing for another kind.",
            field="device",
        )
    if name and not _DEVICE.fullmatch(name):
        raise Refusal(f"{name[:40]!r} is not a short name such as cpu or cuda.", field="device")


def parse_rate(amount: Decimal | str, *, kind: CostKind | str) -> Decimal:
    """Read what one of a kind costs; of a platform fee, its percent."""
    parsed = parse_amount(amount, name="amount", allow_zero=True)
    if kind == CostKind.PLATFORM_FEE and parsed > MOST_PERCENT:
        raise Refusal(f"a platform fee of {amount_text(parsed)} % is more than {MOST_PERCENT} %.", field="amount")
    return parsed


def _scope_in_words(price: Price) -> str:
    whose = [f"“{price.budget}”" if price.budget else "", price.annotator.email if price.annotator else ""]
    narrowed = f" for {', '.join(filter(None, whose))}" if any(whose) else ""
    device = f" ({price.device})" if price.device else ""
    return f"{price.get_kind_display().lower()}{device}{narrowed}"
