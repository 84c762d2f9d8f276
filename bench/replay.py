"""Whether the planner is worth having: replays, forecasts and bands, each with its goal.

`python3 manage.py bench replay` plays the published tasks, 40 synthetic ones and those recorded of our own engine,
forecasts the study's printed cells and bills, counts how often bands hold, and times the planner. `--parts NAME …`
selects parts; `--quick` plays and counts an eighth of the synthetic tasks. `--plot FILE` draws the share inside the
bands, light and dark: `--plot bands.svg` writes bands-light.svg and bands-dark.svg.
"""

import argparse
import json
import math
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT / "platform"), str(ROOT)]

from bench.parts.replay.coverage import band_checks, coverage  # noqa: E402  the path comes first
from bench.parts.replay.own import own_results  # noqa: E402
from bench.parts.replay.plot import plot  # noqa: E402
from bench.parts.replay.printed import cost_errors, printed_cells  # noqa: E402
from bench.parts.replay.worlds import World, surface_of  # noqa: E402
from planning.policy import Question, advise  # noqa: E402
from planning.posterior import prior_from  # noqa: E402
from planning.replay import POLICIES, ReplayResult, prior_without, replay  # noqa: E402
from planning.surfaces import Cell, Cells, Point, PriceList, published_surfaces  # noqa: E402

Figures = dict[str, float]
NUM_WORLDS, NUM_COVERAGE = 40, 200
WORLD_SEED, COVERAGE_SEED = 1_001, 2_002
"""Not those that the planner was tried on while it was written."""
SIZES = ((6, 4), (9, 6))
"""Labels by pseudo-labels; every fourth task has the larger grid."""
REGRET_GOALS = {"WLP": 0.5, "FEVER": 0.5, "MultiPIT_id": 0.5, "NQ": 0.8}
REGIONS = ("inside", "beyond")
AT_MOST = {
    **{f"{task}_{noise}_planner": goal for task, goal in REGRET_GOALS.items() for noise in ("exact", "noisy")},
    "exact_worst_above_a_fixed_policy": 0.25,
    "noisy_worst_above_a_fixed_policy": 0.25,
    "exact_mean_less_best_fixed_mean": 0.0,
    "noisy_mean_less_best_fixed_mean": 0.0,
    "worlds_planner": 0.5,
    "printed_brier": 0.10,
    "cost_total_largest_error_percent": 3.0,
    "planning_cpu_seconds": 1.0,
    "own_largest_share_of_dollars": 0.6,
    "own_left_out": 0,
    **{f"coverage_{region}_{level}": high for region in REGIONS for level, high in ((80, 0.85), (90, 0.95))},
}
AT_LEAST = {
    "printed_right_percent": 95.0,
    **{f"coverage_{region}_{level}": low for region in REGIONS for level, low in ((80, 0.75), (90, 0.85))},
}


@dataclass(frozen=True, kw_only=True)
class Asked:
    """Of the synthetic tasks one in `share`; where to draw the bands' shares, None for nowhere."""

    share: int
    plot: Path | None


def main() -> int:
    parser = argparse.ArgumentParser(prog="manage.py bench replay")
    parser.add_argument("--parts", nargs="+", choices=PARTS, default=list(PARTS))
    parser.add_argument("--quick", action="store_true", help="an eighth of the synthetic tasks")
    parser.add_argument("--plot", type=Path, metavar="FILE.svg", help="draw the share inside the bands, light and dark")
    options = parser.parse_args()
    if options.plot and "coverage" not in options.parts:
        parser.error("--plot draws what the part coverage counts: name it in --parts.")
    figures: Figures = {}
    asked = Asked(share=8 if options.quick else 1, plot=options.plot)
    for part in options.parts:
        started = time.monotonic()
        figures |= PARTS[part](asked)
        _say(f"{part}: {time.monotonic() - started:.0f} s")
    goals = {name: [AT_LEAST.get(name), AT_MOST.get(name)] for name in figures if name in AT_LEAST | AT_MOST}
    for name, value in figures.items():
        low, high = goals.get(name, (None, None))
        bounds = (f"   goal >= {low:g}" if low is not None else "") + (
            f"   goal <= {high:g}" if high is not None else ""
        )
        print(f"{name:<52} {value:>8g}{bounds}")
    is_ok = all(_is_within(figures[name], low, high) for name, (low, high) in goals.items())
    as_json = {name: value if math.isfinite(value) else None for name, value in figures.items()}
    print(json.dumps({"bench": "replay", "figures": as_json, "goals": goals, "ok": is_ok}))
    return 0 if is_ok else 1


def _is_within(value: float, low: float | None, high: float | None) -> bool:
    return (low is None or value >= low) and (high is None or value <= high)


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


def _published(_: Asked) -> Figures:
    surfaces = published_surfaces()
    priors = [prior_without(surface=surface, others=surfaces) for surface in surfaces]
    figures: Figures = {}
    for name, noise, num_seeds in (("exact", 0.0, 1), ("noisy", 1.0, 3)):
        results = []
        for surface, prior in zip(surfaces, priors, strict=True):
            results.append(replay(surface=surface, prior=prior, noise=noise, num_seeds=num_seeds))
            figures |= _of(results[-1], prefix=f"{surface.name}_{name}")
        means = {policy: np.mean([result.regrets[policy] for result in results]) for policy in POLICIES}
        figures[f"{name}_mean_less_best_fixed_mean"] = _short(means.pop("planner") - min(means.values()))
        worst = max(_lead(result) for result in results)
        figures[f"{name}_worst_above_a_fixed_policy"] = _short(worst)
    return figures


def _of(result: ReplayResult, *, prefix: str) -> Figures:
    figures = {f"{prefix}_{policy}": _short(value) for policy, value in result.regrets.items()}
    held = {f"{prefix}_bands_{level:.0%}".replace("%", ""): _short(share) for level, share in result.coverage.items()}
    return {**figures, **held, f"{prefix}_bands": result.num_bands}


def _lead(result: ReplayResult) -> float:
    """By how much the planner loses more than the best fixed policy of the task."""
    return result.regrets["planner"] - min(value for name, value in result.regrets.items() if name != "planner")


def _short(value: Any) -> float:
    return round(float(value), 3)


def _worlds(asked: Asked) -> Figures:
    prior = prior_from(published_surfaces())
    results = []
    for number in range(NUM_WORLDS // asked.share):
        random = np.random.default_rng((WORLD_SEED, number))
        surface = surface_of(World.draw(random), size=SIZES[number % 4 == 3], random=random, name=str(number))
        results.append(replay(surface=surface, prior=prior))
        _say(f"  world {number}: {', '.join(f'{name} {lost:.2f}' for name, lost in results[-1].regrets.items())}")
    figures: Figures = {"worlds": len(results)}
    for policy in POLICIES:
        lost = [result.regrets[policy] for result in results]
        figures[f"worlds_{policy}"] = _short(np.mean(lost))
        figures[f"worlds_{policy}_90th_percentile"] = _short(np.percentile(lost, 90))
    lost = [result.regrets["planner"] for result in results]
    figures["worlds_planner_standard_error"] = _short(np.std(lost, ddof=1) / np.sqrt(len(lost)))
    return figures


def _coverage(asked: Asked) -> Figures:
    prior = prior_from(published_surfaces())
    checks = band_checks(prior=prior, numbers=range(NUM_COVERAGE // asked.share), seed=COVERAGE_SEED)
    if asked.plot:
        _say(f"  drawn: {', '.join(map(str, plot(checks, asked.plot)))}")
    return {name: _short(value) for name, value in coverage(checks).items()}


def _own(_: Asked) -> Figures:
    figures: Figures = {}
    results, left_out = own_results()
    figures["own_left_out"] = len(left_out)
    for why in left_out:
        _say(f"  left out: {why}")
    for result in results:
        task = result.replayed.task.replace(", draw ", "_")
        figures |= _of(result.replayed, prefix=f"own_{task}")
        figures[f"own_{task}_share_of_dollars"] = _short(result.share_of_dollars)
        figures[f"own_{task}_least_share"] = _short(result.least_share)
        _say(f"  {result.replayed.task}: {result.best_fixed} ends best of the fixed policies")
    figures["own_largest_share_of_dollars"] = _short(max((one.share_of_dollars for one in results), default=math.nan))
    checks = [check for result in results for check in result.checks]
    return {**figures, **{f"own_{name}": _short(value) for name, value in coverage(checks).items()}}


def _speed(_asked: Asked) -> Figures:
    """CPU seconds to plan 20 arms from 200 points: of 200 cells, and of 20 cells measured ten times."""
    random, prior = np.random.default_rng(3), prior_from(published_surfaces())
    world = World.draw(random)
    offers = Cells.of(
        [Cell(labels, count) for labels in (700, 1500, 3000, 6000, 9000) for count in (0, 500, 5000, 50_000)]
    )
    prices = PriceList(
        cells=offers,
        label_dollars=0.1 * offers.labels,
        compute_dollars=np.where(offers.is_annotate, 0.0, 4 + 0.001 * offers.pseudo_labels),
        teacher_dollars=np.where(offers.is_annotate, 0.0, 4.0),
    )
    figures = {}
    for name, num_cells in (("planning_cpu_seconds", 200), ("planning_repeated_cells_cpu_seconds", 20)):
        labels = np.repeat(np.linspace(50, 5000, num_cells).astype(int), 200 // num_cells)
        cells = [Cell(int(rung), float(random.choice([0, 1000, 10_000]))) for rung in labels]
        scores = world.measured(Cells.of(cells), random)
        points = [Point(cell=cell, dollars=1.0, score=float(score)) for cell, score in zip(cells, scores, strict=True)]
        times = []
        for _ in range(3):
            started = time.process_time()
            advise(Question(points=points, offers=prices, money=2_000.0, prior=prior))
            times.append(time.process_time() - started)
        figures[name] = _short(min(times))
    return figures


PARTS: dict[str, Callable[[Asked], Figures]] = {
    "published": _published,
    "printed": lambda _: printed_cells(),
    "costs": lambda _: cost_errors(),
    "own": _own,
    "coverage": _coverage,
    "speed": _speed,
    "worlds": _worlds,
}


if __name__ == "__main__":
    sys.exit(main())
