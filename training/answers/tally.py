"""Counts of right answers; sums over any resample of the examples give its metrics.

An answer is a set of items, each with its class: one label, some labels, or spans with a label each. Counts are sparse,
so that ten thousand classes cost no more than two. Shapes: N examples, K counts, R resamples, C classes.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Indices = npt.NDArray[np.int64]
# The class first, then what distinguishes two items of a class.
Item = tuple[int, ...]

# One example each, and one each that is right as a whole.
NUM_OF_EXAMPLES = 2
# Resamples are summed in blocks, so that memory grows with the block and not with their number.
RESAMPLES_PER_BLOCK = 50


@dataclass(frozen=True, kw_only=True)
class MetricTally:
    """K counts of N examples, as a list: `count_E` is added for the example `example_E`, once or as `amount_E` says."""

    num_examples: int
    num_counts: int
    example_E: Indices
    count_E: Indices
    amount_E: Floats | None = None

    def totals(self, weights_RN: npt.NDArray[np.int64] | None = None) -> Floats:
        """Sum the counts over R resamples, (R, K), by how often each has each example; None for all examples once."""
        if weights_RN is None:
            weights_RN = np.ones((1, self.num_examples), dtype=np.int64)
        amount_E = 1 if self.amount_E is None else self.amount_E
        return np.stack(
            [
                np.bincount(self.count_E, weights=w[self.example_E] * amount_E, minlength=self.num_counts)
                for w in weights_RN
            ]
        )


def resamples(*, rng: np.random.Generator, num_examples: int, count: int) -> Iterator[Indices]:
    """Yield how often each of N examples is drawn, with replacement, into each of `count` resamples: blocks (R, N)."""
    even = np.full(num_examples, 1 / num_examples)
    for start in range(0, count, RESAMPLES_PER_BLOCK):
        yield rng.multinomial(num_examples, even, size=min(RESAMPLES_PER_BLOCK, count - start))


def tally_items(
    *, gold: Sequence[frozenset[Item]], predicted: Sequence[frozenset[Item] | None], num_classes: int
) -> MetricTally:
    """Count examples, exactly right ones, and per class hits, golds and predictions: 2 + 3 C counts for f1_scores."""
    counts: list[list[int]] = []
    for expected, answer in zip(gold, predicted, strict=True):
        found = answer or frozenset()
        groups = (expected & found, expected, found)
        start = NUM_OF_EXAMPLES
        row = [0, 1] if answer == expected else [0]
        for group in groups:
            row.extend(start + item[0] for item in group)
            start += num_classes
        counts.append(row)
    return tally_from_lists(counts, num_counts=NUM_OF_EXAMPLES + 3 * num_classes)


def tally_from_lists(counts: Sequence[Sequence[int]], *, num_counts: int) -> MetricTally:
    """Make a tally of each example's list of counts to add one to."""
    example_E = np.repeat(np.arange(len(counts)), [len(row) for row in counts])
    count_E = np.fromiter((count for row in counts for count in row), dtype=np.int64, count=len(example_E))
    return MetricTally(num_examples=len(counts), num_counts=num_counts, example_E=example_E, count_E=count_E)


def tally_from_table(table_NK: Floats) -> MetricTally:
    """Make a tally of each example's K counts, which need not be whole numbers."""
    example_E, count_E = np.nonzero(table_NK)
    num_examples, num_counts = table_NK.shape
    return MetricTally(
        num_examples=num_examples,
        num_counts=num_counts,
        example_E=example_E,
        count_E=count_E,
        amount_E=table_NK[example_E, count_E],
    )


def concatenated(first: MetricTally, second: MetricTally) -> MetricTally:
    """Put the counts of a second tally of the same examples behind those of the first; both add ones."""
    assert first.amount_E is None and second.amount_E is None
    return MetricTally(
        num_examples=first.num_examples,
        num_counts=first.num_counts + second.num_counts,
        example_E=np.concatenate([first.example_E, second.example_E]),
        count_E=np.concatenate([first.count_E, second.count_E + first.num_counts]),
    )


def f1_scores(totals_RK: Floats) -> dict[str, Floats]:
    """Turn R sums of a tally by tally_items into accuracy, macro F1 and micro F1, R values of 0 to 1 each.

    A class neither gold nor predicted has no share in macro F1. Where nothing is gold and nothing predicted, F1 is 0.
    """
    hits_RC, gold_RC, predicted_RC = _of_classes(totals_RK)
    support_RC = gold_RC + predicted_RC
    f1_RC = class_f1(totals_RK)
    return {
        "accuracy": totals_RK[:, 1] / totals_RK[:, 0],
        "macro_f1": f1_RC.sum(axis=1) / np.maximum((support_RC > 0).sum(axis=1), 1),
        "micro_f1": 2 * hits_RC.sum(axis=1) / np.maximum(support_RC.sum(axis=1), 1),
    }


def class_f1(totals_RK: Floats) -> Floats:
    """Turn R sums of a tally by tally_items into the F1 of each class, (R, C); 0 of one neither gold nor predicted."""
    hits_RC, gold_RC, predicted_RC = _of_classes(totals_RK)
    f1_RC: Floats = 2 * hits_RC / np.maximum(gold_RC + predicted_RC, 1)
    return f1_RC


def _of_classes(totals_RK: Floats) -> list[Floats]:
    return np.split(totals_RK[:, NUM_OF_EXAMPLES:], 3, axis=1)
