"""Both paths on real text, our recipe beside the study's: what a dollar buys on each.

`FULCRUM_BENCH_DATA=FOLDER python3 manage.py bench paths` reads every JSON-lines file of the folder (rows of `source`
and `target`: classes, pairs written `name: … name: …`, or entities written `words [Label] …`), spends several budgets
on each path by each recipe, from several seeds, and prints score and interval, dollars, and the dollars to an equal
score. Budgets are named by the labels they would buy. `--json` prints the rows as JSON, too.
"""

import argparse
import json
import multiprocessing
import os
import sys
import tempfile
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import dataclass
from pathlib import Path

os.environ["OMP_NUM_THREADS"] = "1"
os.environ.setdefault("RAYON_NUM_THREADS", "1")
os.environ.setdefault("HF_HUB_OFFLINE", "1")
ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "platform")]

from bench.parts import paths_data as data  # noqa: E402  # the paths and threads above must be set first
from bench.parts import paths_tables as tables  # noqa: E402
from bench.parts.paths_recipes import RECIPES, Models, Point, Shop  # noqa: E402
from training.runtime import write_json  # noqa: E402


@dataclass(frozen=True)
class Errand:
    """All trainings of one file from one seed, done in one process."""

    task: data.Task
    models: Models
    seed: int
    device: str
    labels: tuple[int, ...]
    most_unlabelled: int


def main() -> int:
    options = _options()
    folder = os.environ.get("FULCRUM_BENCH_DATA", "")
    if not Path(folder).is_dir() or not folder:
        print("Set FULCRUM_BENCH_DATA to a folder of JSON-lines files whose rows have source and target.")
        return 2
    tasks, left_out = data.read_tasks(Path(folder), price=options.price, default_price=options.default_price)
    print(*left_out, sep="\n", end="\n" if left_out else "")
    chosen = [task for task in tasks if not options.files or task.file in options.files]
    if not chosen:
        print(f"Nothing in {folder} can be trained for. Known are {', '.join(task.file for task in tasks) or 'none'}.")
        return 2
    if options.keep:
        options.keep.mkdir(parents=True, exist_ok=True)
    rows = tables.rows_of(chosen, _points(chosen, options))
    figures = tables.figures(rows)
    tables.print_tables(rows)
    if options.json:
        print(json.dumps(rows))
    is_ok = tables.is_met(figures, num_files=len(chosen))
    print(json.dumps({"bench": "paths", "figures": figures, "goals": tables.GOALS, "ok": is_ok}))
    return 0 if is_ok else 1


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="manage.py bench paths", description=__doc__.splitlines()[0])
    parser.add_argument("--files", nargs="*", help="only these, by name without .jsonl")
    parser.add_argument("--labels", type=int, nargs="*", default=[30, 60, 120], help="budgets, in labels")
    parser.add_argument("--seeds", type=int, nargs="*", default=[0, 1, 2])
    parser.add_argument("--unlabelled", type=int, default=2_000, help="texts for the teacher, at most")
    parser.add_argument("--teacher", default="all-MiniLM-L6-v2", help="a package that carries weights")
    parser.add_argument("--student", default="paraphrase-MiniLM-L3-v2", help="a package that carries weights")
    parser.add_argument("--price", type=float, help="dollars per label, for every file")
    parser.add_argument("--default-price", type=float, default=0.2, help="for files that the study does not price")
    parser.add_argument("--device", default="cpu", help="cpu, one core per process, or cuda")
    parser.add_argument("--workers", type=int, help="processes; default the cores, or one for an accelerator")
    parser.add_argument("--keep", type=Path, help="a folder for what is done, so that a second call goes on from there")
    parser.add_argument("--json", action="store_true", help="print the rows as one line of JSON, too")
    return parser.parse_args()


def _points(tasks: list[data.Task], options: argparse.Namespace) -> dict[tables.Cell, list[Point]]:
    """Do every errand, as many at once as there are workers; returns the points of each cell, in the order of seeds."""
    models = Models(teacher=options.teacher, student=options.student)
    errands = [
        Errand(task, models, seed, options.device, tuple(options.labels), options.unlabelled)
        for seed in options.seeds
        for task in tasks
    ]
    found: dict[tables.Cell, dict[int, Point]] = {}
    workers = options.workers or (len(os.sched_getaffinity(0)) if options.device == "cpu" else 1)
    with ProcessPoolExecutor(workers, mp_context=multiprocessing.get_context("spawn")) as pool:
        jobs = {pool.submit(carry_out, errand, options.keep): errand for errand in errands}
        for job in as_completed(jobs):
            for cell, point in job.result().items():
                found.setdefault(cell, {})[jobs[job].seed] = point
    return {cell: [points[seed] for seed in sorted(points)] for cell, points in found.items()}


def carry_out(errand: Errand, keep: Path | None) -> dict[tables.Cell, Point]:
    """Train both paths by both recipes at every budget; says how each went, as it goes."""
    task, found = errand.task, {}
    with tempfile.TemporaryDirectory(prefix="fulcrum-bench-") as folder:
        shop = Shop(task, errand.models, errand.seed, errand.device, Path(folder), errand.most_unlabelled)
        for labels in errand.labels:
            for recipe in RECIPES:
                note = keep / f"{task.file}-{errand.seed}-{labels}-{recipe}.json" if keep else None
                points = _kept(note) or _both_paths(shop, recipe, labels * task.price)
                if note:
                    write_json(path=note, payload={path: vars(point) for path, point in points.items()})
                for path, point in points.items():
                    found[tables.Cell(task.file, path, recipe, labels)] = point
                    score = tables.score(task, [point]).value
                    print(tables.progress(task, path, recipe, errand.seed, point, score), flush=True)
    return found


def _both_paths(shop: Shop, recipe: str, budget: float) -> dict[str, Point]:
    return {"annotate": shop.annotate(recipe, budget=budget), "distil": shop.distil(recipe, budget=budget)}


def _kept(note: Path | None) -> dict[str, Point] | None:
    if note is None or not note.is_file():
        return None
    return {path: Point(**point) for path, point in json.loads(note.read_text(encoding="utf-8")).items()}


if __name__ == "__main__":
    sys.exit(main())
