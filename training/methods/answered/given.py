"""Answers as they were given, by uid, and what they are as a teacher's outputs: by labels, by words, or as texts.

Shapes: N rows, U words of them, C outputs per unit.
"""

import math
from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import datasets
import numpy as np
import numpy.typing as npt

from training.answers import GoldInvalid, Rows, spans_from_json, tags_of, words_of
from training.data import DataInvalid, ModelOutputs
from training.distil import WrittenAnswers
from training.learners import learner_of
from training.tasks import TaskType, WrittenAnswerType

# Servers leave out what is improbable: a probability of nothing would be certain knowledge.
LEAST_PROBABILITY = 1e-6
Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, kw_only=True)
class GivenAnswers(ABC):
    """What was given to each example that has an answer, by uid."""

    # Of the dataset, besides the uid.
    column: ClassVar[str]

    task_type: TaskType
    labels: Sequence[str]
    by_uid: dict[str, list[Any]]

    def told(self, uid: str) -> Any:
        """All that was given to an example, as JSON has it."""
        return self.by_uid[uid]

    def counts(self, rows: Rows) -> list[int]:
        """How many rows each example has in the store."""
        return [1] * len(rows)

    def written(self, rows: Rows) -> WrittenAnswers | None:
        """The texts that were written to rows, those to one row behind each other; None where there are labels."""
        return None

    @abstractmethod
    def outputs(self, rows: Rows) -> ModelOutputs:
        """The answers to rows as a model's outputs. Raises: DataInvalid, naming the example's uid."""

    def _checked(self, rows: Rows) -> list[list[str]]:
        """The answers to each row in the form of the task type."""
        found = []
        for row, uid in enumerate(rows.uids):
            given = self.by_uid[uid]
            columns = {name: [texts[row]] * len(given) for name, texts in rows.columns.items()}
            try:
                found.append(self.task_type.read_gold(gold=given, columns=columns, labels=self.labels))
            except GoldInvalid as error:
                raise DataInvalid(f"data.answers: example {uid} {error}") from error
        return found


class LabelScores(GivenAnswers):
    """One probability per label."""

    column = "scores"

    def outputs(self, rows: Rows) -> ModelOutputs:
        """Logarithms where one label is chosen, log-odds where several may apply."""
        num_outputs = len(self.task_type.output_names(self.labels))
        for uid in rows.uids:
            given = self.by_uid[uid]
            if len(given) != num_outputs or not all(math.isfinite(score) and 0 <= score <= 1 for score in given):
                raise DataInvalid(
                    f"data.answers: example {uid} has {given!r}. Give one probability for each of {num_outputs} labels."
                )
        values_NC = _log(np.array([self.by_uid[uid] for uid in rows.uids], dtype=np.float64))
        if not learner_of(self.task_type).is_one_choice:
            values_NC = values_NC - np.log1p(-np.exp(values_NC))
        return ModelOutputs.one_per_row(values_NC.astype(np.float32))


@dataclass(frozen=True, kw_only=True)
class EntityAnswers(GivenAnswers):
    """The entities of each of an example's samples; `confidence` is that of a tag of which one sample was asked for."""

    column = "answers"

    confidence: float | None

    def outputs(self, rows: Rows) -> ModelOutputs:
        """The tag of each word at the stated confidence or, of several samples, their shares.

        Shares are smoothed by one further sample that is spread evenly over the tags.
        """
        place = {label: number for number, label in enumerate(self.labels)}
        parts = []
        for text, answers in zip(rows.columns["text"], self._checked(rows), strict=True):
            words = words_of(text, self.task_type.segmentation)
            tags = [tags_of(words=words, spans=spans_from_json(answer), labels=place) for answer in answers]
            parts.append(self._shares(np.array(tags, dtype=np.int64)))
        bounds = np.concatenate([[0], np.cumsum([len(part) for part in parts], dtype=np.int64)])
        return ModelOutputs(values_UC=_log(np.concatenate(parts)).astype(np.float32), bounds=bounds)

    def _shares(self, tag_SU: npt.NDArray[np.int64]) -> Floats:
        num_samples, num_tags = len(tag_SU), len(self.task_type.output_names(self.labels))
        votes_UC: Floats = (tag_SU[:, :, None] == np.arange(num_tags)).sum(axis=0).astype(np.float64)
        if self.confidence is None:
            return (votes_UC + 1 / num_tags) / (num_samples + 1)
        rest = (1 - self.confidence) / (num_tags - 1)
        return np.where(votes_UC > 0, self.confidence, rest)


@dataclass(frozen=True, kw_only=True)
class WrittenTexts(GivenAnswers):
    """The texts that were written to each example, and the mean log-probability of each one's tokens."""

    column = "answers"

    log_probabilities: dict[str, list[float]]

    def told(self, uid: str) -> Any:
        return [self.by_uid[uid], self.log_probabilities[uid]]

    def counts(self, rows: Rows) -> list[int]:
        return [len(self.by_uid[uid]) for uid in rows.uids]

    def written(self, rows: Rows) -> WrittenAnswers:
        assert isinstance(self.task_type, WrittenAnswerType)
        texts: list[str | None] = [self.task_type.texts(one)[0] for some in self._checked(rows) for one in some]
        # What was cut is no answer, and is not given.
        return WrittenAnswers(texts=texts, is_cut_N=np.zeros(len(texts), dtype=np.bool_))

    def outputs(self, rows: Rows) -> ModelOutputs:
        found = [one for uid in rows.uids for one in self.log_probabilities[uid]]
        return ModelOutputs.one_per_row(np.array(found, dtype=np.float32)[:, None])


def read_given(*, dataset: datasets.Dataset, task_type: TaskType, labels: Sequence[str]) -> GivenAnswers:
    """Read answers by the task type. Raises: DataInvalid."""
    uids = [str(uid) for uid in dataset["uid"]]
    column = given_column(task_type)
    about: dict[str, Any] = {
        "task_type": task_type,
        "labels": labels,
        "by_uid": {uid: list(given) for uid, given in zip(uids, dataset[column], strict=True)},
    }
    if not task_type.has_labels:
        return WrittenTexts(**about, log_probabilities=_log_probabilities(dataset, uids))
    if task_type.unit == "word":
        return EntityAnswers(**about, confidence=_confidence(dataset))
    return LabelScores(**about)


def given_column(task_type: TaskType) -> str:
    """Name the column of the dataset that has the answers."""
    is_scored = task_type.has_labels and task_type.unit != "word"
    return LabelScores.column if is_scored else EntityAnswers.column


def _log_probabilities(dataset: datasets.Dataset, uids: Sequence[str]) -> dict[str, list[float]]:
    """Those of each text; 0 of all where one is not known, so that none is preferred to another."""
    found = [list(given) for given in dataset["log_probabilities"]]
    if not all(math.isfinite(one) for given in found for one in given):
        found = [[0.0] * len(given) for given in found]
    return dict(zip(uids, found, strict=True))


def _confidence(dataset: datasets.Dataset) -> float | None:
    if "confidence" not in dataset.column_names:
        return None
    (found,) = set(dataset["confidence"])
    return float(found)


def _log(shares: Floats) -> Floats:
    logs: Floats = np.log(np.clip(shares, LEAST_PROBABILITY, 1 - LEAST_PROBABILITY))
    return logs
