"""How the report, and the page of it that is printed, fare with 500 runs in a study, beside 50.

`python3 manage.py bench report` makes a PostgreSQL of its own in a temporary folder and one study in it: 2,000 paid
labels, students of labels, and teachers with their scoring and students. The recommendation is worked out before, as a
worker does. Beside the time of a page stands its CPU time, which other work on the machine disturbs less; the ratio of
many runs to few is of that. `--runs N` measures another number of runs, `--rounds N` asks for each page so often.
"""

import json
import random
import shutil
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT / "platform"), str(ROOT)]

FEW, MANY = 50, 500
ROUNDS = 100
GOALS = {"p95_ms": 300.0, "times_slower": 10.0}
PAGES = {"report": "report/", "printed": "report/print/", "table": "report.csv"}


def main() -> int:
    many, rounds = _option("--runs", MANY), _option("--rounds", ROUNDS)
    folder = Path(tempfile.mkdtemp(prefix="fulcrum-bench-"))
    try:
        from bench.parts.own_database import own_database

        with own_database(root=ROOT, folder=folder):
            figures = _measure(many, rounds)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    goals = {name: goal for name in figures if (goal := _goal(name)) is not None}
    for name, value in figures.items():
        print(f"{name:<28} {value:>10,}" + (f"   goal <= {goals[name]:,}" if name in goals else ""))
    is_ok = all(figures[name] <= goal for name, goal in goals.items())
    print(json.dumps({"bench": "report", "figures": figures, "goals": goals, "ok": is_ok}))
    return 0 if is_ok else 1


def _option(name: str, usual: int) -> int:
    return int(sys.argv[sys.argv.index(name) + 1]) if name in sys.argv else usual


def _goal(name: str) -> float | None:
    if name.startswith("few_"):
        return None
    return next((goal for ending, goal in GOALS.items() if name.endswith(ending)), None)


def _measure(many: int, rounds: int) -> dict[str, Any]:
    from bench.parts.report_rows import ReportStudy
    from reports.advice import recommend

    made = ReportStudy()
    figures: dict[str, Any] = {}
    medians: dict[str, dict[str, float]] = {}
    for size, prefix in ((FEW, "few_"), (many, "")):
        made.grow(num_runs=size)
        started = time.perf_counter()
        made.study.refresh_from_db()
        print(recommend(study=made.study).words, file=sys.stderr)
        figures[f"{prefix}recommendation_seconds"] = round(time.perf_counter() - started, 2)
        medians[prefix] = {}
        for name, (times, cpu) in _pages(made, rounds).items():
            medians[prefix][name] = cpu[len(cpu) // 2]
            figures[f"{prefix}{name}_p50_ms"] = round(times[len(times) // 2], 1)
            figures[f"{prefix}{name}_p95_ms"] = round(times[int(len(times) * 0.95)], 1)
            figures[f"{prefix}{name}_cpu_ms"] = round(cpu[len(cpu) // 2], 1)
    for name, few in medians["few_"].items():
        figures[f"{name}_times_slower"] = round(medians[""][name] / few, 2)
    return figures


def _pages(made: Any, rounds: int) -> dict[str, tuple[list[float], list[float]]]:
    """Sorted milliseconds of each page, and of the CPU for it, that of the database left out.

    Every page is asked for five times before, and pages take turns.
    """
    from django.test import Client
    from django.urls import get_resolver

    from config.loaded import leave_out_of_collection

    client = Client()
    client.force_login(made.manager)
    # As the web server begins.
    get_resolver().url_patterns  # noqa: B018  read for what it loads
    leave_out_of_collection()
    times: dict[str, list[tuple[float, float]]] = {name: [] for name in PAGES}
    order = random.Random(1)
    for number in range(rounds + 5):
        for name in order.sample(list(PAGES), k=len(PAGES)):
            started = time.perf_counter(), time.process_time()
            answer = client.get(f"/studies/{made.study.pk}/{PAGES[name]}")
            ended = time.perf_counter(), time.process_time()
            assert answer.status_code == 200, f"{PAGES[name]} answered {answer.status_code}"
            if number >= 5:
                times[name].append((1000 * (ended[0] - started[0]), 1000 * (ended[1] - started[1])))
    return {
        name: (sorted(wall for wall, _ in of_one), sorted(cpu for _, cpu in of_one)) for name, of_one in times.items()
    }


if __name__ == "__main__":
    sys.exit(main())
