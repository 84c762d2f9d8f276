"""What `bench paths` found: a row per file, path, recipe and budget, and what a recipe gains over the other."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from bench.parts.paths_data import Task
from bench.parts.paths_recipes import Point
from training.answers import Interval, Rows
from training.evaluation import bootstrap
from training.spec import EvaluationSettings
from training.tasks import TASK_TYPES

GOALS = {"num_files_won": 2}
POINTS_TO_WIN = 2.0
SHARE_TO_WIN = 1 / 3
Row = dict[str, Any]


@dataclass(frozen=True, order=True)
class Cell:
    """One place of the table; `budget` is named by the labels that it would buy."""

    file: str
    path: str
    recipe: str
    budget: int


def score(task: Task, points: Sequence[Point]) -> Interval:
    """The task's metric of a cell in percent: the mean over seeds, its interval over seeds and examples."""
    task_type = TASK_TYPES[task.task_type]
    columns = {name: [texts[name] for texts, _ in task.test] for name in task_type.input_fields}
    uids = [str(number) for number in range(len(task.test))]
    gold = task_type.read_gold(gold=[one for _, one in task.test], columns=columns, labels=task.labels)
    rows = Rows(uids=uids, columns=columns, gold=list(gold))
    tallies = [task_type.tally(rows=rows, predicted=point.predicted, labels=task.labels) for point in points]
    found = bootstrap(task_type=task_type, tallies=tallies, settings=EvaluationSettings(metric=task.metric), seed=0)
    interval = found[task.metric]
    return Interval(value=100 * interval.value, low=100 * interval.low, high=100 * interval.high)


def rows_of(tasks: Sequence[Task], points: Mapping[Cell, Sequence[Point]]) -> list[Row]:
    """One row per cell, by file, path, recipe and dollars; of several seeds the mean labels and dollars."""
    task_of = {task.file: task for task in tasks}
    rows = []
    for cell, of_seeds in sorted(points.items()):
        interval = score(task_of[cell.file], of_seeds)
        rows.append(
            {
                "file": cell.file,
                "path": cell.path,
                "recipe": cell.recipe,
                "labels": _mean([point.labels for point in of_seeds]),
                "pseudo_labels": _mean([point.pseudo_labels for point in of_seeds]),
                "budget": round(cell.budget * task_of[cell.file].price, 2),
                "dollars": round(sum(point.dollars for point in of_seeds) / len(of_seeds), 4),
                "metric": task_of[cell.file].metric,
                "score": round(interval.value, 2),
                "low": round(interval.low, 2),
                "high": round(interval.high, 2),
                "seeds": len(of_seeds),
            }
        )
    return rows


def figures(rows: Sequence[Row]) -> dict[str, float | None]:
    """What our recipe gains over the study's, each at its better path, file by file.

    `gain` is the mean over the budgets of the difference at equal dollars, in points. `dollars_share` is what ours
    needs of the dollars with which the study's recipe comes to its best score; None where ours does not reach it.
    """
    found: dict[str, float | None] = {}
    won = 0
    for file in sorted({row["file"] for row in rows}):
        of_file = [row for row in rows if row["file"] == file]
        gain, share = _gain(of_file), _dollars_share(of_file)
        won += gain >= POINTS_TO_WIN or (share is not None and share <= SHARE_TO_WIN)
        found[f"{file}_gain"] = round(gain, 2)
        found[f"{file}_dollars_share"] = None if share is None else round(share, 3)
    return {**found, "num_files_won": won}


def is_met(found: Mapping[str, float | None], *, num_files: int) -> bool:
    """Say whether ours wins on at least two files, or on all where there are fewer."""
    return (found["num_files_won"] or 0) >= min(GOALS["num_files_won"], num_files)


def dollars_to_reach(rows: Sequence[Row], wanted: float) -> float | None:
    """The dollars at which a line through points first comes to a score; None if it never does.

    Between two points it is read off the straight line between them, over the logarithm of dollars.
    """
    before: Row | None = None
    for row in sorted(rows, key=lambda row: float(row["dollars"])):
        if row["score"] >= wanted:
            if before is None or before["score"] >= wanted:
                return float(row["dollars"])
            share = (wanted - before["score"]) / (row["score"] - before["score"])
            low, high = math.log(before["dollars"]), math.log(row["dollars"])
            return math.exp(low + share * (high - low))
        before = row
    return None


def print_tables(rows: Sequence[Row]) -> None:
    """Print every point, then the dollars at which each line of points comes to the study's best scores."""
    print(f"\n{'file':<16}{'path':<10}{'recipe':<8}{'labels':>7}{'pseudo':>8}{'dollars':>10}{'score':>8}  interval")
    for row in rows:
        print(
            f"{row['file']:<16}{row['path']:<10}{row['recipe']:<8}{row['labels']:>7}{row['pseudo_labels']:>8}"
            f"{row['dollars']:>10.2f}{row['score']:>8.1f}  {row['low']:.1f} to {row['high']:.1f}"
        )
    print(f"\n{'file':<16}{'equal score':>12}   dollars to it, by path and recipe")
    for file in sorted({row["file"] for row in rows}):
        of_file = [row for row in rows if row["file"] == file]
        wanted = max(row["score"] for row in _of(of_file, "study"))
        print(f"{file:<16}{wanted:>12.1f}   {'   '.join(_costs(of_file, wanted))}")


def progress(task: Task, path: str, recipe: str, seed: int, point: Point, value: float) -> str:
    """One line on a point that is done."""
    bought = f"{point.labels} labels, {point.pseudo_labels} pseudo-labels, ${point.dollars:.2f}"
    return f"{task.file}, seed {seed}: {path} by {recipe}, {bought}: {value:.1f}"


def _gain(rows: Sequence[Row]) -> float:
    budgets = sorted({row["budget"] for row in rows})
    best: dict[tuple[str, float], float] = {
        (recipe, budget): max(row["score"] for row in _of(rows, recipe) if row["budget"] == budget)
        for recipe in ("ours", "study")
        for budget in budgets
    }
    return sum(best["ours", budget] - best["study", budget] for budget in budgets) / len(budgets)


def _dollars_share(rows: Sequence[Row]) -> float | None:
    study = max(_of(rows, "study"), key=lambda row: (row["score"], -row["dollars"]))
    needed = [dollars_to_reach(line, study["score"]) for line in _lines(_of(rows, "ours")).values()]
    reached = [dollars for dollars in needed if dollars is not None]
    return min(reached) / study["dollars"] if reached else None


def _costs(rows: Sequence[Row], wanted: float) -> list[str]:
    found = []
    for name, line in _lines(rows).items():
        dollars = dollars_to_reach(line, wanted)
        found.append(f"{name} {'never' if dollars is None else f'${dollars:.2f}'}")
    return found


def _lines(rows: Sequence[Row]) -> dict[str, list[Row]]:
    lines: dict[str, list[Row]] = {}
    for row in rows:
        lines.setdefault(f"{row['path']} by {row['recipe']}", []).append(row)
    return lines


def _of(rows: Sequence[Row], recipe: str) -> list[Row]:
    return [row for row in rows if row["recipe"] == recipe]


def _mean(counts: Sequence[int]) -> int:
    return round(sum(counts) / len(counts))
