from collections import Counter
from contextlib import suppress
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest

from accounts.models import Role
from budgets.cost_kinds import CostKind
from budgets.ledger import Period, preview_repricing, reprice
from budgets.ledger.repricing import NothingToReprice, RepricingChanged
from budgets.limits import stop_everything
from budgets.models import Budget, Hold, LedgerEntry
from budgets.prices import price_at
from budgets.queries import differences
from tests import factories
from tests.integration.budgets.conftest import NUM_PROCESSES, Crew

pytestmark = pytest.mark.django_db(transaction=True)
NOW = datetime(2026, 1, 15, tzinfo=UTC)
JANUARY = Period(starts_at=datetime(2026, 1, 1, tzinfo=UTC), ends_at=datetime(2026, 2, 1, tzinfo=UTC))


def order(budget: Budget, do: str, keys: list[str], **fields: object) -> dict[str, object]:
    price = price_at(book=budget.price_book, kind=CostKind.LABEL, at=NOW)
    return {
        "do": do,
        "budget": budget.pk,
        "price": price.pk,
        "amount": "0.1",
        "at": NOW.isoformat(),
        "keys": keys,
        **fields,
    }


def shares(keys: list[str]) -> list[list[str]]:
    return [keys[number::NUM_PROCESSES] for number in range(NUM_PROCESSES)]


def test_of_two_hundred_charges_fifty_fit_eight_times_in_a_row(crew: Crew) -> None:
    for _ in range(8):
        budget = factories.budget(limit="5")
        crew.start([order(budget, "charge", keys) for keys in shares([f"annotation:{n}" for n in range(200)])])
        outcomes = Counter(crew.answers())
        budget.refresh_from_db()
        assert (outcomes["done"], outcomes.total()) == (50, 200)
        assert (budget.entries.count(), budget.spent) == (50, Decimal(5))
        assert differences(budget) == []


def test_no_charge_is_doubled_when_all_bring_the_same(crew: Crew) -> None:
    budget = factories.budget(limit="100")
    crew.start([order(budget, "charge", [f"annotation:{n}" for n in range(30)])] * NUM_PROCESSES)
    assert set(crew.answers()) == {"done"}
    budget.refresh_from_db()
    assert (budget.entries.count(), budget.spent) == (30, Decimal(3))
    assert differences(budget) == []


def test_nothing_is_held_once_a_stop_stands(crew: Crew) -> None:
    budget = factories.budget(limit="1000")
    crew.start([order(budget, "hold", keys) for keys in shares([f"example:{n}" for n in range(800)])])
    while Hold.objects.count() < 100:
        pass
    stop_everything(actor=factories.person(), budget=budget, reason="look first")
    num_held = Hold.objects.count()
    outcomes = Counter(crew.answers())
    assert outcomes == {"done": num_held, "BudgetStopped": 800 - num_held}
    assert 100 <= num_held < 800
    assert Hold.objects.count() == num_held
    budget.refresh_from_db()
    assert differences(budget) == []


def test_of_admins_who_top_up_at_once_one_wins(crew: Crew) -> None:
    budget, admin = factories.budget(limit="10"), factories.person(Role.ADMIN)
    for limit in range(10, 15):
        asked = order(budget, "top_up", ["1"], actor=admin.pk, expected_limit=str(limit))
        crew.start([asked] * NUM_PROCESSES)
        assert Counter(crew.answers()) == {"done": 1, "StaleEdit": NUM_PROCESSES - 1}
        budget.refresh_from_db()
        assert budget.limit == limit + 1


def test_a_repricing_beside_charges_and_new_prices_is_right_or_refused(crew: Crew) -> None:
    """Half of them charge inside the period, so that previews grow old; one sets prices of the same budgets."""
    budget, admin = factories.budget(limit="1000"), factories.person(Role.ADMIN)
    price = price_at(book=budget.price_book, kind=CostKind.LABEL, at=NOW)
    asked = [order(budget, "charge", keys) for keys in shares([f"annotation:{n}" for n in range(800)])]
    for one in asked[::2]:
        one["at"] = JANUARY.ends_at.isoformat()
    asked[-1] = order(budget, "price", [f"2027-01-01T00:00:{second:02}+00:00" for second in range(60)], actor=admin.pk)
    crew.start(asked)
    fields: dict[str, Any] = {"actor": admin, "price": price, "amount": "0.25", "period": JANUARY}
    while LedgerEntry.objects.filter(price=price).count() < 50:
        pass
    for _ in range(20):
        correct(fields)
    assert set(crew.answers()) == {"done"}
    correct(fields)
    standing = LedgerEntry.objects.filter(budget=budget, reverses=None, reversal=None)
    right = standing.filter(occurred_at__lt=JANUARY.ends_at).values_list("amount", flat=True)
    assert set(right) == {Decimal("0.25")}
    budget.refresh_from_db()
    assert differences(budget) == []


def correct(fields: dict[str, Any]) -> None:
    """Unless somebody charged since the preview, or nobody since the last correction."""
    with suppress(RepricingChanged, NothingToReprice):
        reprice(**fields, reason="misread", expected_digest=preview_repricing(**fields).digest)
