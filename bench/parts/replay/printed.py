"""The study's printed cells, and its bills, forecast from the figures that are left when they are taken away."""

import csv
from io import StringIO

import numpy as np

from planning.posterior import Bank, Posterior
from planning.replay import prior_without
from planning.surfaces import (
    Cell,
    Cells,
    PriceList,
    Surface,
    forecast_left_out,
    published_surfaces,
    shipped_file,
)

DEVICE_RATE = 1.875
TOO_CLOSE = (0.2, 0.8)


def printed_cells() -> dict[str, float]:
    """Which path wins each printed cell, from the same task's digitised points and priors of the other tasks."""
    surfaces = {surface.name: surface for surface in published_surfaces()}
    fits = {name: _fit(surface, list(surfaces.values())) for name, surface in surfaces.items()}
    right, squares, num_close, lost_close = [], [], 0, 0
    for row in csv.DictReader(StringIO(shipped_file("printed.csv"))):
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
    found = []
    for surface in published_surfaces():
        prices = PriceList.of(surface)
        expected = forecast_left_out(prices=prices, device_rate=DEVICE_RATE)
        distilled = ~prices.cells.is_annotate
        error, compute = (expected - prices.compute_dollars)[distilled], prices.compute_dollars[distilled]
        total = prices.label_dollars[distilled] + compute
        found.append(np.stack([prices.cells.labels[distilled], 100 * error / total, 100 * error / compute]))
    labels, of_total, of_compute = np.abs(np.concatenate(found, axis=1))
    return {
        "cost_total_largest_error_percent": round(float(of_total.max()), 2),
        "cost_total_error_percent": round(float(of_total.mean()), 2),
        "cost_total_largest_error_above_1000_labels_percent": round(float(of_total[labels > 1_000].max()), 2),
        "cost_compute_error_percent": round(float(of_compute.mean()), 2),
        "cost_compute_largest_error_percent": round(float(of_compute.max()), 2),
    }
