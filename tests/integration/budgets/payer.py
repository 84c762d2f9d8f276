"""One process of the tests that let many spend at once: does what it is told, and says how each try went.

`python payer.py` reads lines of JSON, {"do": name, ...}, and answers each with a list of "done" or a refusal's name.
"""

import json
import sys
from collections.abc import Callable
from datetime import datetime
from decimal import Decimal
from functools import lru_cache
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


for line in sys.stdin:
    asked = json.loads(line)
    print(json.dumps([attempt(key, asked) for key in asked["keys"]]), flush=True)
