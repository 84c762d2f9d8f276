"""Parts of the measured examples on which a model does worse than on all: by length, by label, by confidence."""

from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import numpy as np
from django.db.models.fields.json import KeyTextTransform
from django.db.models.functions import Length

from reports.quality.grading import GradedRow
from runs.results import Interval, Ratio
from studies.models import Example, Split, Study

# An interval from fewer says nothing that a reader could act on.
FEWEST_EXAMPLES = 10
MOST_SLICES = 12
_QUARTILES = (0.25, 0.5, 0.75)
_CONFIDENCES = (0.5, 0.7, 0.9, 0.99)


class SliceKey(NamedTuple):
    kind: str
    name: str


@dataclass(frozen=True, kw_only=True)
class Slice:
    """Some of the examples. `is_worse`: its whole interval lies below the score on all examples."""

    key: SliceKey
    num_examples: int
    score: Interval
    is_worse: bool


@dataclass(frozen=True, kw_only=True)
class WorstSlices:
    """Slices that score lower than all examples, of `num_slices` looked at; `num_small` had too few examples."""

    slices: Sequence[Slice]
    num_slices: int
    num_small: int


class SliceCounts:
    """Scores of slices, counted one example at a time.

    A score is the mean over examples, such as the share of right answers, or micro F1 where an answer is a list of
    labels: the F1 of all its parts.
    """

    def __init__(self, *, study: Study, split: Split) -> None:
        self._study = study
        self._lengths = _lengths(study, split)
        self._ratios: dict[SliceKey, Ratio] = {}
        self._overall = Ratio()
        self._sizes: dict[SliceKey, int] = {}

    def add(self, row: GradedRow) -> None:
        hits: float
        if self._study.definition.is_list and self._study.definition.has_labels:
            hits, total = 2 * len(row.gold & row.predicted), len(row.gold) + len(row.predicted)
        else:
            hits, total = row.score, 1
        self._overall.add(hits=hits, total=total)
        for key in self._keys(row):
            self._ratios.setdefault(key, Ratio()).add(hits=hits, total=total)
            self._sizes[key] = self._sizes.get(key, 0) + 1

    def overall(self) -> Interval | None:
        return self._overall.interval()

    def worst(self) -> WorstSlices:
        """Return the slices that score lower than all examples, the lowest first."""
        overall = self._overall.interval()
        large = {key: self._ratios[key].interval() for key, size in self._sizes.items() if size >= FEWEST_EXAMPLES}
        found = [
            Slice(key=key, num_examples=self._sizes[key], score=score, is_worse=score.high < overall.value)
            for key, score in large.items()
            if score is not None and overall is not None and score.value < overall.value
        ]
        found.sort(key=lambda one: (one.score.value, one.key))
        return WorstSlices(slices=found[:MOST_SLICES], num_slices=len(large), num_small=len(self._sizes) - len(large))

    def _keys(self, row: GradedRow) -> Iterator[SliceKey]:
        for place in {item[0] for item in row.gold}:
            yield SliceKey("Gold label", self._study.labels[place])
        length = self._lengths.get(row.answered.uid)
        if length is not None and self._edges:
            yield SliceKey("Length", _range_of_lengths(self._edges, length))
        # The parts of a list have a probability each, and no confidence is that of the whole.
        confidence = row.answered.confidence
        if confidence is not None and not self._study.definition.is_list:
            yield SliceKey("Confidence", _range_of_confidences(confidence))

    @cached_property
    def _edges(self) -> list[int]:
        """The quartiles of the lengths; none where all are alike."""
        if not self._lengths:
            return []
        found = np.quantile(list(self._lengths.values()), _QUARTILES, method="lower")
        return sorted({int(edge) for edge in found} - {max(self._lengths.values())})


def _lengths(study: Study, split: Split) -> Mapping[str, int]:
    """Count the characters of each example of a split, of all its texts together."""
    parts = [Length(KeyTextTransform(name, "fields")) for name in study.definition.input_fields]
    total = sum(parts[1:], start=parts[0] + 0)
    rows = Example.objects.filter(study=study, split=split).annotate(length=total)
    return {str(uid): length for uid, length in rows.values_list("uid", "length").iterator() if length is not None}


def _range_of_lengths(edges: Sequence[int], length: int) -> str:
    place = bisect_left(edges, length)
    if place == len(edges):
        return f"over {edges[-1]:,} characters"
    low = f"{edges[place - 1] + 1:,}" if place else "up"
    return f"{low} to {edges[place]:,} characters"


def _range_of_confidences(confidence: float) -> str:
    place = bisect_right(_CONFIDENCES, confidence)
    percents = [f"{edge * 100:.0f}" for edge in _CONFIDENCES]
    if place == 0:
        return f"below {percents[0]} %"
    if place == len(percents):
        return f"{percents[-1]} % or more"
    return f"{percents[place - 1]} to {percents[place]} %"
