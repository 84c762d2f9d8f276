from datetime import timedelta
from decimal import Decimal

import pytest

from accounts.models import AuditRecord, Role
from accounts.permissions import Forbidden
from budgets.cost_kinds import CostKind
from budgets.ledger import BudgetExceeded, CapExceeded, Period, RepricingPreview, preview_repricing, reprice, reverse
from budgets.ledger.repricing import NothingToReprice, RepricingChanged
from budgets.limits import set_cap, stop_everything
from budgets.models import Budget, LedgerEntry, Price
from budgets.prices import price_at, set_price
from budgets.queries import differences
from config.refusals import Refusal
from tests import factories
from tests.factories import place_hold
from tests.integration.budgets.ledger_ground import NOW, label_price, spent

pytestmark = pytest.mark.django_db
PERIOD = Period(starts_at=NOW - timedelta(days=1), ends_at=NOW + timedelta(days=1))


def preview(price: Price, amount: str = "0.3") -> RepricingPreview:
    return preview_repricing(actor=factories.person(Role.ADMIN), price=price, amount=amount, period=PERIOD)


def correct(price: Price, amount: str = "0.3", digest: str | None = None) -> RepricingPreview:
    admin = factories.person(Role.ADMIN)
    expected = preview(price, amount).digest if digest is None else digest
    return reprice(
        actor=admin, price=price, amount=amount, period=PERIOD, reason="A typing error", expected_digest=expected
    )


def balance(budget: Budget) -> Decimal:
    budget.refresh_from_db()
    return budget.spent


def labels(how_many: int, *, limit: str = "10") -> tuple[Budget, Price]:
    budget = factories.budget(limit=limit)
    for _ in range(how_many):
        spent(budget, "0.1")
    return budget, label_price(budget)


def test_a_preview_changes_nothing_and_says_what_would_change() -> None:
    budget, price = labels(3)
    (change,) = preview(price).changes
    assert (change.budget, change.num_entries, change.before, change.after, change.difference) == (
        budget,
        3,
        Decimal("0.3"),
        Decimal("0.9"),
        Decimal("0.6"),
    )
    assert LedgerEntry.objects.count() == 3


def test_each_entry_is_reversed_and_entered_anew_at_its_own_time() -> None:
    budget, price = labels(2)
    correct(price)
    first = LedgerEntry.objects.order_by("pk")[0]
    assert (first.reversal.amount, first.replacement.amount) == (Decimal("-0.1"), Decimal("0.3"))
    assert first.replacement.occurred_at == first.reversal.occurred_at == first.occurred_at
    assert first.replacement.subject_key == first.subject_key
    assert balance(budget) == Decimal("0.6")
    assert differences(budget) == []


def test_fees_follow_what_they_are_on_top_of() -> None:
    budget = factories.budget()
    fee = set_price(
        actor=factories.person(Role.ADMIN),
        book=budget.price_book,
        kind=CostKind.PLATFORM_FEE,
        amount="50",
        starts_at=factories.LONG_AGO,
    )
    spent(budget, "0.1", fee=fee)
    correct(label_price(budget))
    assert balance(budget) == Decimal("0.45")
    assert differences(budget) == []


def test_a_wrong_fee_is_corrected_alone() -> None:
    budget = factories.budget()
    admin, start = factories.person(Role.ADMIN), factories.LONG_AGO
    fee = set_price(actor=admin, book=budget.price_book, kind=CostKind.PLATFORM_FEE, amount="50", starts_at=start)
    spent(budget, "0.1", fee=fee)
    correct(fee, "10")
    assert balance(budget) == Decimal("0.11")
    assert differences(budget) == []


def test_what_lies_outside_the_period_and_what_was_reversed_stays() -> None:
    budget, price = labels(1)
    spent(budget, "0.1", at=NOW - timedelta(days=3))
    undone = spent(budget, "0.1")
    reverse(actor=factories.person(Role.ADMIN), entry=undone, reason="Twice")
    assert correct(price).num_entries == 1


def test_a_correction_is_never_found_as_a_price() -> None:
    budget, price = labels(1)
    correct(price)
    assert price_at(book=budget.price_book, kind=CostKind.LABEL, at=NOW) == price


def test_a_correction_can_be_corrected() -> None:
    budget, price = labels(1)
    correct(price, "0.3")
    wrong = Price.objects.get(corrects=price)
    correct(wrong, "0.2")
    assert balance(budget) == Decimal("0.2")
    with pytest.raises(NothingToReprice):
        preview(price)
    assert differences(budget) == []


def test_entries_that_came_since_the_preview_are_not_corrected_unseen() -> None:
    budget, price = labels(1)
    seen = preview(price).digest
    spent(budget, "0.1")
    with pytest.raises(RepricingChanged, match="changed since the preview"):
        correct(price, digest=seen)
    assert balance(budget) == Decimal("0.2")


def test_a_correction_sent_twice_is_done_once() -> None:
    budget, price = labels(1)
    seen = preview(price).digest
    correct(price, digest=seen)
    with pytest.raises(NothingToReprice):
        correct(price, digest=seen)
    assert balance(budget) == Decimal("0.3")


def test_a_budget_that_cannot_take_the_difference_keeps_all_as_it_was() -> None:
    budget, price = labels(3, limit="0.5")
    other = factories.study(prices=budget.price_book, limit="100").budget
    spent(other, "0.1")
    with pytest.raises(BudgetExceeded, match=f"“{budget.name}”"):
        correct(price)
    assert (balance(budget), balance(other)) == (Decimal("0.3"), Decimal("0.1"))
    assert not Price.objects.filter(corrects=price).exists()


def test_a_cap_is_kept_too() -> None:
    budget, price = labels(3)
    set_cap(actor=factories.person(), budget=budget, limit="0.8", kind=CostKind.LABEL)
    with pytest.raises(CapExceeded):
        correct(price)


def test_a_stop_is_no_reason_to_keep_a_wrong_price() -> None:
    budget, price = labels(1)
    stop_everything(actor=factories.person(), budget=budget, reason="Enough")
    correct(price)
    assert balance(budget) == Decimal("0.3")


def test_what_is_held_keeps_the_price_that_was_promised() -> None:
    budget, price = labels(1)
    hold = place_hold(budget=budget, source_key="run:1", amount=Decimal(1), price=price)
    correct(price)
    hold.refresh_from_db()
    assert (hold.price, hold.remaining) == (price, 1)


def test_it_is_recorded_with_its_reason() -> None:
    _, price = labels(2)
    correct(price)
    record = AuditRecord.objects.get(action="price.correct")
    assert (record.before["amount"], record.after["amount"]) == ("0.100000", "0.300000")
    assert (record.after["num_entries"], record.after["reason"]) == (2, "A typing error")


@pytest.mark.parametrize("amount", ["-1", "NaN", "1e30", "0.1234567", "0.1"])
def test_a_bad_amount_is_refused(amount: str) -> None:
    _, price = labels(1)
    with pytest.raises(Refusal, match="amount"):
        preview(price, amount)


def test_a_period_ends_after_it_starts() -> None:
    with pytest.raises(Refusal, match="ends_at"):
        Period(starts_at=NOW, ends_at=NOW)


def test_only_an_admin_corrects() -> None:
    _, price = labels(1)
    with pytest.raises(Forbidden):
        preview_repricing(actor=factories.person(Role.MANAGER), price=price, amount="1", period=PERIOD)
