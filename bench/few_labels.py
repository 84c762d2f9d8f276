"""What few labels come to on a frozen checkpoint: each recipe, the one chosen by folds, and plain baselines.

`python3 manage.py bench few_labels [--sets …] [--labels …] [--draws …]` measures on newsgroup topics and R8, which an
installed package carries, and on fever, multipit_id and wlp of a folder of JSON-lines files (`--data`, or
FULCRUM_BENCH_DATA; see `bench paths`). `--students` also trains the engine's own students, `--setfit PYTHON` SetFit;
what `--keep FILE` has is not measured again. Test rows choose nothing. A score is the mean over draws of labels.
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

from bench.parts.few import tables  # noqa: E402  # the paths and threads above must be set first
from bench.parts.few.cells import Cells  # noqa: E402
from bench.parts.few.measuring import FINETUNED_TEACHER, Cell, Measuring, paths_of  # noqa: E402
from bench.parts.few.sets import SETS, read_sets  # noqa: E402
from bench.parts.few.students import TEACHER  # noqa: E402
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
    cells = Cells(options.keep)
    with tempfile.TemporaryDirectory(prefix="fulcrum-bench-") as folder:
        vectors = options.vectors or Path(folder)
        about = {"model": options.model, "teacher": options.teacher, "distil_from": options.distil_from}
        asked = [Measuring(few=few, vectors=vectors, cells=cells, **about) for few in sets]
        rows = [row for measuring in asked for row in _rows(measuring, options)]
    tables.print_tables(rows)
    if options.json:
        print(json.dumps(tables.as_json(rows)))
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
    parser.add_argument("--keep", type=Path, help="a file that keeps what was measured; what it has is shown, too")
    parser.add_argument("--setfit", type=Path, metavar="PYTHON", help="train SetFit, by an interpreter that has it")
    parser.add_argument("--students", action="store_true", help="train the engine's own students, too")
    parser.add_argument("--teachers", action="store_true", help="train the teacher on the labels, too")
    parser.add_argument("--recipes", nargs="*", choices=RECIPES, default=[AUTO], help="of these students")
    parser.add_argument("--teacher", default=TEACHER, help="of the distilled ones, frozen: a package with weights")
    parser.add_argument("--distil-from", choices=DISTIL_FROM_CHOICES, default=SOFT, help="of the distilled ones")
    parser.add_argument("--tests", type=int, help="how many test rows score these students; default all")
    parser.add_argument("--json", action="store_true", help="print the draws as one line of JSON, too")
    return parser.parse_args()


def _rows(measuring: Measuring, options: argparse.Namespace) -> list[tables.Row]:
    """One row per number of labels; says how each draw went, as it goes."""
    found, few = [], measuring.few.name
    for num_labels in sorted({*options.labels, *([GOAL_LABELS[few]] if few in GOAL_LABELS else [])}):
        draws = []
        for seed in range(options.draws):
            draw = _draw(measuring, Cell(few, num_labels, seed), options)
            ours = [f"{name} {draw.scores[name]:.1f}" for name in (*tables.OURS, "setfit") if name in draw.scores]
            print(f"{few}, {num_labels} labels, draw {seed + 1}: {', '.join(ours)} ({draw.chose})", flush=True)
            draws.append(draw)
        found.append(tables.Row(few=few, num_labels=num_labels, draws=draws))
    return found


def _draw(measuring: Measuring, cell: Cell, options: argparse.Namespace) -> tables.Draw:
    frozen = measuring.frozen(cell)
    scores, half_widths = dict(frozen["scores"]), {"chosen": _half_width(frozen)}
    setfit = measuring.setfit(cell, options.setfit)
    if setfit is not None and setfit["score"] is not None:
        scores["setfit"] = setfit["score"]
    chose = []
    for path, recipe in paths_of(options.recipes):
        is_asked = options.teachers if path == FINETUNED_TEACHER else options.students
        student = measuring.student(cell, path, recipe=recipe, num_test=options.tests, is_asked=is_asked)
        if student is not None:
            name = path if recipe == AUTO else recipe
            scores[name], half_widths[name] = student["score"], _half_width(student)
            chose.append(f"{name}: {student['chose']}")
    return tables.Draw(
        scores=scores,
        half_widths=half_widths,
        chose=frozen["chose"],
        seconds=frozen["seconds"],
        pass_seconds=frozen["pass_seconds"],
        sd_over_labels=frozen.get("sd_over_labels"),
        student_chose="; ".join(chose),
    )


def _half_width(found: dict[str, float]) -> float:
    return (found["high"] - found["low"]) / 2


if __name__ == "__main__":
    sys.exit(main())
