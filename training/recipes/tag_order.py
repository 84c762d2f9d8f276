"""Transitions of tags for models that are trained: learned from the labels, their strength chosen on held-out rows."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np

from training.answers import Rows
from training.evaluation import Evaluator
from training.fewshot import HeldOutTags, TransitionsChoice, choose_transitions
from training.job import Job
from training.learners import TagTransitions, has_transitions, row_tags
from training.tasks import TaskType
from training.train import SearchResult


def learned_transitions(*, task_type: TaskType, labels: Sequence[str], rows: Rows | None) -> TagTransitions | None:
    """Learn transitions from labelled rows; None without any, and of answers that are no tags."""
    if rows is None or not len(rows) or not has_transitions(task_type, labels):
        return None
    tags = row_tags(rows=rows, task_type=task_type, labels=labels)
    return TagTransitions.learned(tags, num_tags=len(task_type.output_names(labels)))


def with_transitions_by_dev(*, job: Job, trained: SearchResult, learned: TagTransitions | None) -> SearchResult:
    """Choose the strength of transitions on dev, by the models of all seeds; without dev these stay as they are.

    Raises: StopRequested.
    """
    choice = None if learned is None else _chosen_on_dev(job, trained, learned)
    if learned is None or choice is None:
        return trained
    job.progress.log(choice.why)
    return with_transitions(trained, choice=choice, learned=learned)


def _chosen_on_dev(job: Job, trained: SearchResult, learned: TagTransitions) -> TransitionsChoice | None:
    rounds: list[HeldOutTags] = []
    for read in trained.evaluators:
        evaluator = read()
        # A model that writes says all of its tags at once.
        if "dev" not in evaluator.splits or evaluator.classifier.codec is not None:
            return None
        rows, outputs = evaluator.splits["dev"].rows, evaluator.predict("dev").outputs
        rounds.append(HeldOutTags(outputs=outputs, parts=[(np.arange(len(rows)), learned)]))
    return choose_transitions(
        task_type=evaluator.task_type,
        rows=rows,
        labels=job.spec.labels,
        metric=job.spec.evaluation.metric,
        rounds=rounds,
        judged_on="dev",
    )


def with_transitions(
    trained: SearchResult, *, choice: TransitionsChoice | None, learned: TagTransitions | None
) -> SearchResult:
    """Give each seed's model these transitions at the chosen strength."""
    if choice is None or learned is None:
        return trained
    transitions = choice.of(learned)

    def reading(read: Callable[[], Evaluator]) -> Callable[[], Evaluator]:
        return lambda: replace(read(), transitions=transitions)

    return replace(trained, evaluators=tuple(map(reading, trained.evaluators)), transitions_choice=choice)
