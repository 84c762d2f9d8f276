"""What `bench few_labels` found: a row per set and number of labels, a column per recipe, and what the choice loses."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from bench.parts.few_columns import Answers, Bench

RECIPES = ("names_and_pool", "names", "class_means", "average", "logistic", "cosine", "cosine_and_features")
SHOWN = ("chosen", "best", *RECIPES, "plain_logistic", "tfidf_svm")
GOALS = {"topics_at_0": 38.0, "topics_at_75": 40.0, "multipit_id_at_29": 81.0, "loss_to_best": 1.0}
Row = dict[str, Any]


@dataclass(frozen=True, order=True)
class Cell:
    """A set and a number of labels."""

    few: str
    num_labels: int


def score(bench: Bench, predicted: Answers) -> float:
    """The set's metric in percent."""
    tally = bench.task_type.tally(rows=bench.test, predicted=predicted, labels=bench.few.label_names)
    return 100 * float(bench.task_type.score(totals_RK=tally.totals())[bench.few.metric][0])


def row_of(cell: Cell, draws: Sequence[Mapping[str, float]], chose: Sequence[str], seconds: float) -> Row:
    """The means over draws; `best` is the recipe whose mean is highest, seen afterwards on test."""
    columns = {name for one in draws for name in one}
    means = {name: float(np.mean([one[name] for one in draws if name in one])) for name in columns}
    spread = float(np.std([one["chosen"] for one in draws]))
    recipes = {name: value for name, value in means.items() if name in RECIPES}
    if recipes:
        means["best"] = max(recipes.values())
    rounded = {name: round(value, 2) for name, value in means.items()}
    return {"set": cell.few, "labels": cell.num_labels, "chose": list(chose), "spread": round(spread, 2), **rounded} | {
        "seconds": round(seconds, 1)
    }


def figures(rows: Sequence[Row]) -> dict[str, float]:
    """The goals' figures, as far as the rows have them."""
    found = {f"{row['set']}_at_{row['labels']}": row["chosen"] for row in rows}
    lost = [row["best"] - row["chosen"] for row in rows if "best" in row and row["labels"]]
    if lost:
        found["loss_to_best"] = round(float(np.mean(lost)), 2)
    return {name: value for name, value in found.items() if name in GOALS}


def is_met(found: Mapping[str, float]) -> bool:
    """Whether every figure that was measured reaches its goal."""
    loss = found.get("loss_to_best", 0.0)
    return loss <= GOALS["loss_to_best"] and all(
        value >= GOALS[name] for name, value in found.items() if name != "loss_to_best"
    )


def print_table(rows: Sequence[Row]) -> None:
    shown = [name for name in SHOWN if any(name in row for row in rows)]
    print(f"{'set':<12}{'labels':>7}" + "".join(f"{name[:14]:>15}" for name in shown) + f"{'seconds':>9}  chose")
    for row in rows:
        values = "".join(f"{row[name]:>15.1f}" if name in row else f"{'-':>15}" for name in shown)
        print(f"{row['set']:<12}{row['labels']:>7}{values}{row['seconds']:>9.1f}  {', '.join(row['chose'])}")
