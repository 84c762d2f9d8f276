"""What `bench few_labels` found: scores by set and number of labels, what the choice loses, and who is ahead."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

RECIPES = ("names_and_pool", "names", "class_means", "average", "logistic", "cosine", "cosine_and_features")
# Of ours, each by what it is called here; all others are of everybody's.
OURS = {"chosen": "frozen", "annotate": "annotate", "distil": "distil"}
BASELINES = ("plain_logistic", "tfidf_svm", "setfit")
SHOWN = ("chosen", "best", *RECIPES, *BASELINES, "annotate", "teacher", "distil")
GOALS = {
    "topics_at_0": 48.0,
    "topics_at_75": 52.0,
    "multipit_id_at_29": 81.0,
    "loss_to_best": 1.0,
    "cells_behind": 0.0,
    "search_over_pass": 2.0,
}
# A figure of these is good when it is small.
AT_MOST = frozenset({"loss_to_best", "cells_behind", "search_over_pass"})


@dataclass(frozen=True, kw_only=True)
class Draw:
    """One draw of labels: each column's score in percent, the half width of each of ours, and what was chosen."""

    scores: Mapping[str, float]
    half_widths: Mapping[str, float]
    chose: str
    seconds: float
    pass_seconds: float
    sd_over_labels: float | None = None
    student_chose: str = ""


@dataclass(frozen=True, kw_only=True)
class Row:
    """A set at a number of labels, over draws of them."""

    few: str
    num_labels: int
    draws: Sequence[Draw] = field(repr=False)

    def score(self, column: str) -> float | None:
        """The mean over the draws for which a column was measured."""
        if column == "best":
            return self.best
        found = [draw.scores[column] for draw in self.draws if column in draw.scores]
        return float(np.mean(found)) if found else None

    @property
    def best(self) -> float | None:
        """The recipe whose mean is highest, seen afterwards on test."""
        found = [score for score in map(self.score, RECIPES) if score is not None]
        return max(found, default=None)

    @property
    def lost(self) -> float | None:
        """What the choice loses to the best recipe in hindsight; nothing is chosen where there are no labels."""
        chosen, best = self.score("chosen"), self.best
        return None if best is None or chosen is None or not self.num_labels else best - chosen

    @property
    def sd_over_labels(self) -> float | None:
        """The standard deviation over labels, as parts of each draw's labels tell it."""
        told = [draw.sd_over_labels for draw in self.draws if draw.sd_over_labels is not None]
        return float(np.sqrt(np.mean(np.square(told)))) if told else None

    @property
    def search_over_pass(self) -> float:
        """Processor seconds of choosing and fitting over those of a pass of the checkpoint."""
        return float(
            np.mean([draw.seconds for draw in self.draws]) / np.mean([draw.pass_seconds for draw in self.draws])
        )

    @property
    def standing(self) -> "Standing | None":
        ours = _highest(self, tuple(OURS))
        baseline = _highest(self, BASELINES)
        if ours is None or baseline is None:
            return None
        both = [draw for draw in self.draws if {ours, baseline} <= draw.scores.keys()]
        if not both:
            return None
        return Standing(
            ours=ours,
            baseline=baseline,
            lead=float(np.mean([draw.scores[ours] - draw.scores[baseline] for draw in both])),
            half_width=float(np.mean([draw.half_widths[ours] for draw in both])),
            num_draws=len(both),
        )


@dataclass(frozen=True, kw_only=True)
class Standing:
    """Ours on its better path beside the best baseline, over the draws for which both were measured.

    `half_width` is that of ours' 95 % interval over examples.
    """

    ours: str
    baseline: str
    lead: float
    half_width: float
    num_draws: int

    @property
    def is_behind(self) -> bool:
        return self.lead < -self.half_width

    def __str__(self) -> str:
        where = "behind" if self.is_behind else "ahead" if self.lead > 0 else "within the interval"
        return f"{OURS[self.ours]} {self.lead:+.1f} ± {self.half_width:.1f} to {self.baseline}: {where}"


def _highest(row: Row, columns: Sequence[str]) -> str | None:
    scored = {name: score for name in columns if (score := row.score(name)) is not None}
    return max(scored, key=lambda name: scored[name], default=None)


def figures(rows: Sequence[Row]) -> dict[str, float]:
    """The goals' figures, as far as the rows have them; of a set, the better path of ours."""
    found = {}
    for row in rows:
        ours = _highest(row, tuple(OURS))
        score = None if ours is None else row.score(ours)
        if score is not None:
            found[f"{row.few}_at_{row.num_labels}"] = round(score, 2)
    lost = [row.lost for row in rows if row.lost is not None]
    if lost:
        found["loss_to_best"] = round(float(np.mean(lost)), 2)
    standings = [row.standing for row in rows if row.standing is not None]
    if standings:
        found["cells_behind"] = float(sum(one.is_behind for one in standings))
    found["search_over_pass"] = round(max(row.search_over_pass for row in rows), 2)
    return {name: value for name, value in found.items() if name in GOALS}


def is_met(found: Mapping[str, float]) -> bool:
    """Whether every figure that was measured reaches its goal."""
    return all(value <= GOALS[name] if name in AT_MOST else value >= GOALS[name] for name, value in found.items())


def print_tables(rows: Sequence[Row]) -> None:
    """Print, as Markdown, the scores, then how ours stand and what the choice took."""
    measured = {name for row in rows for draw in row.draws for name in draw.scores}
    shown = [name for name in SHOWN if name in {*measured, "best"}] + sorted(measured - set(SHOWN))
    _print_table(
        ["set", "labels", *shown], [[row.few, row.num_labels, *(_cell(row, name) for name in shown)] for row in rows]
    )
    header = ["set", "labels", "ours beside the best baseline", "choice loses", "sd over labels"]
    _print_table(
        [*header, "search over a pass", "chose", "students chose"],
        [
            [
                row.few,
                row.num_labels,
                "" if row.standing is None else str(row.standing),
                "" if row.lost is None else f"{row.lost:.1f}",
                "" if row.sd_over_labels is None else f"{row.sd_over_labels:.1f}",
                f"{row.search_over_pass:.2f}",
                ", ".join(draw.chose for draw in row.draws),
                ", ".join(draw.student_chose for draw in row.draws if draw.student_chose),
            ]
            for row in rows
        ],
    )


def _cell(row: Row, column: str) -> str:
    """A mean score, with the number of draws where a column lacks some."""
    score = row.score(column)
    if score is None:
        return ""
    count = sum(column in draw.scores for draw in row.draws)
    return f"{score:.1f}" if column == "best" or count == len(row.draws) else f"{score:.1f} ({count})"


def _print_table(header: Sequence[str], rows: Sequence[Sequence[Any]]) -> None:
    for line in [header, ["---"] * len(header), *rows]:
        print(f"| {' | '.join(map(str, line))} |")
    print()


def as_json(rows: Sequence[Row]) -> list[dict[str, Any]]:
    return [{"set": row.few, "labels": row.num_labels, "draws": [vars(draw) for draw in row.draws]} for row in rows]
