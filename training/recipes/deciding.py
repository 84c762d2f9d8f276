"""Whether fine-tuning pays: compared with a head on the checkpoint as it is, on dev or on folds of the labels."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from training.answers import Rows
from training.data import ModelOutputs
from training.fewshot import (
    HeldOutTags,
    TransitionsChoice,
    choose_transitions,
    errors_of,
    scores_of,
    stratified_folds,
    tag_answers,
)
from training.learners import learner_of
from training.recipes.fold_training import Fold, fold_outputs
from training.recipes.head_start import HeadStart
from training.recipes.run import RecipeRun
from training.recipes.trainings import Training
from training.spec import (
    NUM_FOLDS,
    PROBE,
    are_plenty,
    dev_decides,
    fewest_labels,
    num_folds,
    plenty_per_label,
    recipes_that_compete,
)
from training.train import SearchResult

# Folds that judged so many rows decide early where all but the best are so many standard errors behind it.
FEWEST_JUDGED, ERRORS_BEHIND = 100, 2.5


@dataclass(frozen=True, kw_only=True)
class Decision:
    """What `auto` decided: the `recipe` that trains, None for the head as it is.

    `trained` is there where deciding took the whole training; `device_seconds` are what deciding took beside it. On
    folds, `transitions_choice` is how tags are found by what was decided for.
    """

    recipe: str | None
    judged_on: str
    why: str
    candidates: list[dict[str, Any]]
    trained: SearchResult | None = None
    device_seconds: float = 0.0
    transitions_choice: TransitionsChoice | None = None


def plenty_of_labels(run: RecipeRun) -> str:
    """Say that labels are so many that fine-tuning needs no comparison; "" where they are not."""
    num_labels, num_classes = _num_labels(run), len(run.job.spec.labels)
    num_rows = 0 if run.train is None else len(run.train)
    if not are_plenty(num_labels, num_rows=num_rows, num_classes=num_classes, task_type=run.task_type):
        return ""
    share = f"{num_labels / num_classes:,.0f} labels per class"
    return f"There are {share}; from {plenty_per_label(run.task_type):,} on, nothing else is tried."


def decide(run: RecipeRun, start: HeadStart) -> Decision:
    """Decide between a head as it is and training.

    Training takes part from fewest_labels on, by recipes_that_compete. Of all within one standard error of the best by
    the metric, the simplest is taken.

    Raises: as training does.
    """
    head = start.fit.choice
    fewest = fewest_labels(len(run.job.spec.labels))
    if _num_labels(run) < fewest:
        few = f"{_num_labels(run):,} labels; fine-tuning is tried from {fewest:,} on"
        lacking = {"name": PROBE, "score": None, "lacks": few}
        return Decision(recipe=None, judged_on=head.judged_on, why=f"{head.why} {few}.", candidates=[lacking])
    competing = recipes_that_compete(run.task_type, pooling=run.job.spec.training.pooling)
    trainings = [Training(run=run, start=start, recipe=recipe) for recipe in competing]
    dev = run.held_out.get("dev")
    if dev is not None and dev_decides(len(dev), num_classes=len(run.job.spec.labels)):
        return _on_dev(run, start, trainings, dev)
    return _on_folds(run, start, trainings)


def _num_labels(run: RecipeRun) -> int:
    """Return how many labels there are, of entities how many entities."""
    labels = run.job.spec.labels
    place = {label: number for number, label in enumerate(labels)}
    answers = [] if run.train is None else run.train.labelled()
    return sum(len(run.task_type.items(answer=answer, place=place)) for answer in answers)


def _on_dev(run: RecipeRun, start: HeadStart, trainings: Sequence[Training], dev: Rows) -> Decision:
    """Train each as a whole and compare on dev, which chose their settings and steps, too."""
    answers, results, seconds = [start.predict(dev)], [], []
    for one in trainings:
        began = run.job.meter.device_seconds()
        result = one.trained(name=one.recipe if len(trainings) > 1 else "")
        answers.append(result.evaluators[result.best]().predict("dev").predicted)
        results.append(result)
        seconds.append(run.job.meter.device_seconds() - began)
    decision = _compared(run, start, trainings, rows=dev, answers=answers, judged_on="dev")
    if decision.recipe is None:
        return replace(decision, device_seconds=sum(seconds))
    place = [one.recipe for one in trainings].index(decision.recipe)
    return replace(decision, trained=results[place], device_seconds=sum(seconds) - seconds[place])


def _on_folds(run: RecipeRun, start: HeadStart, trainings: Sequence[Training]) -> Decision:
    """Train each on folds of the labels, at the first rate of the search, and compare on those left out.

    Once the best is clearly ahead, the folds that are left are not trained.
    """
    began = run.job.meter.device_seconds()
    fold_N = stratified_folds(run.labels_NC.astype(np.float64), count=NUM_FOLDS, seed=run.job.spec.seed)
    folds: list[Fold] = []
    outputs: list[list[ModelOutputs]] = [[] for _ in trainings]
    for number in range(num_folds(len(fold_N))):
        folds.append(_fold(run, start, fold_N, number))
        for one, found in zip(trainings, outputs, strict=True):
            found.append(fold_outputs(one, folds[-1]))
        decision = _by_folds(run, start, trainings, folds, outputs)
        if sum(len(fold.judge) for fold in folds) >= FEWEST_JUDGED and _is_clear(decision):
            break
    return replace(decision, device_seconds=run.job.meter.device_seconds() - began)


def _by_folds(
    run: RecipeRun,
    start: HeadStart,
    trainings: Sequence[Training],
    folds: Sequence[Fold],
    outputs: Sequence[Sequence[ModelOutputs]],
) -> Decision:
    """Decide by the folds that were trained without; `outputs` are of each training, by fold."""
    answers = [[answer for fold in folds for answer in start.predict(fold.judge, fold.head)]]
    rows = run.labelled.of(np.concatenate([fold.places for fold in folds]))
    choices: dict[str, TransitionsChoice | None] = {}
    for one, found in zip(trainings, outputs, strict=True):
        predicted, choices[one.recipe] = _found_together(run, folds, rows, ModelOutputs.joined(found))
        answers.append(predicted)
    decision = _compared(run, start, trainings, rows=rows, answers=answers, judged_on="folds")
    of_tags = None if decision.recipe is None else choices[decision.recipe]
    return replace(decision, transitions_choice=of_tags)


def _is_clear(decision: Decision) -> bool:
    """Whether all but the best are behind it by more than chance."""
    best = max(decision.candidates, key=lambda one: float(one["score"]))
    others = [one for one in decision.candidates if one is not best]
    return all(best["score"] - one["score"] > ERRORS_BEHIND * one["error"] for one in others)


def _found_together(
    run: RecipeRun, folds: Sequence[Fold], rows: Rows, outputs: ModelOutputs
) -> tuple[list[str | None], TransitionsChoice | None]:
    """Answer the rows of all folds: tags by transitions of those that taught, at the strength that does best."""
    task_type, labels = run.task_type, run.job.spec.labels
    ends = np.cumsum([len(fold.judge) for fold in folds])
    learned = [run.learned_transitions(fold.teach) for fold in folds]
    parts = [
        (np.arange(end - len(fold.judge), end), one)
        for fold, end, one in zip(folds, ends, learned, strict=True)
        if one is not None
    ]
    if not parts:
        return learner_of(task_type).decode(outputs=outputs, rows=rows, labels=labels), None
    held_out = HeldOutTags(outputs=outputs, parts=parts)
    choice = choose_transitions(
        task_type=task_type,
        rows=rows,
        labels=labels,
        metric=run.job.spec.evaluation.metric,
        rounds=[held_out],
        judged_on="folds",
    )
    return tag_answers(task_type, rows, labels, held_out, choice.strength), choice


def _fold(run: RecipeRun, start: HeadStart, fold_N: npt.NDArray[np.int64], number: int) -> Fold:
    teach, places = run.labelled.of(np.flatnonzero(fold_N != number)), np.flatnonzero(fold_N == number)
    judge = run.labelled.of(places)
    return Fold(number=number + 1, teach=teach, judge=judge, places=places, head=start.head_of(teach))


def _compared(
    run: RecipeRun,
    start: HeadStart,
    trainings: Sequence[Training],
    *,
    rows: Rows,
    answers: Sequence[list[str | None]],
    judged_on: str,
) -> Decision:
    task_type, metric = run.task_type, run.job.spec.evaluation.metric
    tallies = [task_type.tally(rows=rows, predicted=one, labels=run.job.spec.labels) for one in answers]
    scores = scores_of(task_type=task_type, metric=metric, tallies=tallies)
    best = int(scores.argmax())
    errors = errors_of(task_type=task_type, metric=metric, tallies=tallies, best=best, seed=run.job.spec.seed)
    place = next(number for number in range(len(scores)) if scores[number] >= scores[best] - errors[number])
    names = [f"head ({start.fit.choice.chosen.recipe})", *(one.recipe for one in trainings)]
    candidates = [
        {"name": name, "score": float(score), "error": float(error)}
        for name, score, error in zip(names, scores, errors, strict=True)
    ]
    on = f"{len(rows):,} rows of {judged_on}" if judged_on == "dev" else f"{len(rows):,} labels left out in turn"
    listed = ", ".join(f"{name} {100 * score:.1f}" for name, score in zip(names, scores, strict=True))
    rule = "the best" if place == best else f"the simplest within one standard error of {names[best]}"
    return Decision(
        recipe=None if place == 0 else trainings[place - 1].recipe,
        judged_on=judged_on,
        why=f"{names[place]} is {rule} on {on}: {listed}.",
        candidates=candidates,
    )
