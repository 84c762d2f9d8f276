"""Charges a budget by a list of source keys, again and again until each went through. Run by the test beside it.

`python charger.py BUDGET PRICE FIRST LAST`; prints each key that it knows to be entered.
"""

import sys
import time
from datetime import UTC, datetime
from decimal import Decimal

import django

django.setup()

from django.db import InterfaceError, OperationalError, close_old_connections, connection  # noqa: E402  # after setup

from budgets.ledger import Cost, charge  # noqa: E402  # after setup
from budgets.models import Budget, Origin, Price  # noqa: E402  # after setup

WHEN = datetime(2026, 1, 1, tzinfo=UTC)


def enter(budget: int, price: int, key: str) -> None:
    cost = Cost(source_key=key, quantity=Decimal(1), amount=Decimal("0.1"), origin=Origin.PERSON, occurred_at=WHEN)
    charge(budget=Budget.objects.get(pk=budget), price=Price.objects.get(pk=price), cost=cost)


def main(budget: int, price: int, first: int, last: int) -> None:
    for number in range(first, last):
        while True:
            try:
                close_old_connections()
                enter(budget, price, f"annotation:{number}")
                break
            except (OperationalError, InterfaceError):
                connection.close()
                time.sleep(0.1)
        print(number, flush=True)


main(*(int(argument) for argument in sys.argv[1:]))
