"""How fast a model answers, one request after the other and in batches, and how good its answers are."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from training.answers import PairedAnswers, PairedTest, Rows, paired_test
from training.data import InputLine
from training.evaluation import Predictor, metric_value
from training.tasks import TaskType

MOST_REQUESTS = 200
BATCH_SIZE = 32
MOST_BATCHES = 10
# The first answers pay for memory that the later ones find.
NUM_WARM_UP = 5
NUM_RESAMPLES = 1_000
SEED = 0
MILLISECONDS = 1_000


@dataclass(frozen=True, kw_only=True)
class Speed:
    """Milliseconds from a text to its answer, and how many requests of one text, or texts in batches, a second takes.

    By the clock, or by the processor's time where `speed_of` was told so.
    """

    p50_ms: float
    p95_ms: float
    requests_per_second: float
    texts_per_second: float


@dataclass(frozen=True, kw_only=True)
class Standing:
    """How an exported model's answers stand to its original's: `difference` is of their utilities, export first."""

    utility: float
    original_utility: float
    agreement: float
    difference: PairedTest


def lines_of(rows: Rows) -> list[InputLine]:
    """Return rows as the lines of a file."""
    return [
        InputLine(number=number, uid=uid, texts={name: texts[number] for name, texts in rows.columns.items()})
        for number, uid in enumerate(rows.uids)
    ]


def speed_of(
    predictor: Predictor, lines: Sequence[InputLine], *, clock: Callable[[], float] = time.perf_counter
) -> Speed:
    """Let a model answer up to MOST_REQUESTS lines one by one, and up to MOST_BATCHES batches of them."""

    def seconds(batch: Sequence[InputLine]) -> float:
        began = clock()
        predictor.answers(batch)
        return clock() - began

    for line in lines[:NUM_WARM_UP]:
        seconds([line])
    singles = [seconds([line]) for line in lines[:MOST_REQUESTS]]
    starts = range(0, min(len(lines), MOST_BATCHES * BATCH_SIZE), BATCH_SIZE)
    batches = [lines[start : start + BATCH_SIZE] for start in starts]
    p50, p95 = np.percentile(singles, [50, 95]) * MILLISECONDS
    return Speed(
        p50_ms=float(p50),
        p95_ms=float(p95),
        requests_per_second=len(singles) / sum(singles),
        texts_per_second=sum(map(len, batches)) / sum(map(seconds, batches)),
    )


def standing_of(
    *, task_type: TaskType, labels: Sequence[str], rows: Rows, answers: Sequence[Sequence[str | None]], metric: str
) -> Standing:
    """Compare the answers of an export and of its original, in this order, to the same labelled rows."""
    exported, original = answers
    utility, original_utility = (
        metric_value(task_type=task_type, rows=rows, predicted=found, labels=labels, metric=metric) for found in answers
    )
    paired = PairedAnswers(
        gold=rows.labelled(), first=[exported], second=[original], texts=next(iter(rows.columns.values()))
    )
    return Standing(
        utility=utility,
        original_utility=original_utility,
        agreement=float(np.mean([one == other for one, other in zip(exported, original, strict=True)])),
        difference=paired_test(
            task_type=task_type, labels=labels, answers=paired, metric=metric, num_resamples=NUM_RESAMPLES, seed=SEED
        ),
    )
