"""Kills a process that spends at random moments, and looks after each whether the budget still adds up.

`python mortal.py BUDGET FEE ACTOR SEED NUM_KILLS`. The process that is killed is forked, so that a new one is at work
at once. It does jobs, each in steps of its own transactions, and names each that is done; the next one begins with the
job that was not, as a redelivered message would. Prints JSON: how many jobs, how many kills left one half done.
"""

import json
import os
import random
import signal
import sys
import time
from datetime import UTC, datetime
from decimal import Decimal
from itertools import count

import django

django.setup()

from django.db import connections, transaction  # noqa: E402  # after setup

from accounts.models import User  # noqa: E402  # after setup
from budgets.cost_kinds import CostKind  # noqa: E402  # after setup
from budgets.ledger import AlreadyReversed, Cost, charge, extend_hold, reverse, settle  # noqa: E402  # after setup
from budgets.models import Budget, LedgerEntry, Origin, Price  # noqa: E402  # after setup
from budgets.prices import price_at  # noqa: E402  # after setup
from budgets.queries import differences  # noqa: E402  # after setup
from tests.factories import place_hold  # noqa: E402  # after setup

WHEN = datetime(2026, 1, 1, tzinfo=UTC)
LONGEST_LIFE = 0.15


def cost(key: str, amount: str) -> Cost:
    return Cost(source_key=key, quantity=Decimal(1), amount=Decimal(amount), origin=Origin.PERSON, occurred_at=WHEN)


def do(job: int, budget: Budget, price: Price, fee: Price, actor: User) -> None:
    """Hold 3 and its fee, extend by 1; settle 1 and 1.5 with their fees; charge 0.25 and 0.5, undo the 0.5."""
    hold = place_hold(budget=budget, source_key=f"run:{job}", amount=Decimal(3), price=price, fee=fee)
    if hold.closed_at is None and hold.extended == 0:
        extend_hold(hold=hold, amount=Decimal(1))
    settle(hold=hold, cost=cost(f"run:{job}:attempt:1", "1"), close=False)
    settle(hold=hold, cost=cost(f"run:{job}:attempt:2", "1.5"))
    charge(budget=budget, cost=cost(f"annotation:{job}:a", "0.25"), price=price)
    wrong = charge(budget=budget, cost=cost(f"annotation:{job}:b", "0.5"), price=price, fee=fee)
    try:
        reverse(actor=actor, entry=wrong, reason="labelled twice")
    except AlreadyReversed:
        return


def live(first: int, done: int, last: int | None = None) -> None:
    """Do jobs from the first on, and write to `done` the number of the next one."""
    budget = Budget.objects.select_related("price_book").get(pk=int(sys.argv[1]))
    price = price_at(book=budget.price_book, kind=CostKind.LABEL, at=WHEN)
    fee, actor = Price.objects.get(pk=int(sys.argv[2])), User.objects.get(pk=int(sys.argv[3]))
    for job in count(first):
        if job == last:
            return
        do(job, budget, price, fee, actor)
        os.write(done, b"%d\n" % (job + 1))


def life_and_death(first: int, seconds: float) -> int:
    """Let a process live that long. Returns: the job that the next one begins with."""
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        live(first, writing)
    os.close(writing)
    time.sleep(seconds)
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    with os.fdopen(reading) as done:
        return max([first, *(int(line) for line in done)])


@transaction.atomic
def look(job: int) -> bool:
    """Whether a job is half done. Waits for the lock, for what was sent before the kill may still be at work."""
    budget = Budget.objects.select_for_update().get(pk=int(sys.argv[1]))
    found = differences(budget)
    assert not found, [str(one) for one in found]
    return budget.holds.filter(source_key=f"run:{job}").exists()


def main(seed: int, num_kills: int) -> None:
    moments, job, num_half_done = random.Random(seed), 0, 0
    for _ in range(num_kills):
        job = life_and_death(job, moments.uniform(0, LONGEST_LIFE))
        num_half_done += look(job)
        connections.close_all()
    live(job, os.open(os.devnull, os.O_WRONLY), last=job + 1)
    num_entries = LedgerEntry.objects.filter(budget=int(sys.argv[1])).count()
    print(json.dumps({"num_jobs": job + 1, "num_half_done": num_half_done, "num_entries": num_entries}))


main(int(sys.argv[4]), int(sys.argv[5]))
