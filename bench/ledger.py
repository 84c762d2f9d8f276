"""How the money pages, exports and checks fare with a million ledger entries, beside ten thousand.

`python3 manage.py bench ledger` makes a PostgreSQL of its own in a temporary folder, two hundred studies in it, and
measures the same pages at both sizes; the exports' memory in processes of their own; and charges per second beside the
bare INSERT that each of them contains. `--entries N` measures a smaller ledger.
"""

import json
import os
import random
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT / "platform"), str(ROOT)]

FEW, MANY = 10_000, 1_000_000
ROUNDS = 100
GOALS = {"p95_ms": 300.0, "times_slower": 2.0, "export_mib": 300.0, "differences": 0}
NUM_CHARGES = 400


def main() -> int:
    many = int(sys.argv[sys.argv.index("--entries") + 1]) if "--entries" in sys.argv else MANY
    folder = Path(tempfile.mkdtemp(prefix="fulcrum-bench-"))
    try:
        from bench.parts.own_database import own_database

        with own_database(root=ROOT, folder=folder):
            figures = _measure(many)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    goals = {name: _goal(name) for name in figures if _goal(name) is not None}
    for name, value in figures.items():
        print(f"{name:<36} {value:>12,}" + (f"   goal <= {goals[name]:,}" if name in goals else ""))
    is_ok = all(figures[name] <= goal for name, goal in goals.items())
    print(json.dumps({"bench": "ledger", "figures": figures, "goals": goals, "ok": is_ok}))
    return 0 if is_ok else 1


def _goal(name: str) -> float | None:
    if name.startswith("few_"):
        return None
    return next((goal for ending, goal in GOALS.items() if name.endswith(ending)), None)


def _measure(many: int) -> dict[str, Any]:
    from bench.parts.ledger_rows import Ledger, catch_up_sequences, forget_when_prices_were_made

    ledger = Ledger()
    forget_when_prices_were_made()
    figures: dict[str, Any] = {}
    few_pages: dict[str, float] = {}
    for size, prefix in ((FEW, "few_"), (many, "")):
        started = time.monotonic()
        ledger.grow(num_entries=size)
        _say(f"{size:,} entries made in {time.monotonic() - started:.0f} s")
        pages = _pages(ledger)
        figures |= {f"{prefix}{name}_p95_ms": round(value, 1) for name, value in pages.items()}
        few_pages = few_pages or pages
    figures |= {f"{name}_times_slower": round(pages[name] / few_pages[name], 2) for name in pages}
    catch_up_sequences()
    figures |= _verify()
    figures |= _exports()
    return figures | _charges(ledger)


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


def _pages(ledger: Any) -> dict[str, float]:
    """The 95th percentile of milliseconds per kind of page; every page asked for once before."""
    from django.test import Client

    client = Client()
    client.force_login(ledger.admin)
    found = {}
    for name, address in _addresses(ledger).items():
        chosen = random.Random(1)
        times = [_milliseconds(client, address(chosen, number)) for number in range(ROUNDS + 5)][5:]
        found[name] = sorted(times)[int(len(times) * 0.95)]
    return found


def _milliseconds(client: Any, url: str) -> float:
    started = time.perf_counter()
    answer = client.get(url)
    took = (time.perf_counter() - started) * 1000
    assert answer.status_code == 200, f"{url} answered {answer.status_code}"
    return took


def _addresses(ledger: Any) -> dict[str, Callable[[random.Random, int], str]]:
    from reports.costs import Grouping

    groupings = list(Grouping)
    of_study = [by for by in groupings if by != Grouping.STUDY]

    def study(chosen: random.Random) -> Any:
        return chosen.choice(ledger.studies)

    return {
        "budget": lambda chosen, _: f"/studies/{study(chosen).pk}/budget/",
        "cost_report": lambda _, number: f"/costs/?by={groupings[number % len(groupings)]}",
        "study_cost_report": lambda chosen, number: (
            f"/studies/{study(chosen).pk}/costs/?by={of_study[number % len(of_study)]}"
        ),
        "study_entries": lambda chosen, number: f"/studies/{study(chosen).pk}/ledger/?{_filter(chosen, number)}",
        "all_entries": lambda chosen, number: f"/costs/entries/?{_filter(chosen, number)}",
        "entry": lambda chosen, _: f"/ledger/{10_000_000 + 2 * chosen.randrange(1, 4000)}/",
    }


def _filter(chosen: random.Random, number: int) -> str:
    """What a figure of a cost report leads to: of a kind, a person, a month, a run; or a place further back."""
    month = f"{chosen.choice((2024, 2025))}-{chosen.randrange(1, 13):02}"
    return [
        "",
        "kind=label",
        "kind=device_hour",
        "annotator=none",
        f"first_month={month}&last_month={month}",
        f"kind=platform_fee&last_month={month}",
        f"after={month}-15T00:00:00%2B00:00~1",
        f"run=run:{chosen.randrange(1, 100)}",
    ][number % 8]


def _verify() -> dict[str, Any]:
    from budgets.models import Budget
    from reports.verify import verify

    started = time.monotonic()
    differences = verify(budgets=Budget.objects.order_by("pk"))
    for one in differences[:5]:
        _say(str(one))
    return {"verify_seconds": round(time.monotonic() - started, 1), "verify_differences": len(differences)}


# The process says its own peak: what the system counts for a child begins with what its parent held.
_EXPORT = """
import sys
from django.core.management import execute_from_command_line
execute_from_command_line(sys.argv)
with open("/proc/self/status") as status:
    print(next(line.split()[1] for line in status if line.startswith("VmHWM:")))
"""


def _exports() -> dict[str, Any]:
    """Peak resident memory of the process that writes each file, and how long it takes."""
    from django.conf import settings

    figures: dict[str, Any] = {}
    for name in ("csv", "xlsx", "parquet", "focus"):
        file = settings.DATA_DIR / f"export.{name}"
        command = [sys.executable, "-c", _EXPORT, "costs", "--format", name, "--out", str(file)]
        path = os.pathsep.join([str(ROOT), str(ROOT / "platform")])
        started = time.monotonic()
        environment = {**os.environ, "PYTHONPATH": path}
        done = subprocess.run(command, env=environment, stdout=subprocess.PIPE, text=True, check=True)
        figures[f"{name}_export_mib"] = round(int(done.stdout.split()[-1]) / 1024, 1)
        figures[f"{name}_export_seconds"] = round(time.monotonic() - started, 1)
        file.unlink()
    return figures


def _charges(ledger: Any) -> dict[str, Any]:
    """Charges per second, one after the other, each committed; and the INSERT of the same row, committed too."""
    from decimal import Decimal

    from django.utils import timezone

    from budgets.cost_kinds import CostKind
    from budgets.ledger import Cost, charge
    from budgets.models import Origin, Price

    budget = ledger.studies[0].budget
    price = Price.objects.filter(book=budget.price_book, kind=CostKind.LABEL).get()

    def enter(number: int) -> None:
        cost = Cost(
            source_key=f"bench:{number}",
            quantity=Decimal(1),
            amount=price.rate,
            origin=Origin.PERSON,
            occurred_at=timezone.now(),
            payee=ledger.admin,
        )
        charge(budget=budget, cost=cost, price=price)

    charges = _per_second(enter)
    inserts = _per_second(_insert_as(budget))
    return {
        "charges_per_second": round(charges, 1),
        "bare_inserts_per_second": round(inserts, 1),
        "inserts_per_charge": round(inserts / charges, 2),
    }


def _insert_as(budget: Any) -> Callable[[int], None]:
    """Insert rows like the first charge's, with nothing around them."""
    from django.db import connection

    statement = """
        INSERT INTO budgets_ledgerentry (budget_id, source_key, subject_key, work_key, kind, path, origin, payee_id,
            price_id, quantity, amount, memo, overshoot, occurred_at, created_at)
        VALUES (%s, %s, %s, '', 'label', 'annotate', 'person', %s, %s, 1, 0.1, '', false, now(), now())
    """
    first = budget.entries.get(source_key="bench:0")

    def insert(number: int) -> None:
        key = f"bare:{number}"
        with connection.cursor() as cursor:
            cursor.execute(statement, [budget.pk, key, key, first.payee_id, first.price_id])

    return insert


def _per_second(work: Callable[[int], None]) -> float:
    started = time.monotonic()
    for number in range(NUM_CHARGES):
        work(number)
    return NUM_CHARGES / (time.monotonic() - started)


if __name__ == "__main__":
    sys.exit(main())
