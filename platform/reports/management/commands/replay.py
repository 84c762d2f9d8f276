"""`manage.py replay FILE`: what policies would have lost on recorded tasks."""

import json
from argparse import ArgumentParser, ArgumentTypeError
from collections.abc import Callable, Mapping, Sequence
from math import isnan
from pathlib import Path
from typing import Any, TypeVar

from django.core.management.base import CommandError

from accounts.commands import RefusingCommand, tell_left_out
from planning.replay import POLICIES, ReplayResult, prior_without, replay
from planning.surfaces import (
    BadSurface,
    PriceList,
    Surface,
    forecast_left_out,
    published_surfaces,
)
from reports.surfaces import read_surface_file

COSTS_HEADER = ["Task", "Labels", "Pseudo-labels", "Dollars", "Forecast", "Error"]
Done = TypeVar("Done")


class Command(RefusingCommand):
    requires_system_checks = ()
    help = "Play policies on recorded surfaces and print their mean regret in points."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", type=Path, metavar="FILE", help="CSV: task,L_labels,U_unlabeled,total_usd,score")
        parser.add_argument("--json", action="store_true", help="print JSON")
        parser.add_argument("--noise", type=_points, default=0.0, metavar="POINTS", help="sd added to scores shown")
        parser.add_argument("--seeds", type=_count, default=3, metavar="N", help="draws of the noise; default 3")
        parser.add_argument("--policy", action="append", choices=POLICIES, help="only this one; may be repeated")

        parser.add_argument(
            "--costs", type=_dollars, metavar="RATE", help="forecast bills instead, at RATE dollars a device hour"
        )

    def handle(self, *args: object, **options: Any) -> None:
        playing = [f"--{name}" for name in ("json", "policy", "noise") if options[name]]
        if options["costs"] and playing:
            raise CommandError(f"--costs plays nothing and prints a table of its own: leave out {playing[0]}.")
        read = read_surface_file(options["file"])
        policies = options["policy"] or list(POLICIES)
        if options["costs"]:
            bills, wrong = _each(read.surfaces, lambda surface: _costs(surface, options["costs"]))
            text = _aligned(COSTS_HEADER, [row for rows in bills for row in rows])
        else:
            results, wrong = _play(read.surfaces, policies, options["noise"], options["seeds"])
            text = _json(results, options) if options["json"] else _table(results, policies)
        left_out = [*read.left_out, *wrong]
        if len(wrong) == len(read.surfaces):
            raise CommandError("\n".join(left_out))
        self.stdout.write(text)
        tell_left_out(left_out)


def _each(surfaces: Sequence[Surface], do: Callable[[Surface], Done]) -> tuple[list[Done], list[str]]:
    """Do it for each surface. Returns: what came of those for which it can be done, and of the others why it cannot."""
    done, left_out = list[Done](), list[str]()
    for surface in surfaces:
        try:
            done.append(do(surface))
        except BadSurface as problem:
            left_out.append(str(problem))
    return done, left_out


def _play(
    surfaces: Sequence[Surface], policies: list[str], noise: float, num_seeds: int
) -> tuple[list[ReplayResult], list[str]]:
    others = [*published_surfaces(), *surfaces]

    def play(surface: Surface) -> ReplayResult:
        prior = prior_without(surface=surface, others=others)
        return replay(surface=surface, prior=prior, policies=policies, noise=noise, num_seeds=num_seeds)

    return _each(surfaces, play)


def _points(text: str) -> float:
    value = _number(text, float)
    if value is None or not 0 <= value <= 50:
        raise ArgumentTypeError(f"{text!r} is not a number of points from 0 to 50")
    return value


def _dollars(text: str) -> float:
    value = _number(text, float)
    if value is None or not 0 < value < 10_000:
        raise ArgumentTypeError(f"{text!r} is not a price of a device hour, above 0")
    return value


def _count(text: str) -> int:
    value = _number(text, int)
    if value is None or not 1 <= value <= 100:
        raise ArgumentTypeError(f"{text!r} is not a number of seeds from 1 to 100")
    return int(value)


def _number(text: str, kind: type[int] | type[float]) -> float | None:
    try:
        return kind(text)
    except ValueError:
        return None


def _json(results: Sequence[ReplayResult], options: Mapping[str, Any]) -> str:
    tasks = {result.task: _figures(result) for result in results}
    noise = {"noise": options["noise"], "seeds": options["seeds"] if options["noise"] else 1}
    return json.dumps({**noise, "tasks": tasks}, indent=2)


def _figures(result: ReplayResult) -> dict[str, float | int | None]:
    """Regrets by policy, None where one has no figure; the planner's coverage is None where it bought nothing."""
    coverage = {
        f"coverage_{level * 100:.0f}": round(share, 4) if result.num_bands else None
        for level, share in result.coverage.items()
    }
    regrets = {name: None if isnan(value) else round(value, 4) for name, value in result.regrets.items()}
    return {**regrets, **coverage, "bands": result.num_bands}


def _table(results: Sequence[ReplayResult], policies: list[str]) -> str:
    """Mean regret in points per policy, and the share of the planner's bands that held."""
    header = ["Task", *policies, "80 % bands", "90 % bands", "Bands"]
    rows = [
        [
            result.task,
            *("-" if isnan(result.regrets[name]) else f"{result.regrets[name]:.2f}" for name in policies),
            *(f"{share:.2f}" if result.num_bands else "-" for share in result.coverage.values()),
            str(result.num_bands),
        ]
        for result in results
    ]
    return _aligned(header, rows)


def _costs(surface: Surface, device_rate: float) -> list[list[str]]:
    """A line for each distilled point: its dollars, and their forecast from the task's other bills."""
    if all(point.cell.pseudo_labels == 0 for point in surface.points):
        raise BadSurface(f"{surface.name}: it has no distilled point, so there is no compute bill to forecast.")
    prices = PriceList.of(surface)
    try:
        expected = prices.label_dollars + forecast_left_out(prices=prices, device_rate=device_rate)
    except ValueError as error:
        raise BadSurface(f"{surface.name}: {error}") from error
    rows = []
    for point, total in zip(surface.points, expected, strict=True):
        if point.cell.pseudo_labels:
            sizes = [f"{point.cell.labels:,}", f"{point.cell.pseudo_labels:,.0f}"]
            share = f"{100 * (total / point.dollars - 1):+.1f} %" if point.dollars else "-"
            rows.append([surface.name, *sizes, f"{point.dollars:,.1f}", f"{total:,.1f}", share])
    return rows


def _aligned(header: list[str], rows: list[list[str]]) -> str:
    widths = [max(len(row[column]) for row in (header, *rows)) for column in range(len(header))]
    lines = [
        "  ".join(
            text.ljust(width) if column == 0 else text.rjust(width)
            for column, (text, width) in enumerate(zip(row, widths, strict=True))
        )
        for row in (header, *rows)
    ]
    return "\n".join(lines)
