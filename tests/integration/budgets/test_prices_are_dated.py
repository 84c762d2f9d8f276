from datetime import UTC, datetime

import pytest

from accounts.models import Role
from accounts.permissions import Forbidden
from budgets.cost_kinds import CostKind
from budgets.models import Price
from budgets.prices import PriceMissing, Scope, create_price_book, price_at, set_price
from config.refusals import Refusal
from tests import factories

pytestmark = pytest.mark.django_db
SPRING, SUMMER = datetime(2026, 3, 1, tzinfo=UTC), datetime(2026, 6, 1, tzinfo=UTC)


def test_the_latest_start_not_after_the_time_is_in_force() -> None:
    admin = factories.person(Role.ADMIN)
    book = create_price_book(actor=admin, name="Own", currency="eur")
    set_price(actor=admin, book=book, kind=CostKind.LABEL, amount="0.10", starts_at=SPRING)
    later = set_price(actor=admin, book=book, kind=CostKind.LABEL, amount="0.20", starts_at=SUMMER)
    assert price_at(book=book, kind=CostKind.LABEL, at=SUMMER) == later
    assert price_at(book=book, kind=CostKind.LABEL, at=datetime(2026, 5, 31, tzinfo=UTC)) != later


def test_before_the_first_price_there_is_none() -> None:
    book = create_price_book(actor=factories.person(Role.ADMIN), name="Own", currency="USD")
    with pytest.raises(PriceMissing, match="no price for one accepted label"):
        price_at(book=book, kind=CostKind.LABEL, at=SPRING)


def test_two_prices_cannot_start_at_once() -> None:
    admin, book = factories.person(Role.ADMIN), factories.price_book()
    with pytest.raises(Refusal, match="starts_at"):
        set_price(actor=admin, book=book, kind=CostKind.LABEL, amount="0.3", starts_at=factories.LONG_AGO)


@pytest.mark.parametrize(
    ("kind", "device", "amount", "message"),
    [
        (CostKind.LABEL, "cpu", "1", "device"),
        (CostKind.DEVICE_HOUR, "", "1", "device"),
        (CostKind.LABEL, "", "-1", "amount"),
        (CostKind.LABEL, "", "NaN", "amount"),
    ],
)
def test_a_bad_price_is_named(kind: CostKind, device: str, amount: str, message: str) -> None:
    admin, book = factories.person(Role.ADMIN), factories.price_book()
    before = Price.objects.count()
    with pytest.raises(Refusal, match=message):
        set_price(actor=admin, book=book, kind=kind, scope=Scope(device=device), amount=amount, starts_at=SUMMER)
    assert Price.objects.count() == before


@pytest.mark.parametrize(("name", "currency", "message"), [("", "USD", "name"), ("Own", "dollars", "currency")])
def test_a_bad_price_book_is_named(name: str, currency: str, message: str) -> None:
    with pytest.raises(Refusal, match=message):
        create_price_book(actor=factories.person(Role.ADMIN), name=name, currency=currency)


def test_only_an_admin_sets_prices() -> None:
    manager = factories.person(Role.MANAGER)
    with pytest.raises(Forbidden):
        create_price_book(actor=manager, name="Mine", currency="USD")
    with pytest.raises(Forbidden):
        set_price(actor=manager, book=factories.price_book(), kind=CostKind.LABEL, amount="1", starts_at=SUMMER)
