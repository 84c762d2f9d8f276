"""Buys answers in a process of its own, to be killed: `python buyer.py CONNECTION_ID BUDGET_ID TEXT …`."""

import sys

import django

django.setup()

from budgets.models import Budget  # noqa: E402  # after setup
from connections.models import Connection  # noqa: E402  # after setup
from tests.integration.connections.conftest import Shop  # noqa: E402  # after setup

if __name__ == "__main__":
    connection_id, budget_id, *texts = sys.argv[1:]
    shop = Shop(Connection.objects.get(pk=connection_id), Budget.objects.get(pk=budget_id))
    shop.buy(texts)
