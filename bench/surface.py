"""Record a surface of our own engine: students from L labels, alone and with U pseudo-labels of their teacher.

`python3 manage.py bench surface --set topics --out FILE` trains a student on the labels, a teacher, and a student for
each number of pseudo-labels, all by `auto`, for each number of labels and each draw of them. The file has the form
that `manage.py replay` reads; dollars are labels and CPU seconds at the demo's prices.
"""

import argparse
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
from bench.parts.surface_points import SMALLEST_POOL, points_of  # noqa: E402
from planning.surfaces import Point, Surface  # noqa: E402
from planning.surfaces.files import write_surfaces  # noqa: E402

LABELS = (0, 75, 150, 300, 600, 1_000)
PSEUDO_LABELS = (500, 1_000, 2_000, 4_000)


def main() -> int:
    options = _options()
    num_pool = max(options.labels) + max(*options.pseudo, SMALLEST_POOL)
    few = _set(options.set, Path(options.data) if options.data else None, num_pool)
    found: dict[int, list[Point]] = {}
    for seed in range(options.draws):
        for num_labels in options.labels:
            for point in points_of(
                few, model=options.model, num_labels=num_labels, pseudo_labels=options.pseudo, seed=seed
            ):
                found.setdefault(seed, []).append(point)
                print(f"draw {seed + 1}, {point.cell}: {point.score:.1f} for ${point.dollars:,.2f}", flush=True)
                _write(options.out, few.name, found)
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


def _write(path: Path, name: str, found: dict[int, list[Point]]) -> None:
    surfaces = [Surface(name=f"{name}, draw {seed + 1}", points=tuple(points)) for seed, points in found.items()]
    path.write_text(write_surfaces(surfaces=surfaces, source="measured"), encoding="utf-8")


if __name__ == "__main__":
    sys.exit(main())
