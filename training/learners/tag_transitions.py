"""Which tag follows which in the labels: what a text's tags are found by, beside the outputs for its words."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from training.answers import Rows, spans_from_json, tags_of, words_of
from training.contract import TRANSITIONS_FILE
from training.models import PretrainedUnusable
from training.runtime import write_json
from training.tasks import TaskType

# The form of TRANSITIONS_FILE and of what is made of it.
VERSION = 1
# What is not in the labels counts as much as one word: of all tags alike, and after each tag by how frequent they are.
SMOOTHING = 1.0
# Of how frequent the next tag is anyway, which the outputs know too, so much is taken off again.
PRIOR_SHARE = 0.5
# Of more tags the table is too large, and too empty.
MOST_TAGS = 401
# Larger numbers in a file are a fault of the file.
MOST_STRENGTH, MOST_COUNT = 10, 2**53
# What stands before the first tag of a text, in files.
START = ""


@dataclass(frozen=True, kw_only=True, eq=False)
class TagTransitions:
    """How often each of C tags came after each other one in labelled texts, and how much this counts.

    `counts_BC` has the C tags before in its first rows, and behind them the start of a text; `strength` is above 0.
    """

    counts_BC: npt.NDArray[np.int64]
    strength: float = 1.0

    @classmethod
    def learned(cls, tags: Sequence[Sequence[int]], *, num_tags: int, strength: float = 1.0) -> TagTransitions:
        """Count the tags of texts."""
        counts_BC = np.zeros((num_tags + 1, num_tags), dtype=np.int64)
        for one in tags:
            np.add.at(counts_BC, (np.array([num_tags, *one], dtype=np.int64)[:-1], np.array(one, dtype=np.int64)), 1)
        return cls(counts_BC=counts_BC, strength=strength)

    @cached_property
    def scores_BC(self) -> npt.NDArray[np.float64]:
        """What a tag adds after each other one: strength * (log P(tag | before) - PRIOR_SHARE * log P(tag)).

        Smoothed towards P(tag) of the tags that may follow; others add -inf. The outputs of a word know how frequent
        its tags are, as P(tag | word) = P(word | tag) P(tag) / P(word): counted twice, frequent tags would win.
        """
        num_tags = self.counts_BC.shape[1]
        prior_C = self.counts_BC.sum(axis=0) + SMOOTHING / num_tags
        prior_C = prior_C / prior_C.sum()
        allowed_BC = allowed_tags(num_tags)
        of_others_BC = allowed_BC * prior_C
        follows_BC = self.counts_BC + SMOOTHING * of_others_BC / of_others_BC.sum(axis=1, keepdims=True)
        follows_BC = follows_BC / follows_BC.sum(axis=1, keepdims=True)
        log_BC = np.log(follows_BC, out=np.full(follows_BC.shape, -np.inf), where=allowed_BC)
        scores_BC: npt.NDArray[np.float64] = self.strength * (log_BC - PRIOR_SHARE * np.log(prior_C))
        return scores_BC

    def payload(self, outputs: Sequence[str]) -> dict[str, Any]:
        """Return what TRANSITIONS_FILE holds; `outputs` are the tags' names."""
        names = [*outputs, START]
        counts = {
            names[before]: {outputs[tag]: int(count_C[tag]) for tag in np.flatnonzero(count_C)}
            for before, count_C in enumerate(self.counts_BC)
            if count_C.any()
        }
        return {"version": VERSION, "strength": self.strength, "outputs": list(outputs), "counts": counts}

    def save(self, folder: Path, *, outputs: Sequence[str]) -> None:
        """Write them beside an artifact's weights."""
        write_json(path=folder / TRANSITIONS_FILE, payload=self.payload(outputs))

    @classmethod
    def read(cls, folder: Path, *, outputs: Sequence[str]) -> TagTransitions | None:
        """Return those of an artifact, or soft-label set, of these outputs; None where it has none.

        Raises: PretrainedUnusable.
        """
        path = folder / TRANSITIONS_FILE
        if not path.is_file():
            return None
        try:
            return cls.of_payload(json.loads(path.read_text(encoding="utf-8")), outputs=outputs)
        except (OSError, ValueError) as error:
            raise PretrainedUnusable(f"{path} cannot be read ({error}). Repeat the run that made it.") from error

    @classmethod
    def of_payload(cls, payload: Any, *, outputs: Sequence[str]) -> TagTransitions:
        """Return what `payload` told of. Raises: ValueError."""
        if not isinstance(payload, Mapping) or payload.get("version") != VERSION:
            found = payload.get("version") if isinstance(payload, Mapping) else payload
            raise ValueError(f"version {VERSION} is read here, and it has {found!r}")
        if payload.get("outputs") != list(outputs):
            raise ValueError(f"outputs are {payload.get('outputs')!r}, of the model {list(outputs)!r}")
        strength: Any = payload.get("strength")
        if type(strength) not in (int, float) or not 0 < strength <= MOST_STRENGTH:
            raise ValueError(f"strength is {strength!r}; it is a number above 0, up to {MOST_STRENGTH}")
        return cls(counts_BC=_counts(payload.get("counts"), outputs), strength=float(strength))


def _counts(told: Any, outputs: Sequence[str]) -> npt.NDArray[np.int64]:
    place = {name: number for number, name in enumerate([*outputs, START])}
    counts_BC = np.zeros((len(outputs) + 1, len(outputs)), dtype=np.int64)
    if not isinstance(told, Mapping) or not all(isinstance(row, Mapping) for row in told.values()):
        raise ValueError(f"counts are {told!r}; they are numbers by tag and next tag")
    allowed_BC = allowed_tags(len(outputs))
    for before, row in told.items():
        for tag, count in row.items():
            where = place.get(before), place.get(tag)
            if (
                None in where
                or tag == START
                or not allowed_BC[where]
                or type(count) is not int
                or not 0 <= count <= MOST_COUNT
            ):
                raise ValueError(f"counts has {count!r} for {tag!r} after {before!r}")
            counts_BC[where] = count
    return counts_BC


def allowed_tags(num_tags: int) -> npt.NDArray[np.bool_]:
    """Say which of C tags may come after each of them, and first in a text, (C + 1, C): an entity begins first."""
    allowed_BC = np.ones((num_tags + 1, num_tags), dtype=np.bool_)
    inside = np.arange(2, num_tags, 2)
    allowed_BC[:, inside] = False
    allowed_BC[inside - 1, inside] = allowed_BC[inside, inside] = True
    return allowed_BC


def row_tags(*, rows: Rows, task_type: TaskType, labels: Sequence[str]) -> list[list[int]]:
    """Return the tags of labelled rows' words; [] for rows without a label."""
    place = {label: number for number, label in enumerate(labels)}
    return [
        []
        if answer is None
        else tags_of(words=words_of(text, task_type.segmentation), spans=spans_from_json(answer), labels=place)
        for text, answer in zip(rows.columns["text"], rows.answers(), strict=True)
    ]


def has_transitions(task_type: TaskType, labels: Sequence[str]) -> bool:
    """Say whether answers are tags, of which there are not too many."""
    return task_type.unit == "word" and len(task_type.output_names(labels)) <= MOST_TAGS
