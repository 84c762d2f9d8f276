from collections.abc import Callable
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any, ClassVar

import pytest
from django.db import connection, transaction
from django.db.models import Q
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    RuleBasedStateMachine,
    consumes,
    initialize,
    invariant,
    multiple,
    precondition,
    rule,
    run_state_machine_as_test,
)

from accounts.models import AuditRecord, Role, User
from budgets.cost_kinds import CostKind
from budgets.ledger import (
    Cost,
    HoldRequest,
    Period,
    charge,
    extend_hold,
    place_holds,
    preview_repricing,
    release,
    reprice,
    reverse,
    settle,
)
from budgets.limits import exhaust, open_budget, remove_cap, resume, set_cap, set_limit, stop_everything, top_up
from budgets.models import Budget, BudgetStop, Cap, Hold, LedgerEntry, Origin, Path, Price, PriceBook, Tally
from budgets.prices import Scope, find_price, set_price
from budgets.queries import differences
from notices.models import Notice
from tests import factories
from tests.integration.budgets.books import Books, Paid, Rate, Refusal

SETTINGS = settings(
    derandomize=True,
    database=None,
    deadline=None,
    max_examples=30,
    stateful_step_count=40,
    suppress_health_check=list(HealthCheck),
)
NOW = datetime(2026, 1, 31, 23, 59, 59, tzinfo=UTC)
ALWAYS = Period(starts_at=factories.LONG_AGO, ends_at=datetime(2100, 1, 1, tzinfo=UTC))
ROWS = (LedgerEntry, Hold, Tally, Price, Cap, BudgetStop, AuditRecord, Notice)
CAPS = st.sampled_from(["annotate", "distil", "label", "device_hour"])
NAMES = st.sampled_from(["label", "device_hour"])
FEES = st.sampled_from(["", "fee", "odd_fee"])
PATHS = st.sampled_from(["annotate", "distil", ""])
QUANTITIES = st.decimals(0, 9, places=2) | st.sampled_from([Decimal(40), Decimal(5), Decimal("0.333333")])
SLACKS = st.decimals(-2, 12, places=2) | st.sampled_from([Decimal(0), Decimal("0.05"), Decimal(30)])
AMOUNTS = st.decimals(0, 8, places=2) | st.just(Decimal("0.000001"))


COUNTS = "select " + ", ".join(f"(select count(*) from {model._meta.db_table})" for model in ROWS)


def num_rows() -> tuple[int, ...]:
    """How many there are of each of ROWS, in one query: every step asks."""
    with connection.cursor() as cursor:
        cursor.execute(COUNTS)
        return tuple(cursor.fetchone())


class Ground:
    """Who decides, and the prices in force: the same for every sequence, which is rolled back at its end."""

    def __init__(self) -> None:
        self.admin: User = factories.person(Role.ADMIN)
        self.book: PriceBook = factories.price_book(label="1", cpu_hour="0.6")
        for number, percent in enumerate(("10", "33.333333")):
            start = factories.LONG_AGO.replace(year=2021 + number)
            set_price(actor=self.admin, book=self.book, kind=CostKind.PLATFORM_FEE, amount=percent, starts_at=start)
        self.prices = {name: self._price(name) for name in ("label", "device_hour", "fee", "odd_fee")}

    def _price(self, name: str) -> Price:
        kind = CostKind.PLATFORM_FEE if name.endswith("fee") else CostKind(name)
        at = NOW.replace(year=2021) if name == "fee" else NOW
        scope = Scope(device="cpu") if name == "device_hour" else Scope()
        found = find_price(book=self.book, kind=kind, at=at, scope=scope)
        assert found is not None
        return found


class Money(RuleBasedStateMachine):
    """All that can be done to one budget, each beside the same in plain Python."""

    ground: ClassVar[Ground]
    holds, entries = Bundle("holds"), Bundle("entries")

    def __init__(self) -> None:
        super().__init__()
        self.sequence = transaction.atomic()
        self.sequence.__enter__()
        self.budget = open_budget(actor=self.ground.admin, name="b", limit="30", price_book=self.ground.book)
        self.books = Books(limit=Decimal(30))
        self.prices = dict(self.ground.prices)
        self.rates = {name: Rate(price.kind, price.rate) for name, price in self.prices.items()}
        self.rows: dict[int, Any] = {}
        self.number = 0

    def teardown(self) -> None:
        transaction.set_rollback(True)
        self.sequence.__exit__(None, None, None)

    def key(self, what: str) -> str:
        self.number += 1
        return f"{what}:{self.number}"

    def both(self, expected: Refusal, act: Callable[[], object]) -> bool:
        """Do it for real; it must be refused as expected, leaving nothing, or not at all."""
        before = num_rows()
        try:
            with transaction.atomic():
                act()
        except Exception as refusal:  # noqa: BLE001 -- compared with what was expected
            assert type(refusal) is expected, refusal
            assert num_rows() == before
            return False
        assert expected is None
        return True

    def cost(self, key: str, *, name: str, quantity: Decimal, **fields: Any) -> Cost:
        amount = self.rates[name].of(quantity)
        return Cost(source_key=key, quantity=quantity, amount=amount, origin=Origin.PERSON, occurred_at=NOW, **fields)

    def fee(self, name: str) -> tuple[Price | None, Rate | None]:
        return (self.prices[name], self.rates[name]) if name else (None, None)

    def standing(self, key: str, *, is_fee: bool = False) -> LedgerEntry:
        """The entry that stands for something now; where none does, the first."""
        rows = LedgerEntry.objects.filter(budget=self.budget, subject_key=key, reverses=None)
        rows = rows.filter(kind=CostKind.PLATFORM_FEE) if is_fee else rows.exclude(kind=CostKind.PLATFORM_FEE)
        return rows.filter(reversal=None).first() or rows.earliest("pk")

    @initialize(target=holds, quantity=st.decimals(1, 6, places=2), name=NAMES, fee=FEES)
    def begin(self, quantity: Decimal, name: str, fee: str) -> object:
        return self.place([quantity, quantity], "annotate", name, fee, False)

    @rule(
        target=holds,
        quantities=st.lists(QUANTITIES, min_size=1, max_size=3),
        path=PATHS,
        name=NAMES,
        fee=FEES,
        twice=st.booleans(),
    )
    def place(self, quantities: list[Decimal], path: str, name: str, fee: str, twice: bool) -> object:
        fee_price, fee_rate = self.fee(fee)
        requests, placed, refused = [], [], None
        for quantity in quantities:
            amount = self.rates[name].of(quantity)
            request = HoldRequest(
                source_key=self.key("work"), amount=amount, price=self.prices[name], path=path, fee=fee_price
            )
            requests.append(request)
            refused = refused or self.books.place(
                request.source_key, path=path, rate=self.rates[name], fee=fee_rate, quantity=quantity
            )
            placed += [] if refused else [request.source_key]
        requests *= 1 + twice
        expected = None if placed else refused
        self.both(expected, lambda: place_holds(budget=self.budget, requests=requests, as_many_as_fit=True))
        return multiple(*placed)

    @rule(key=holds, amount=AMOUNTS)
    def extend(self, key: str, amount: Decimal) -> None:
        hold = Hold.objects.get(budget=self.budget, source_key=key)
        self.both(self.books.extend(key, amount), lambda: extend_hold(hold=hold, amount=amount))

    @rule(
        target=entries,
        hold_key=holds,
        quantity=QUANTITIES,
        name=NAMES,
        close=st.booleans(),
        twice=st.booleans(),
    )
    def settle(self, hold_key: str, quantity: Decimal, name: str, close: bool, twice: bool) -> object:
        hold = Hold.objects.get(budget=self.budget, source_key=hold_key)
        cost = self.cost(self.key("done"), name=name, quantity=quantity)
        expected = self.books.settle(cost.source_key, hold_key, rate=self.rates[name], quantity=quantity, close=close)

        def act() -> None:
            for _ in range(1 + twice):
                settle(hold=hold, cost=cost, close=close, price=self.prices[name])

        return cost.source_key if self.both(expected, act) else multiple()

    @rule(key=consumes(holds), twice=st.booleans())
    def release(self, key: str, twice: bool) -> None:
        hold = Hold.objects.get(budget=self.budget, source_key=key)
        self.books.release(key)
        for _ in range(1 + twice):
            self.both(None, lambda: release(hold=hold, reason="it failed"))

    @rule(
        target=entries,
        quantity=QUANTITIES,
        path=PATHS,
        name=NAMES,
        fee=FEES,
        overshoot=st.booleans(),
    )
    def charge(self, quantity: Decimal, path: str, name: str, fee: str, overshoot: bool) -> object:
        fee_price, fee_rate = self.fee(fee)
        cost = self.cost(self.key("done"), name=name, quantity=quantity, overshoot=overshoot)
        paid = Paid(path=path, rate=self.rates[name], quantity=quantity, fee=fee_rate)
        expected = self.books.charge(cost.source_key, paid, overshoot=overshoot)
        done = self.both(
            expected,
            lambda: charge(budget=self.budget, cost=cost, price=self.prices[name], path=path, fee=fee_price),
        )
        return cost.source_key if done else multiple()

    @precondition(lambda self: self.number % 4 == 2)
    @rule(target=entries, quantity=QUANTITIES, name=NAMES, fee=FEES, under=st.just("") | CAPS)
    def charge_the_last_of_it(self, quantity: Decimal, name: str, fee: str, under: str) -> object:
        """Leave just enough, under the limit or a cap, and try for a little more afterwards."""
        wanted = Paid(path="annotate", rate=self.rates[name], quantity=quantity, fee=self.fee(fee)[1]).total
        if under:
            self.cap(under, wanted)
        else:
            self.limit(wanted)
        keys = [self.charge(one, "annotate", name, fee, False) for one in (quantity, Decimal("0.01"))]
        return multiple(*(key for key in keys if isinstance(key, str)))

    @rule(key=entries, only_its_fee=st.booleans())
    def reverse(self, key: str, only_its_fee: bool) -> None:
        paid = self.books.paid.get(key)
        if only_its_fee and paid is not None and paid.fee is not None:
            entry, paid.fee, expected = self.standing(key, is_fee=True), None, None
        else:
            entry, expected = self.standing(key), self.books.reverse(key)
        self.both(expected, lambda: reverse(actor=self.ground.admin, entry=entry, reason="wrong"))

    @precondition(lambda self: self.number % 3 == 0)
    @rule(slack=SLACKS)
    def limit(self, slack: Decimal) -> None:
        """Leave little, nothing, or less than nothing."""
        limit = max(self.books.spent + self.books.held + slack, Decimal(0))
        expected = self.books.set_limit(limit)
        self.both(expected, lambda: set_limit(actor=self.ground.admin, budget=self.budget, limit=limit))

    @precondition(lambda self: self.number % 3 == 1)
    @rule(cap=CAPS, slack=SLACKS)
    def cap(self, cap: str, slack: Decimal) -> None:
        named: dict[str, Any] = {"path": cap} if cap in Path.values else {"kind": cap}
        limit = max(self.books.used(cap) + slack, Decimal(0))
        expected = self.books.set_cap(cap, limit)
        self.both(expected, lambda: set_cap(actor=self.ground.admin, budget=self.budget, limit=limit, **named))

    @precondition(lambda self: self.books.caps)
    @rule(data=st.data())
    def lift(self, data: st.DataObject) -> None:
        cap = data.draw(st.sampled_from(sorted(self.books.caps)))
        del self.books.caps[cap]
        (one,) = self.budget.caps.filter(Q(path=cap) | Q(kind=cap))
        remove_cap(actor=self.ground.admin, cap=one)

    @precondition(lambda self: self.number % 4 == 0)
    @rule(by_a_person=st.booleans())
    def stop(self, by_a_person: bool) -> None:
        if by_a_person:
            self.books.stop = self.books.stop or "frozen"
            stop_everything(actor=self.ground.admin, budget=self.budget, reason="look first")
        else:
            self.books.stop = self.books.stop or "exhausted"
            exhaust(budget=self.budget, reason="a run needs more")

    @precondition(lambda self: self.books.stop)
    @rule()
    def resume(self) -> None:
        self.both(self.books.resume(), lambda: resume(actor=self.ground.admin, budget=self.budget))

    @precondition(lambda self: self.books.stop or self.number % 4 == 1)
    @rule(amount=st.decimals("0.01", 20, places=2))
    def top_up(self, amount: Decimal) -> None:
        self.books.set_limit(self.books.limit + amount)
        self.both(None, lambda: top_up(actor=self.ground.admin, budget=self.budget, amount=amount))

    @precondition(lambda self: self.books.paid)
    @rule(name=st.sampled_from(["label", "device_hour", "fee", "odd_fee"]), amount=st.decimals(0, 3, places=3))
    def reprice(self, name: str, amount: Decimal) -> None:
        """The corrected price is the one of what comes, too; so the next correction meets replacements."""
        wrong, old, new = self.prices[name], self.rates[name], Rate(self.rates[name].kind, amount)
        if amount == old.amount:
            return
        fields: dict[str, Any] = {"actor": self.ground.admin, "price": wrong, "amount": amount, "period": ALWAYS}

        def act() -> None:
            digest = preview_repricing(**fields).digest
            reprice(**fields, reason="a wrong price", expected_digest=digest)

        if self.both(self.books.reprice(old, new), act):
            self.prices[name], self.rates[name] = wrong.corrections.latest("pk"), new

    @invariant()
    def the_budget_is_as_the_books_say(self) -> None:
        budget = Budget.objects.get(pk=self.budget.pk)
        stop = budget.stops.filter(ended_at=None).first()
        assert (budget.spent, budget.held, budget.limit) == (self.books.spent, self.books.held, self.books.limit)
        assert budget.spent + budget.held <= budget.limit
        assert (stop.cause if stop else "") == self.books.stop
        assert budget.is_stopped is bool(stop)
        assert differences(budget) == []

    @invariant()
    def no_entry_changes(self) -> None:
        rows = {row["id"]: row for row in LedgerEntry.objects.filter(budget=self.budget).values()}
        assert {pk: rows.get(pk) for pk in self.rows} == self.rows
        self.rows = rows


@pytest.mark.django_db
def test_no_sequence_breaks_a_budget() -> None:
    Money.ground = Ground()
    run_state_machine_as_test(Money, settings=SETTINGS)
