from datetime import UTC, datetime
from decimal import Decimal

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts.models import Role, User
from budgets.cost_kinds import CostKind
from budgets.ledger import BudgetExceeded, CapExceeded, Period, charge, preview_repricing, reprice, reverse
from budgets.ledger.repricing import RepricingChanged
from budgets.limits import set_cap, set_limit
from budgets.models import Budget, LedgerEntry, Price, Tally
from budgets.queries import differences
from tests import factories
from tests.integration.budgets.ledger_ground import cost, label_price, platform_fee, spent

pytestmark = pytest.mark.django_db
ALWAYS = Period(starts_at=factories.LONG_AGO, ends_at=datetime(2100, 1, 1, tzinfo=UTC))
MIDNIGHT = datetime(2026, 2, 1, tzinfo=UTC)


@pytest.fixture
def admin() -> User:
    return factories.person(Role.ADMIN)


@pytest.fixture
def budget() -> Budget:
    """Two labels of 1 at 10 % each: 2.20 spent."""
    made = factories.budget(limit="10", label="1")
    fee = platform_fee(made, "10")
    for _ in range(2):
        spent(made, "1", fee=fee)
    return made


def correct(admin: User, price: Price, amount: str, digest: str = "") -> Price:
    digest = digest or preview_repricing(actor=admin, price=price, amount=amount, period=ALWAYS).digest
    reprice(actor=admin, price=price, amount=amount, period=ALWAYS, reason="misread", expected_digest=digest)
    return price.corrections.latest("pk")


def total(budget: Budget) -> Decimal:
    budget.refresh_from_db()
    assert differences(budget) == []
    return budget.spent


def test_a_label_is_repriced_with_the_fee_that_was_repriced_before(budget: Budget, admin: User) -> None:
    fee = LedgerEntry.objects.filter(kind=CostKind.PLATFORM_FEE)[0].price
    correct(admin, fee, "20")
    assert total(budget) == Decimal("2.4")
    correct(admin, label_price(budget), "0.5")
    assert total(budget) == Decimal("1.2")


def test_a_label_is_reversed_with_the_fee_that_was_repriced(budget: Budget, admin: User) -> None:
    label, fee = LedgerEntry.objects.order_by("pk")[:2]
    correct(admin, fee.price, "20")
    reverse(actor=admin, entry=label, reason="not hers")
    assert total(budget) == Decimal("1.2")


def test_a_price_is_corrected_again_and_again(budget: Budget, admin: User) -> None:
    price = label_price(budget)
    for amount in ("2", "3", "1.5", "0"):
        price = correct(admin, price, amount)
        assert total(budget) == 2 * Decimal(amount) * Decimal("1.1")
    assert not LedgerEntry.objects.filter(source_key__contains=":repriced:", reverses=None).exists()


def test_a_waived_fee_stays_waived_and_makes_a_preview_old(budget: Budget, admin: User) -> None:
    price = label_price(budget)
    old = preview_repricing(actor=admin, price=price, amount="2", period=ALWAYS).digest
    reverse(actor=admin, entry=LedgerEntry.objects.filter(kind=CostKind.PLATFORM_FEE)[0], reason="waived")
    with pytest.raises(RepricingChanged):
        correct(admin, price, "2", old)
    correct(admin, price, "2")
    assert total(budget) == Decimal("4.2")


def test_a_cap_and_a_limit_hold_for_corrections_too(budget: Budget, admin: User) -> None:
    price = label_price(budget)
    set_cap(actor=admin, budget=budget, limit="4", kind=CostKind.LABEL)
    with pytest.raises(CapExceeded):
        correct(admin, price, "2")
    set_limit(actor=admin, budget=budget, limit="3")
    with pytest.raises(BudgetExceeded):
        correct(admin, price, "1.5")
    assert total(budget) == Decimal("2.2")


def test_ups_and_downs_that_come_out_even_need_no_room(admin: User) -> None:
    """At its limit there is no room for a rise before the fall that pays for it."""
    budget = factories.budget(limit="4", label="1")
    for amount in ("0.5", "3.5"):
        spent(budget, amount)
    assert budget.stops.count() == 1
    correct(admin, label_price(budget), "2")
    assert total(budget) == 4
    assert budget.stops.count() == 1


def test_a_correction_leaves_each_month_with_its_right_cost(admin: User) -> None:
    budget = factories.budget(limit="10", label="1")
    for at in (MIDNIGHT.replace(month=1, day=31, hour=23, minute=59), MIDNIGHT):
        spent(budget, "1", at=at)
    correct(admin, label_price(budget), "0.25")
    months = Tally.objects.filter(budget=budget).values_list("month", "amount", "num_entries")
    sums = {month.month: sum(row[1] for row in months if row[0] == month) for month, *_ in months}
    assert sums == {1: Decimal("0.25"), 2: Decimal("0.25")}


def test_the_number_of_entries_does_not_decide_how_often_the_database_is_asked(budget: Budget, admin: User) -> None:
    price, fee = label_price(budget), platform_fee(budget, "5")
    spent(budget, "0.1", fee=fee)
    with CaptureQueriesContext(connection) as few:
        price = correct(admin, price, "0.2")
    for _ in range(20):
        charge(budget=budget, cost=cost("0.2"), price=price, fee=fee)
    with CaptureQueriesContext(connection) as many:
        correct(admin, price, "0.1")
    assert len(many) <= len(few) + 3  # a notice, or a tally that is new
