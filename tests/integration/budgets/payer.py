"""The processes of the tests that let many spend at once: each does what it is told, and says how each try went.

`python payer.py NUMBER` reads lines of JSON, a list of one order per process, {"do": name, ...}; and answers each line
with a list of "done" or a refusal's name. The processes are forked, so that one alone does the imports.
"""

import json
import sys
from collections.abc import Callable
from datetime import datetime
from decimal import Decimal
from functools import lru_cache
from multiprocessing import Pipe, Process
from multiprocessing.connection import wait
from typing import Any

import django

django.setup()

from accounts.models import User  # noqa: E402  # after setup
from budgets.cost_kinds import CostKind  # noqa: E402  # after setup
from budgets.ledger import BudgetExceeded, BudgetStopped, Cost, charge  # noqa: E402  # after setup
from budgets.limits import StaleEdit, top_up  # noqa: E402  # after setup
from budgets.models import Budget, Origin, Price  # noqa: E402  # after setup
from budgets.prices import Scope, set_price  # noqa: E402  # after setup
from tests.factories import place_hold  # noqa: E402  # after setup


@lru_cache
def price(pk: int) -> Price:
    return Price.objects.get(pk=pk)


def charge_one(key: str, order: dict[str, Any]) -> None:
    cost = Cost(
        source_key=key,
        quantity=Decimal(1),
        amount=Decimal(order["amount"]),
        origin=Origin.PERSON,
        occurred_at=datetime.fromisoformat(order["at"]),
    )
    charge(budget=Budget(pk=order["budget"]), cost=cost, price=price(order["price"]))


def hold_one(key: str, order: dict[str, Any]) -> None:
    amount = Decimal(order["amount"])
    place_hold(budget=Budget(pk=order["budget"]), source_key=key, amount=amount, price=price(order["price"]))


def top_up_one(key: str, order: dict[str, Any]) -> None:
    budget, actor = Budget.objects.get(pk=order["budget"]), User.objects.get(pk=order["actor"])
    top_up(actor=actor, budget=budget, amount=key, expected_limit=Decimal(order["expected_limit"]))


def price_one(key: str, order: dict[str, Any]) -> None:
    budget, actor = Budget.objects.get(pk=order["budget"]), User.objects.get(pk=order["actor"])
    set_price(
        actor=actor,
        book=budget.price_book,
        kind=CostKind.LABEL,
        amount="0.3",
        starts_at=datetime.fromisoformat(key),
        scope=Scope(budget=budget),
    )


WAYS: dict[str, Callable[[str, dict[str, Any]], None]] = {
    "charge": charge_one,
    "hold": hold_one,
    "top_up": top_up_one,
    "price": price_one,
}


def attempt(key: str, order: dict[str, Any]) -> str:
    try:
        WAYS[order["do"]](key, order)
    except (BudgetExceeded, BudgetStopped, StaleEdit) as refusal:
        return type(refusal).__name__
    return "done"


class Payer:
    """A process, and our end of what leads to it."""

    def __init__(self) -> None:
        self.orders, self._its = Pipe()
        self._process = Process(target=self._work, daemon=True)
        self._process.start()

    def _work(self) -> None:
        while True:
            order = self._its.recv()
            self._its.send([attempt(key, order) for key in order["keys"]])

    def answer(self) -> list[str]:
        wait([self.orders, self._process.sentinel])
        assert self.orders.poll(), f"a process ended with {self._process.exitcode} instead of answering"
        answers: list[str] = self.orders.recv()
        return answers


def main(num_payers: int) -> None:
    payers = [Payer() for _ in range(num_payers)]
    for line in sys.stdin:
        busy = list(zip(payers, json.loads(line), strict=False))
        for payer, order in busy:
            payer.orders.send(order)
        print(json.dumps([outcome for payer, _ in busy for outcome in payer.answer()]), flush=True)


main(int(sys.argv[1]))
