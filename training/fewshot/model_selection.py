"""Which recipe, and how firm: chosen on folds of the labels, or on dev where that is large, and never on test."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from training.fewshot.features import Floats
from training.fewshot.folds import FEWEST_ROWS, num_folds, stratified_folds
from training.fewshot.frozen_head import LinearHead, fitted_temperature, negative_log_likelihood, probabilities
from training.fewshot.judging import (
    HeldOutTags,
    Judge,
    RowPart,
    TransitionsChoice,
    as_outputs,
    choose_transitions,
    parts_of_folds,
)
from training.fewshot.recipes import Evidence, Recipe, no_head, recipes_for
from training.learners import TagTransitions, has_transitions, row_tags

# Dev decides where it has so many rows, and at least as many as there are labels: it costs no fold then.
FEWEST_DEV = 200
# Drawn anew so often where there are few rows: folds are noise, too; less so of words, which are many in each row.
REPEATS = 3
MOST_ROWS_REPEATED = 300
# What a choice calls the mean of several heads.
MEAN = "mean_of_heads"


@dataclass(frozen=True, kw_only=True)
class LabelledUnits:
    """Features and targets of labelled units, and the judge of the rows that they belong to."""

    features_NF: Floats
    targets_NC: Floats
    judge: Judge


@dataclass(frozen=True, kw_only=True)
class Candidate:
    """A recipe at a strength, and its score, 0 to 1; `error` is the standard error of its difference to the best.

    Both are None where nothing was there to judge by; `lacks` says why a recipe cannot be used.
    """

    recipe: str
    strength: float
    score: float | None = None
    error: float | None = None
    lacks: str = ""


@dataclass(frozen=True, kw_only=True)
class Choice:
    """The chosen head and all that led to it.

    `held_out_NC` are probabilities of the labelled units by heads that were not fitted to them; None where there were
    too few rows to cut. `judged_on` is folds, dev or nothing. `transitions` are of tags, None where these are found
    without, and `transitions_choice` says why, where it was judged.
    """

    linear: LinearHead
    temperature: float
    chosen: Candidate
    candidates: tuple[Candidate, ...]
    judged_on: str
    why: str
    held_out_NC: Floats | None
    transitions: TagTransitions | None = None
    transitions_choice: TransitionsChoice | None = None


@dataclass(frozen=True)
class _Tried:
    recipe: Recipe
    strength: float

    def fit(self, evidence: Evidence) -> LinearHead:
        return self.recipe.fit(evidence, self.strength)


@dataclass(frozen=True)
class _Mean:
    """Several heads as one, whose logits are the mean of theirs, each over its own temperature."""

    tried: list[_Tried]
    temperatures: list[float]

    def fit(self, evidence: Evidence) -> LinearHead:
        heads = [one.fit(evidence) for one in self.tried]
        return LinearHead.mean([head.over(t) for head, t in zip(heads, self.temperatures, strict=True)])

    def logits(self, logits: Sequence[Floats]) -> Floats:
        found: Floats = np.mean([one / t for one, t in zip(logits, self.temperatures, strict=True)], axis=0)
        return found


def choose(
    *,
    evidence: Evidence,
    judge: Judge,
    dev: LabelledUnits | None = None,
    seed: int = 0,
    only: Sequence[str] = (),
    is_mean: bool = False,
) -> Choice:
    """Fit each recipe that can be used and choose one of them.

    The best by the metric is found, and of all that are within one standard error of it the simplest is taken
    (Breiman et al., "Classification and Regression Trees", 1984, section 3.4). The error is that of the difference on
    the same rows, which is far smaller than that of a score.

    Parameters
    ----------
    judge
        of the labelled rows whose units the evidence has.
    only
        names of recipes to choose among; empty for all.
    is_mean
        for a teacher: take the mean of all that are within one standard error, where targets are likelier by it.
    """
    usable, lacking = _recipes(evidence, only)
    if not usable:
        return _nothing_known(evidence, lacking)
    tried = [_Tried(recipe, strength) for recipe in usable for strength in recipe.strengths]
    fold_rows = _Folds.of(evidence, judge, seed)
    if dev is not None and len(dev.judge.rows) >= max(FEWEST_DEV, len(judge.rows)):
        heads = [one.fit(evidence) for one in tried]
        rounds = [[head.logits(dev.features_NF) for head in heads]]
        found = _Judged("dev", dev.judge, rounds, dev.targets_NC, evidence.exclusive, judge)
        return _decided(evidence, tried, lacking, found, fold_rows, is_mean)
    if fold_rows is None or (len(tried) == 1 and not len(evidence.features_NF)):
        return _unjudged(evidence, tried, lacking)
    rounds = [held_out_logits(evidence, tried, fold_U) for fold_U in fold_rows.rounds]
    found = _Judged("folds", judge, rounds, evidence.targets_NC, evidence.exclusive, judge, fold_rows.of_rows)
    return _decided(evidence, tried, lacking, found, fold_rows, is_mean)


@dataclass(frozen=True)
class _Folds:
    """The fold of each unit, (U,), and of each row, (N,), drawn several times; words of a text are in one."""

    rounds: list[npt.NDArray[np.int64]]
    of_rows: list[npt.NDArray[np.int64]]

    @classmethod
    def of(cls, evidence: Evidence, judge: Judge, seed: int) -> _Folds | None:
        num_rows = len(judge.rows)
        count = num_folds(num_rows=num_rows, num_units=len(evidence.features_NF), num_outputs=evidence.num_outputs)
        if count < 2:
            return None
        row_U = np.repeat(np.arange(num_rows), np.diff(judge.bounds))
        labels_RC = np.zeros((num_rows, evidence.num_outputs))
        np.maximum.at(labels_RC, row_U, evidence.targets_NC)
        is_of_rows = len(row_U) == num_rows
        repeats = REPEATS if is_of_rows and num_rows <= MOST_ROWS_REPEATED and count > 3 else 1
        drawn = [stratified_folds(labels_RC, count=count, seed=seed + number) for number in range(repeats)]
        return cls([fold_R[row_U] for fold_R in drawn], drawn)


@dataclass(frozen=True)
class _Judged:
    """Logits of each candidate on units that it was not fitted to, once per round.

    `labelled` is the judge of the rows that teach; on folds, `fold_rounds` have the fold of each.
    """

    judged_on: str
    judge: Judge
    rounds: list[list[Floats]]
    targets_NC: Floats
    exclusive: bool
    labelled: Judge
    fold_rounds: Sequence[npt.NDArray[np.int64]] = ()

    def transitions(self, rounds: Sequence[Floats]) -> tuple[TagTransitions, TransitionsChoice] | None:
        """Learn transitions and choose their strength by a head's logits; None of what is no tags, and of no rows."""
        judge, num_tags = self.judge, self.targets_NC.shape[1]
        if not has_transitions(judge.task_type, judge.labels) or not len(self.labelled.rows):
            return None
        tags = row_tags(rows=self.labelled.rows, task_type=judge.task_type, labels=judge.labels)
        learned = TagTransitions.learned(tags, num_tags=num_tags)
        everywhere: list[RowPart] = [(np.arange(len(judge.rows)), learned)]
        parts = [parts_of_folds(tags, fold_R, num_tags=num_tags) for fold_R in self.fold_rounds] or [everywhere]
        choice = choose_transitions(
            task_type=judge.task_type,
            rows=judge.rows,
            labels=judge.labels,
            metric=judge.metric,
            rounds=[
                HeldOutTags(outputs=as_outputs(one, bounds=judge.bounds, seen_U=judge.seen_U), parts=part)
                for one, part in zip(rounds, parts, strict=True)
            ],
            judged_on=self.judged_on,
        )
        return learned, choice


def held_out_logits(evidence: Evidence, tried: Sequence[_Tried | _Mean], fold_U: npt.NDArray[np.int64]) -> list[Floats]:
    """Return, for each that is tried, logits of the labelled units (U, C), each by a head fitted to the other folds."""
    found = [np.zeros_like(evidence.targets_NC, dtype=np.float64) for _ in tried]
    for fold in range(int(fold_U.max()) + 1):
        # One for all that are tried, which share what they fit to it.
        others, left_out = evidence.of(np.flatnonzero(fold_U != fold)), np.flatnonzero(fold_U == fold)
        for one, logits_UC in zip(tried, found, strict=True):
            logits_UC[left_out] = one.fit(others).logits(evidence.features_NF[left_out])
    return found


@dataclass(frozen=True)
class _Contender:
    """What may be chosen: its logits of each round, the temperature of these, and how unlikely they make targets."""

    tried: _Tried | _Mean
    rounds: list[Floats]
    candidate: Candidate
    why: str
    temperature: float
    loss: float

    @classmethod
    def of(
        cls, tried: _Tried | _Mean, rounds: list[Floats], found: _Judged, candidate: Candidate, why: str
    ) -> _Contender:
        temperature = fitted_temperature(rounds[0], found.targets_NC, exclusive=found.exclusive)
        losses = [
            negative_log_likelihood(one / temperature, found.targets_NC, exclusive=found.exclusive) for one in rounds
        ]
        return cls(tried, rounds, candidate, why, temperature, float(np.mean(losses)))


def _decided(
    evidence: Evidence,
    tried: list[_Tried],
    lacking: list[Candidate],
    found: _Judged,
    folds: _Folds | None,
    is_mean: bool,
) -> Choice:
    tallies = [[found.judge.tally(logits) for logits in one] for one in found.rounds]
    scores = np.mean([found.judge.scores(one) for one in tallies], axis=0)
    best = int(scores.argmax())
    errors = np.mean([found.judge.errors(one, best=best, seed=0) for one in tallies], axis=0)
    within = [n for n in range(len(tried)) if scores[n] >= scores[best] - errors[n]]
    candidates = [
        Candidate(recipe=one.recipe.name, strength=one.strength, score=float(score), error=float(error))
        for one, score, error in zip(tried, scores, errors, strict=True)
    ]
    place = within[0]
    why = _why(candidates, place, best, found.judged_on)
    chosen = _Contender.of(tried[place], [one[place] for one in found.rounds], found, candidates[place], why)
    if is_mean and len(within) > 1:
        mean = _mean_of(tried, within, found)
        candidates.append(mean.candidate)
        chosen = min(chosen, mean, key=lambda one: one.loss)
    temperature, exclusive = chosen.temperature, found.exclusive
    held_out_NC = None
    if folds is not None:
        rounds = chosen.rounds if found.judged_on == "folds" else None
        rounds = rounds or held_out_logits(evidence, [chosen.tried], folds.rounds[0])
        held_out_NC = np.mean([probabilities(one / temperature, exclusive=exclusive) for one in rounds], axis=0)
    learned, of_tags = found.transitions([one / temperature for one in chosen.rounds]) or (None, None)
    return Choice(
        linear=chosen.tried.fit(evidence),
        temperature=temperature,
        chosen=chosen.candidate,
        candidates=(*candidates, *lacking),
        judged_on=found.judged_on,
        why=chosen.why,
        held_out_NC=held_out_NC,
        transitions=of_tags.of(learned) if learned and of_tags else None,
        transitions_choice=of_tags,
    )


def _mean_of(tried: list[_Tried], within: list[int], found: _Judged) -> _Contender:
    temperatures = [
        fitted_temperature(found.rounds[0][place], found.targets_NC, exclusive=found.exclusive) for place in within
    ]
    mean = _Mean([tried[place] for place in within], temperatures)
    rounds = [mean.logits([one[place] for place in within]) for one in found.rounds]
    score = np.mean([found.judge.scores([found.judge.tally(one)])[0] for one in rounds])
    candidate = Candidate(recipe=MEAN, strength=0.0, score=float(score))
    why = (
        f"The mean of {len(within)} heads, those within one standard error of the best on {found.judged_on}: labels "
        "are likelier by it than by the simplest of them."
    )
    return _Contender.of(mean, rounds, found, candidate, why)


def _why(candidates: list[Candidate], place: int, best: int, judged_on: str) -> str:
    chosen, first = candidates[place], candidates[best]
    if place == best:
        return f"{chosen.recipe} is the best on {judged_on}, and none simpler is within one standard error of it."
    assert first.score is not None and chosen.score is not None
    behind = 100 * (first.score - chosen.score)
    return (
        f"{chosen.recipe} is the simplest within one standard error ({100 * (chosen.error or 0):.1f} points) of the "
        f"best on {judged_on}: it is {behind:.1f} points behind {first.recipe}."
    )


def _recipes(evidence: Evidence, only: Sequence[str]) -> tuple[list[Recipe], list[Candidate]]:
    usable: list[Recipe] = []
    lacking: list[Candidate] = []
    for recipe in recipes_for(evidence):
        if only and recipe.name not in only:
            continue
        lacks = recipe.lacks(evidence)
        if lacks:
            lacking.append(Candidate(recipe=recipe.name, strength=recipe.strengths[0], lacks=lacks))
        else:
            usable.append(recipe)
    return usable, lacking


def _unjudged(evidence: Evidence, tried: list[_Tried], lacking: list[Candidate]) -> Choice:
    """With fewer rows than folds need, the first that can be used is taken."""
    candidates = [Candidate(recipe=one.recipe.name, strength=one.strength) for one in tried]
    return Choice(
        linear=tried[0].fit(evidence),
        temperature=1.0,
        chosen=candidates[0],
        candidates=(*candidates, *lacking),
        judged_on="nothing",
        why=f"Fewer than {FEWEST_ROWS} labelled rows can judge nothing: {candidates[0].recipe} is the simplest that "
        "can be used.",
        held_out_NC=None,
    )


def _nothing_known(evidence: Evidence, lacking: list[Candidate]) -> Choice:
    chosen = Candidate(recipe="none", strength=0.0)
    reasons = "; ".join(f"{one.recipe}: {one.lacks}" for one in lacking)
    return Choice(
        linear=no_head(evidence),
        temperature=1.0,
        chosen=chosen,
        candidates=(chosen, *lacking),
        judged_on="nothing",
        why=f"No recipe can be used ({reasons}): every label is as likely as any other. Label some rows, or describe "
        "the labels.",
        held_out_NC=None,
    )
