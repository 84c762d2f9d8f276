"""What few labels come to on a frozen checkpoint: each recipe, the one chosen by folds, and plain baselines.

`python3 manage.py bench few_labels [--sets …] [--labels …] [--draws …]` measures on newsgroup topics and R8, which an
installed package carries, and on fever, multipit_id and wlp of a folder of JSON-lines files (`--data`, or
FULCRUM_BENCH_DATA; see `bench paths`). Test rows choose nothing. A score is the mean over draws of labels.
"""

import argparse
import json
import os
import sys
import tempfile
from pathlib import Path

os.environ["OMP_NUM_THREADS"] = "1"
os.environ.setdefault("RAYON_NUM_THREADS", "1")
os.environ.setdefault("HF_HUB_OFFLINE", "1")
ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "platform")]

from bench.parts import few_tables as tables  # noqa: E402  # the paths and threads above must be set first
from bench.parts.few_columns import Bench, answers  # noqa: E402
from bench.parts.few_sets import SETS, FewSet, read_sets, smaller  # noqa: E402
from bench.parts.few_students import students  # noqa: E402
from training.spec import AUTO, DISTIL_FROM_CHOICES, SOFT, TrainingSettings, settings_of  # noqa: E402

RECIPES = tuple(settings_of(TrainingSettings)["recipe"].choices)
LABELS = (0, 20, 75, 150, 300, 600)
# The goal on pairs is stated at 29.
GOAL_LABELS = {"multipit_id": 29}


def main() -> int:
    options = _options()
    named = options.data or os.environ.get("FULCRUM_BENCH_DATA", "")
    sets, left_out = read_sets(options.sets, Path(named) if named else None)
    print(*left_out, sep="\n", end="\n" if left_out else "")
    if not sets:
        return 2
    if options.students:
        for few in sets:
            for num_labels in options.labels:
                for seed in range(options.draws):
                    for row in students(
                        smaller(few, num_test=options.tests),
                        model=options.model,
                        num_labels=num_labels,
                        seed=seed,
                        recipes=options.recipes,
                        distil_from=options.distil_from,
                    ):
                        print(json.dumps(row), flush=True)
        return 0
    with tempfile.TemporaryDirectory(prefix="fulcrum-bench-") as folder:
        vectors = options.vectors or Path(folder)
        rows = [row for few in sets for row in _rows(few, options, vectors)]
    tables.print_table(rows)
    if options.json:
        print(json.dumps(rows))
    figures = tables.figures(rows)
    is_ok = tables.is_met(figures)
    print(json.dumps({"bench": "few_labels", "figures": figures, "goals": tables.GOALS, "ok": is_ok}))
    return 0 if is_ok else 1


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="manage.py bench few_labels", description=__doc__.splitlines()[0])
    parser.add_argument("--sets", nargs="*", choices=SETS, default=list(SETS))
    parser.add_argument("--labels", type=int, nargs="*", default=list(LABELS))
    parser.add_argument("--draws", type=int, default=3, help="of labels, at each number")
    parser.add_argument("--model", default="paraphrase-MiniLM-L3-v2", help="a package that carries weights")
    parser.add_argument("--data", type=Path, help="a folder of JSON-lines files; default FULCRUM_BENCH_DATA")
    parser.add_argument("--vectors", type=Path, help="a folder that keeps vectors for a next call")
    parser.add_argument("--students", action="store_true", help="train the engine's own students, a line of JSON each")
    parser.add_argument("--recipes", nargs="*", choices=RECIPES, default=[AUTO], help="of these students")
    parser.add_argument("--distil-from", choices=DISTIL_FROM_CHOICES, default=SOFT, help="of the distilled ones")
    parser.add_argument("--tests", type=int, help="how many test rows score these students; default all")
    parser.add_argument("--json", action="store_true", help="print the rows as one line of JSON, too")
    return parser.parse_args()


def _rows(few: FewSet, options: argparse.Namespace, vectors: Path) -> list[tables.Row]:
    """One row per number of labels; says how each went, as it goes."""
    bench = Bench(few, model=options.model, vectors=vectors)
    found = []
    labels = sorted({*options.labels, *([GOAL_LABELS[few.name]] if few.name in GOAL_LABELS else [])})
    for num_labels in labels:
        draws = [answers(bench.draw(num_labels=num_labels, seed=seed)) for seed in range(options.draws)]
        scores = [{name: tables.score(bench, one.predicted) for name, one in draw.items()} for draw in draws]
        seconds = sum(draw["chosen"].seconds for draw in draws) / len(draws)
        chose = [draw["chosen"].chose for draw in draws]
        row = tables.row_of(tables.Cell(few.name, num_labels), scores, chose, seconds)
        print(f"{few.name}, {num_labels} labels: {row['chosen']:.1f} ({', '.join(chose)})", flush=True)
        found.append(row)
    return found


if __name__ == "__main__":
    sys.exit(main())
