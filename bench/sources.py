"""Labels of people, of a language model, and of people who go over the model's, on one report; and a student it taught.

`python3 manage.py bench sources` makes a PostgreSQL of its own and a study of news stories (R8, in an installed
package). SmolLM2, served on this machine, labels a part of the pool, teaches a student, and is shown to people as a
first answer; people's answers are the set's own labels. Each source has its student, measured on the same test
examples. Then it is said at which price of a label which source is the cheapest, with the model's tokens at the prices
of a hosted one, and what the recommendation makes of it. `--quick` takes a few examples, to see that it runs.
"""

import json
import os
import shutil
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("RAYON_NUM_THREADS", "1")
os.environ.setdefault("HF_HUB_OFFLINE", "1")
ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT / "platform"), str(ROOT)]

GOALS = {"verify_differences": ("<=", 0), "open_holds": ("<=", 0), "sources_on_report": (">=", 3)}
SIZES = {
    "num_pool": 400,
    "num_test": 300,
    "by_model": 120,
    "audited": 30,
    "reviewed": 20,
    "by_people": 70,
    "taught": 100,
}
QUICK = {
    "num_pool": 60,
    "num_test": 40,
    "by_model": 16,
    "audited": 6,
    "reviewed": 4,
    "by_people": 8,
    "taught": 12,
}


def main() -> int:
    sizes = QUICK if "--quick" in sys.argv[1:] else SIZES
    folder, started = Path(tempfile.mkdtemp(prefix="fulcrum-bench-")), time.monotonic()
    try:
        from bench.parts.own_database import own_database
        from tests.local_model import local_model

        with own_database(root=ROOT, folder=folder), local_model() as url:
            figures = _measure(url, sizes)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    figures["minutes"] = round((time.monotonic() - started) / 60, 1)
    for name, value in figures.items():
        goal = GOALS.get(name)
        print(f"{name:<36} {value:>12}" + (f"   goal {goal[0]} {goal[1]}" if goal else ""))
    is_ok = all(
        figures[name] <= goal if sign == "<=" else figures[name] >= goal for name, (sign, goal) in GOALS.items()
    )
    goals = {name: goal for name, (_, goal) in GOALS.items()}
    print(json.dumps({"bench": "sources", "figures": figures, "goals": goals, "ok": is_ok}))
    return 0 if is_ok else 1


def _is_met(value: float, sign: str, goal: float) -> bool:
    return value <= goal if sign == "<=" else value >= goal


def _measure(url: str, sizes: dict[str, int]) -> dict[str, Any]:
    from bench.parts.few.sets import read_sets
    from bench.parts.sources_printed import figures_of, print_sources
    from bench.parts.sources_study import SourceStudy
    from budgets.models import Path as SpendingPath

    (rows,), left_out = read_sets(["r8"], None)
    assert not left_out
    study = SourceStudy(rows, url=url, num_pool=sizes["num_pool"], num_test=sizes["num_test"], say=_say)
    labels: dict[str, Any] = {"path": SpendingPath.ANNOTATE}
    study.label_by_model(sizes["by_model"])
    study.train("student of the model's labels", labels)
    audit = study.audit(sizes["audited"])
    study.review(sizes["reviewed"])
    study.label(sizes["by_people"])
    gold = {**labels, "plan": {"gold_only": True}}
    study.train("student of half of people's labels", {**gold, "num_labels": (study.num_gold + 1) // 2})
    study.train("student of people's labels", gold)
    study.train("student of all labels", labels)
    study.taught_by_model(sizes["taught"])
    print_sources(study)
    return figures_of(study, audit)


def _say(text: str) -> None:
    print(f"… {text}", flush=True)


if __name__ == "__main__":
    sys.exit(main())
