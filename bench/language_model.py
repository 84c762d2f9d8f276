"""Ten thousand answers bought from a server behind a line that fails at random, against the server's own log.

`python3 manage.py bench language_model` makes a PostgreSQL of its own in a temporary folder, and a server in itself.
Of the requests, 4 % are answered 429, 4 % 500, 502 or 503, 1 % are cut before the model worked and 1 % afterwards; the
buyer is stopped and started again every 2,500 requests. Each text must be answered once, and each cent paid once.
`--requests N` asks for fewer.
"""

import json
import shutil
import sys
import tempfile
import time
from decimal import Decimal
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT / "platform"), str(ROOT)]

MANY = 10_000
STOPPED_EVERY = 2_500
CONCURRENCY = 16
GOALS = {"differences": 0, "open_holds": 0, "verify_differences": 0}


def main() -> int:
    many = int(sys.argv[sys.argv.index("--requests") + 1]) if "--requests" in sys.argv else MANY
    folder = Path(tempfile.mkdtemp(prefix="fulcrum-bench-"))
    try:
        from bench.parts.own_database import own_database

        with own_database(root=ROOT, folder=folder):
            figures = _measure(many)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    for name, value in figures.items():
        print(f"{name:<36} {value:>12,}" + (f"   goal <= {GOALS[name]:,}" if name in GOALS else ""))
    is_ok = all(figures[name] <= goal for name, goal in GOALS.items())
    print(json.dumps({"bench": "language_model", "figures": figures, "goals": GOALS, "ok": is_ok}))
    return 0 if is_ok else 1


def _measure(many: int) -> dict[str, Any]:
    from budgets.cost_kinds import CostKind
    from budgets.models import Budget
    from reports.verify import verify
    from tests.faulty_line import FaultyLine, differences
    from tests.integration.connections.conftest import PRICES, make_shop
    from tests.language_server import language_server

    texts = [f"{'fine' if number % 2 else 'bad'} day {number}" for number in range(many)]
    prices = {"input": PRICES[CostKind.INPUT_TOKENS], "output": PRICES[CostKind.OUTPUT_TOKENS]}
    line = FaultyLine(seed=1)
    with language_server(line) as server:
        shop = make_shop(server.url, limit="100000", concurrency=CONCURRENCY)
        started = time.monotonic()
        num_stops = _buy(shop, server, texts)
        seconds = time.monotonic() - started
    by_class = {name: Decimal(price) for name, price in prices.items()}
    found = differences(line, texts=texts, spent=shop.spent, prices=by_class)
    budget = Budget.objects.get(pk=shop.budget.pk)
    wrong = verify(budgets=[budget])
    for one in [*found, *wrong]:
        print(one, file=sys.stderr)
    return {
        "texts": many,
        "requests": len(server.requests),
        "answered": line.heard.total(),
        **{f"{fault}_faults": number for fault, number in sorted(line.faults.items()) if fault},
        "stops": num_stops,
        "requests_per_second": round(len(server.requests) / seconds, 1),
        "open_holds": float(budget.held),
        "differences": len(found),
        "verify_differences": len(wrong),
    }


def _buy(shop: Any, server: Any, texts: list[str]) -> int:
    """Buy all, stopped every so many requests; returns how often."""
    from connections.buying import PurchaseInterrupted

    num_stops = 0
    while True:
        until = STOPPED_EVERY * (num_stops + 1)
        try:
            shop.buy(texts, should_continue=lambda until=until: len(server.requests) < until)
        except PurchaseInterrupted:
            num_stops += 1
        else:
            return num_stops


if __name__ == "__main__":
    sys.exit(main())
