"""The study's printed cells, and its bills, forecast from the figures that are left when they are taken away."""

import csv
from dataclasses import replace
from io import StringIO

import numpy as np

from planning.posterior import Bank, Posterior
from planning.replay import prior_without
from planning.surfaces import (
    Cell,
    Cells,
    Floats,
    PriceList,
    Surface,
    fit_compute_cost,
    published_file,
    published_surfaces,
)

DEVICE_RATE = 1.875
TOO_CLOSE = (0.2, 0.8)


def printed_cells() -> dict[str, float]:
    """Which path wins each printed cell, from the same task's digitised points and priors of the other tasks."""
    surfaces = {surface.name: surface for surface in published_surfaces()}
    fits = {name: _fit(surface, list(surfaces.values())) for name, surface in surfaces.items()}
    right, squares, num_close, lost_close = [], [], 0, 0
    for row in csv.DictReader(StringIO(published_file("printed.csv"))):
        chance = _chance_of_distil(row, surfaces[row["task"]], fits[row["task"]])
        won = float(row["distill_XXL_to_small"]) > float(row["annotate_T5small"])
        is_close = TOO_CLOSE[0] < chance < TOO_CLOSE[1]
        num_close += is_close
        lost_close += is_close and (chance > 0.5) != won
        right.append((chance > 0.5) == won)
        squares.append((chance - won) ** 2)
        if is_close or not right[-1]:
            print(f"  {row['task']} {row['initial_N']} + ${row['extra_usd']}: distil wins with {chance:.2f}; {won}")
    return {
        "printed_cells": len(right),
        "printed_right_percent": round(100 * float(np.mean(right)), 1),
        "printed_brier": round(float(np.mean(squares)), 4),
        "printed_too_close": num_close,
        "printed_too_close_and_wrong": int(lost_close),
    }


def _fit(surface: Surface, others: list[Surface]) -> Posterior:
    bank = Bank(prior=prior_without(surface=surface, others=others), cells=surface.cells)
    return bank.fit(seen=range(len(surface.points)), scores=surface.scores)


def _chance_of_distil(row: dict[str, str], surface: Surface, posterior: Posterior) -> float:
    """The chance that the distilled student's printed score is higher, noise on both; 0 where no teacher fits."""
    labels, extra = int(row["initial_N"]), float(row["extra_usd"])
    prices = PriceList.of(surface)
    here = (prices.cells.labels == labels) & ~prices.cells.is_annotate
    teacher = float(prices.teacher_dollars[here][0])
    slope = np.polyfit(prices.cells.pseudo_labels[here], prices.compute_dollars[here], 1)[0]
    pseudo_labels = round((extra - teacher) / float(slope))
    if pseudo_labels <= 0:
        return 0.0
    more = labels + round(extra / (float(row["initial_usd"]) / labels))
    worlds = posterior.worlds(Cells.of([Cell(more, 0), Cell(labels, pseudo_labels)]))
    random = np.random.default_rng(0)
    noise = random.standard_t(5, worlds.phi.shape) * worlds.noise[:, None]
    seen = worlds.phi + noise
    return float(np.mean(seen[:, 1] > seen[:, 0]))


def cost_errors() -> dict[str, float]:
    """Each distilled point's bill, forecast from the task's other bills; errors in percent."""
    totals: list[tuple[float, float, float]] = []
    for surface in published_surfaces():
        prices = PriceList.of(surface)
        for place in np.flatnonzero(~prices.cells.is_annotate):
            expected = float(_forecast(prices, int(place)))
            actual = float(prices.compute_dollars[place])
            total = float(prices.label_dollars[place]) + actual
            labels = float(prices.cells.labels[place])
            totals.append((labels, (expected - actual) / total, (expected - actual) / actual))
    errors = 100 * np.abs(np.array(totals))
    few = np.array([labels <= 1_000 for labels, _, _ in totals])
    return {
        "cost_total_largest_error_percent": round(float(errors[:, 1].max()), 2),
        "cost_total_error_percent": round(float(errors[:, 1].mean()), 2),
        "cost_total_largest_error_above_1000_labels_percent": round(float(errors[~few, 1].max()), 2),
        "cost_compute_error_percent": round(float(errors[:, 2].mean()), 2),
        "cost_compute_largest_error_percent": round(float(errors[:, 2].max()), 2),
    }


def _forecast(prices: PriceList, left_out: int) -> Floats:
    others = np.arange(len(prices.cells)) != left_out
    cells = Cells(labels=prices.cells.labels[others], pseudo_labels=prices.cells.pseudo_labels[others])
    model = fit_compute_cost(cells=cells, dollars=prices.compute_dollars[others], device_rate=DEVICE_RATE)
    one = replace(
        prices.cells, labels=prices.cells.labels[[left_out]], pseudo_labels=prices.cells.pseudo_labels[[left_out]]
    )
    return model.dollars(one)[0]  # type: ignore[no-any-return]
