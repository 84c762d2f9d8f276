"""Counting right answers, so that sums over any resample of the examples give its metrics.

An answer is a set of items, each with its class: one label, some labels, or spans with a label each. Only what is there
is kept, so that ten thousand classes cost no more than two. Shapes: N examples, K counts, R resamples, C classes.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Indices = npt.NDArray[np.int64]
# The class first, then what tells two items of a class apart.
Item = tuple[int, ...]

# One example each, and one each that is right as a whole.
NUM_OF_EXAMPLES = 2


@dataclass(frozen=True, kw_only=True)
class Tally:
    """K counts of N examples, as a list of ones: `count_E` is added once for the example `example_E`."""

    num_examples: int
    num_counts: int
    example_E: Indices
    count_E: Indices

    def totals(self, weights_RN: npt.NDArray[np.int64] | None = None) -> Floats:
        """Sum the counts over resamples.

        Parameters
        ----------
        weights_RN
            how often each example is in each resample; None for each once.

        Returns
        -------
        (R, K); R is 1 without weights.
        """
        if weights_RN is None:
            weights_RN = np.ones((1, self.num_examples), dtype=np.int64)
        return np.stack(
            [np.bincount(self.count_E, weights=w[self.example_E], minlength=self.num_counts) for w in weights_RN]
        )


def tally_items(
    *, gold: Sequence[frozenset[Item]], predicted: Sequence[frozenset[Item] | None], num_classes: int
) -> Tally:
    """Count examples, wholly right ones, and per class hits, golds and predictions.

    Parameters
    ----------
    gold, predicted
        N sets of items; a predicted None is no answer: never right, and nothing predicted.
    num_classes
        classes an item can be of.

    Returns
    -------
    A tally of 2 + 3 C counts, as f1_scores takes their sums.
    """
    counts: list[list[int]] = []
    for wanted, said in zip(gold, predicted, strict=True):
        found = said or frozenset()
        groups = (wanted & found, wanted, found)
        start = NUM_OF_EXAMPLES
        row = [0, 1] if said == wanted else [0]
        for group in groups:
            row.extend(start + item[0] for item in group)
            start += num_classes
        counts.append(row)
    return tally_of_lists(counts, num_counts=NUM_OF_EXAMPLES + 3 * num_classes)


def tally_of_lists(counts: Sequence[Sequence[int]], *, num_counts: int) -> Tally:
    """Make a tally of each example's list of counts to add one to."""
    example_E = np.repeat(np.arange(len(counts)), [len(row) for row in counts])
    count_E = np.fromiter((count for row in counts for count in row), dtype=np.int64, count=len(example_E))
    return Tally(num_examples=len(counts), num_counts=num_counts, example_E=example_E, count_E=count_E)


def side_by_side(first: Tally, second: Tally) -> Tally:
    """Return the counts of both tallies of the same examples, those of the second behind those of the first."""
    return Tally(
        num_examples=first.num_examples,
        num_counts=first.num_counts + second.num_counts,
        example_E=np.concatenate([first.example_E, second.example_E]),
        count_E=np.concatenate([first.count_E, second.count_E + first.num_counts]),
    )


def f1_scores(totals_RK: Floats) -> dict[str, Floats]:
    """Turn summed counts into scores.

    Parameters
    ----------
    totals_RK
        R sums of a tally that tally_items made.

    Returns
    -------
    Accuracy (share of examples right as a whole), macro F1 (a class neither gold nor predicted has no share in it)
    and micro F1, R values of 0 to 1 each. Where nothing is gold and nothing predicted, F1 is 0.
    """
    hits_RC, gold_RC, predicted_RC = np.split(totals_RK[:, NUM_OF_EXAMPLES:], 3, axis=1)
    support_RC = gold_RC + predicted_RC
    f1_RC = 2 * hits_RC / np.maximum(support_RC, 1)
    return {
        "accuracy": totals_RK[:, 1] / totals_RK[:, 0],
        "macro_f1": f1_RC.sum(axis=1) / np.maximum((support_RC > 0).sum(axis=1), 1),
        "micro_f1": 2 * hits_RC.sum(axis=1) / np.maximum(support_RC.sum(axis=1), 1),
    }
