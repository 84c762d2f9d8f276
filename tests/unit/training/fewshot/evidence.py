"""Made-up vectors of texts about made-up labels, for the tests of few-label recipes."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from training.answers import Rows
from training.fewshot import Evidence
from training.fewshot.features import Floats, unit_rows
from training.fewshot.judging import Judge
from training.tasks import TASK_TYPES

WIDTH = 24


@dataclass(frozen=True)
class Made:
    evidence: Evidence
    judge: Judge
    test_NF: Floats
    test_gold_N: np.ndarray  # type: ignore[type-arg]

    def accuracy(self, logits_NC: Floats) -> float:
        return float((logits_NC.argmax(axis=1) == self.test_gold_N).mean())


def make(*, num_labels: int = 4, gold: list[int] | None = None, names: float = 1.0, noise: float = 1.0) -> Made:
    """Texts lie around their label's direction, and names at `names` times it; 0 for names that say nothing."""
    rng = np.random.default_rng(3)
    directions = unit_rows(rng.normal(size=(num_labels, WIDTH)))
    gold_N = np.array(gold if gold is not None else [n % num_labels for n in range(5 * num_labels)], dtype=np.int64)

    def texts(labels: np.ndarray) -> Floats:  # type: ignore[type-arg]
        noisy = directions[labels] + noise * rng.normal(size=(len(labels), WIDTH)) / np.sqrt(WIDTH)
        return unit_rows(noisy)

    test_gold_N = rng.integers(num_labels, size=300)
    names_CF = unit_rows(directions + 0.1 * rng.normal(size=directions.shape)) if names else np.zeros_like(directions)
    evidence = Evidence(
        features_NF=texts(gold_N),
        targets_NC=np.eye(num_labels)[gold_N],
        names_CF=names_CF,
        pool_PF=texts(rng.integers(num_labels, size=200)),
    )
    return Made(evidence, judge_of(gold_N, num_labels), texts(test_gold_N), test_gold_N)


def judge_of(gold_N: np.ndarray, num_labels: int) -> Judge:  # type: ignore[type-arg]
    labels = [f"label {number}" for number in range(num_labels)]
    rows = Rows(
        uids=[str(number) for number in range(len(gold_N))],
        columns={"text": [""] * len(gold_N)},
        gold=[labels[number] for number in gold_N],
    )
    return Judge(
        task_type=TASK_TYPES["text_classification"],
        rows=rows,
        labels=labels,
        metric="accuracy",
        bounds=np.arange(len(gold_N) + 1),
        seen_U=np.ones(len(gold_N), dtype=np.bool_),
    )
