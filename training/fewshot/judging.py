"""How good heads are on labelled rows, by the study's metric, and how surely one is better than another."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from training.answers import Floats, MetricTally, Rows
from training.data import UNSEEN, ModelOutputs
from training.learners import TagTransitions, learner_of
from training.tasks import TaskType

NUM_RESAMPLES = 200
# Of transitions, the weaker ones first; 0 is without.
TRANSITION_STRENGTHS = (0.0, 0.5, 1.0)


def as_outputs(logits_UC: Floats, *, bounds: npt.NDArray[np.int64], seen_U: npt.NDArray[np.bool_]) -> ModelOutputs:
    """Return logits as a student's or teacher's outputs are: UNSEEN for units that it does not see."""
    values_UC = np.where(seen_U[:, None], logits_UC, UNSEEN).astype(np.float32)
    return ModelOutputs(values_UC=values_UC, bounds=bounds)


@dataclass(frozen=True, kw_only=True)
class Judge:
    """Labelled rows, their units' `bounds` (N + 1,), which of these the encoder sees, and the metric."""

    task_type: TaskType
    rows: Rows
    labels: Sequence[str]
    metric: str
    bounds: npt.NDArray[np.int64]
    seen_U: npt.NDArray[np.bool_]

    def tally(self, logits_UC: Floats) -> MetricTally:
        """Count, per row, what the metric needs."""
        outputs = as_outputs(logits_UC, bounds=self.bounds, seen_U=self.seen_U)
        predicted = learner_of(self.task_type).decode(outputs=outputs, rows=self.rows, labels=self.labels)
        return self.task_type.tally(rows=self.rows, predicted=predicted, labels=self.labels)

    def scores(self, tallies: Sequence[MetricTally]) -> Floats:
        """Return each head's metric, 0 to 1."""
        return scores_of(task_type=self.task_type, metric=self.metric, tallies=tallies)

    def errors(self, tallies: Sequence[MetricTally], *, best: int, seed: int) -> Floats:
        """Return the standard error of each head's difference to the best one, both on the same rows."""
        return errors_of(task_type=self.task_type, metric=self.metric, tallies=tallies, best=best, seed=seed)


def scores_of(*, task_type: TaskType, metric: str, tallies: Sequence[MetricTally]) -> Floats:
    """Return the metric of each tally, 0 to 1."""
    return np.array([task_type.score(totals_RK=tally.totals())[metric][0] for tally in tallies])


def errors_of(*, task_type: TaskType, metric: str, tallies: Sequence[MetricTally], best: int, seed: int) -> Floats:
    """Return the standard error of the difference of each metric to the best one, all on the same rows.

    By the bootstrap (Efron and Tibshirani, "An Introduction to the Bootstrap", 1993, chapter 6).
    """
    num_rows = tallies[0].num_examples
    rng = np.random.default_rng(seed)
    weights_RN = rng.multinomial(num_rows, np.full(num_rows, 1 / num_rows), size=NUM_RESAMPLES)
    drawn = [task_type.score(totals_RK=tally.totals(weights_RN))[metric] for tally in tallies]
    return np.array([float((one - drawn[best]).std()) for one in drawn])


# Places of rows, and the transitions by which their tags are found.
RowPart = tuple[npt.NDArray[np.int64], TagTransitions]


@dataclass(frozen=True, kw_only=True)
class HeldOutTags:
    """A model's outputs for labelled rows that did not teach it.

    `parts` cut the rows by place, each part with the transitions of labels that are not its own.
    """

    outputs: ModelOutputs
    parts: Sequence[RowPart]


@dataclass(frozen=True, kw_only=True)
class TransitionsChoice:
    """The strength of transitions that was chosen, 0 for none, what each strength scores, 0 to 1, and why."""

    strength: float
    judged_on: str
    scores: dict[str, float]
    why: str

    def of(self, learned: TagTransitions) -> TagTransitions | None:
        """Return transitions at the chosen strength; None where they are off."""
        return replace(learned, strength=self.strength) if self.strength else None


def choose_transitions(
    *,
    task_type: TaskType,
    rows: Rows,
    labels: Sequence[str],
    metric: str,
    rounds: Sequence[HeldOutTags],
    judged_on: str,
) -> TransitionsChoice:
    """Choose how much transitions count: the least within one standard error of the best; see choosing.choose.

    The score is the mean over rounds of outputs for the same rows.
    """
    answers = [[tag_answers(task_type, rows, labels, one, s) for s in TRANSITION_STRENGTHS] for one in rounds]
    tallies = [[task_type.tally(rows=rows, predicted=given, labels=labels) for given in one] for one in answers]
    scores = np.mean([scores_of(task_type=task_type, metric=metric, tallies=one) for one in tallies], axis=0)
    best = int(scores.argmax())
    errors = np.mean(
        [errors_of(task_type=task_type, metric=metric, tallies=one, best=best, seed=0) for one in tallies], axis=0
    )
    place = next(n for n in range(len(scores)) if scores[n] >= scores[best] - errors[n])
    strength = TRANSITION_STRENGTHS[place]
    listed = ", ".join(f"{s:g} {100 * score:.1f}" for s, score in zip(TRANSITION_STRENGTHS, scores, strict=True))
    rule = "the best" if place == best else f"the weakest within one standard error of {TRANSITION_STRENGTHS[best]:g}"
    return TransitionsChoice(
        strength=strength,
        judged_on=judged_on,
        scores={f"{s:g}": score for s, score in zip(TRANSITION_STRENGTHS, scores.tolist(), strict=True)},
        why=f"Tag transitions: strength {strength:g} is {rule} on {judged_on} ({listed}).",
    )


def parts_of_folds(tags: Sequence[Sequence[int]], fold_N: npt.NDArray[np.int64], *, num_tags: int) -> list[RowPart]:
    """Give the rows of each fold the transitions of the other folds' tags."""
    return [
        (
            np.flatnonzero(fold_N == fold),
            TagTransitions.learned([tags[place] for place in np.flatnonzero(fold_N != fold)], num_tags=num_tags),
        )
        for fold in np.unique(fold_N)
    ]


def tag_answers(
    task_type: TaskType, rows: Rows, labels: Sequence[str], held_out: HeldOutTags, strength: float
) -> list[str | None]:
    """Return the answers that outputs come to by their transitions, at a strength."""
    answers: list[str | None] = [None] * len(rows)
    for places, transitions in held_out.parts:
        kept_N = np.zeros(len(rows), dtype=np.bool_)
        kept_N[places] = True
        learner = learner_of(task_type, replace(transitions, strength=strength) if strength else None)
        kept = np.flatnonzero(kept_N)
        found = learner.decode(outputs=held_out.outputs.of(kept_N), rows=rows.of(kept), labels=labels)
        for place, answer in zip(kept, found, strict=True):
            answers[place] = answer
    return answers
