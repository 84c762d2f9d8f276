"""Record a surface of our own engine: students from L labels, alone and with U pseudo-labels of their teacher.

`python3 manage.py bench surface --set topics --out FILE` trains a student on the labels, a teacher, and a student for
each number of pseudo-labels, all by `auto`, for each number of labels and each draw of them. The file has the form
that `manage.py replay` reads, and what it has is not measured again: it belongs to one checkpoint and teacher recipe,
which its column `source` names, and a file of another one is refused. Dollars are labels and CPU seconds at the demo's
prices.
"""

import argparse
import itertools
import json
import os
import sys
from pathlib import Path

os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("RAYON_NUM_THREADS", "1")
os.environ.setdefault("HF_HUB_OFFLINE", "1")
ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "platform")]

from bench.parts.few import sets  # noqa: E402  # the paths and threads above must be set first
from bench.parts.surface_file import read_points, write_points  # noqa: E402
from bench.parts.surface_points import SMALLEST_POOL, cells_of, points_of  # noqa: E402
from training.spec import AUTO, TrainingSettings, settings_of  # noqa: E402

LABELS = (0, 75, 150, 300, 600, 1_000)
PSEUDO_LABELS = (500, 1_000, 2_000, 4_000)
RECIPES = tuple(settings_of(TrainingSettings)["recipe"].choices)


def main() -> int:
    options = _options()
    num_pool = max(options.labels) + max(*options.pseudo, SMALLEST_POOL)
    few = _set(options.set, Path(options.data) if options.data else None, num_pool)
    source = f"measured: {options.model}, teacher by {options.teacher_recipe}"
    found = read_points(options.out, source=source)
    for seed, num_labels in itertools.product(range(options.draws), options.labels):
        known = found.setdefault(f"{few.name}, draw {seed + 1}", {})
        if cells_of(num_labels, options.pseudo) <= known.keys():
            continue
        asked = {"model": options.model, "teacher_recipe": options.teacher_recipe, "pseudo_labels": options.pseudo}
        for point in points_of(few, num_labels=num_labels, seed=seed, **asked):
            known[point.cell] = point
            print(f"draw {seed + 1}, {point.cell}: {point.score:.1f} for ${point.dollars:,.2f}", flush=True)
            write_points(options.out, found, source=source)
    figures = {"points": sum(map(len, found.values()))}
    print(json.dumps({"bench": "surface", "figures": figures, "goals": {}, "ok": True}))
    return 0


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="manage.py bench surface", description=__doc__.splitlines()[0])
    parser.add_argument("--set", choices=sets.SETS, default="topics")
    parser.add_argument("--labels", type=int, nargs="*", default=list(LABELS))
    parser.add_argument("--pseudo", type=int, nargs="*", default=list(PSEUDO_LABELS), help="pseudo-labels")
    parser.add_argument("--draws", type=int, default=1, help="of labels")
    parser.add_argument("--model", default="paraphrase-MiniLM-L3-v2", help="a package that carries weights")
    parser.add_argument("--teacher-recipe", choices=RECIPES, default=AUTO, help="frozen: not trained")
    parser.add_argument("--data", default=os.environ.get("FULCRUM_BENCH_DATA"), help="a folder of JSON-lines files")
    parser.add_argument("--out", type=Path, required=True, help="the CSV file; it grows as points are measured")
    return parser.parse_args()


def _set(name: str, data: Path | None, num_pool: int) -> sets.FewSet:
    if name == "topics":
        return sets.topics(num_pool=num_pool)
    found, left_out = sets.read_sets([name], data)
    if not found:
        raise SystemExit(*left_out)
    return found[0]


if __name__ == "__main__":
    sys.exit(main())
