"""How a model comes of gold labels: the recipe that a spec names, or the one that `auto` chooses."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

from training.evaluation import PartAnswers
from training.learners import HeldOut, is_artifact
from training.recipes.baselines import FROZEN_LABELS, few_label_baselines
from training.recipes.deciding import decide, plenty_of_labels
from training.recipes.head_start import (
    OF_NAMES,
    HeadRows,
    HeadStart,
    NothingKnown,
    fit_head,
    head_choice,
    head_rows,
)
from training.recipes.run import RecipeRun
from training.recipes.tag_order import with_transitions
from training.recipes.trainings import Training
from training.runtime import PermanentFailure
from training.spec import AUTO, CONTRAST, FINETUNE, FROZEN, NAMES, PROBE
from training.tasks import TOKEN
from training.train import ModelLoader, SearchResult, lacks_pairs

# Those that train the checkpoint itself.
TRAINED = (PROBE, CONTRAST, FINETUNE)


class RecipeUnusable(PermanentFailure):
    """A recipe cannot be followed with this checkpoint."""


@dataclass(frozen=True, kw_only=True)
class RecipeResult:
    """What was trained; `choice` is how, as result.json has it.

    `held_out` are outputs for the labelled rows by heads that were not fitted to them, and `of_parts` answers to test
    by heads fitted to parts of these rows, where a head is all there is.
    """

    trained: SearchResult
    choice: dict[str, Any] | None = None
    baselines: dict[str, dict[str, Any]] = field(default_factory=dict)
    held_out: HeldOut | None = None
    of_parts: PartAnswers | None = None

    @property
    def is_trained(self) -> bool:
        """Whether the checkpoint itself was trained."""
        return self.choice is None or self.choice["chosen"] in TRAINED


def train_by_recipe(run: RecipeRun) -> RecipeResult:
    """Follow the recipe of a run's spec.

    Raises: RecipeUnusable, NothingKnown, DataInvalid, SpecInvalid (a search without dev), LossNotFinite,
    MemoryTooSmall, StopRequested (finished trainings stay).
    """
    recipe, pooling = run.job.spec.training.recipe, run.job.spec.training.pooling
    if not run.task_type.has_labels:
        return _without_labels(run, run.loader(pooling))
    enough = plenty_of_labels(run) if recipe == AUTO else ""
    loader = run.loader(pooling if enough or recipe == FINETUNE else run.head_pooling)
    if recipe == FINETUNE:
        return _fine_tuned(run, loader)
    reason = enough or no_head_for(run, loader)
    if reason and (recipe != AUTO or run.train is None):
        raise RecipeUnusable(f"training.recipe: {recipe} cannot be used. {reason} Set it to finetune, with labels.")
    if reason:
        return _fallen_back(run, loader, reason)
    try:
        start = _head(run, loader, OF_NAMES if recipe == NAMES else ())
    except NothingKnown as nothing:
        if recipe != AUTO or run.train is None:
            raise
        return _fallen_back(run, loader, str(nothing))
    found = _FROM_HEAD[recipe](run, loader, start)
    baselines = _baselines(run, loader, start)
    if not found.is_trained:
        # It is the student itself.
        baselines.pop(FROZEN_LABELS, None)
        found = replace(found, of_parts=_of_parts(run, start))
    return replace(found, baselines=baselines)


def _without_labels(run: RecipeRun, loader: ModelLoader) -> RecipeResult:
    """Answers without labels come of fine-tuning alone. Raises: RecipeUnusable (another recipe was asked for)."""
    recipe, reason = run.job.spec.training.recipe, no_head_for(run, loader)
    if recipe not in (FINETUNE, AUTO) or run.train is None:
        raise RecipeUnusable(f"training.recipe: {recipe} cannot be used. {reason} Set it to finetune, with labels.")
    return _fine_tuned(run, loader) if recipe == FINETUNE else _fallen_back(run, loader, reason)


def _fallen_back(run: RecipeRun, loader: ModelLoader, reason: str) -> RecipeResult:
    run.job.progress.log(f"auto: fine-tuning. {reason}")
    pooling = run.job.spec.training.pooling
    loader = loader if loader.asked_pooling == pooling else run.loader(pooling)
    one = {"name": FINETUNE, "score": None}
    choice = {"chosen": FINETUNE, "judged_on": "nothing", "why": reason, "candidates": [one], "notes": []}
    return replace(_fine_tuned(run, loader), choice={**choice, "device_seconds": 0.0})


def _fine_tuned(run: RecipeRun, loader: ModelLoader) -> RecipeResult:
    trained = run.fine_tuned(loader)
    # Training changed the checkpoint, which the baselines read as it was.
    fresh = loader if loader.codec is not None else run.loader(loader.asked_pooling)
    return RecipeResult(trained=trained, baselines=_baselines(run, fresh, None))


def _baselines(run: RecipeRun, loader: ModelLoader, start: HeadStart | None) -> dict[str, dict[str, Any]]:
    """Measure the baselines, last: whoever stops a run stops it after its training was saved."""
    if "test" not in run.held_out or not run.task_type.has_labels:
        return {}
    return few_label_baselines(
        job=run.job, loader=loader, compute=run.compute, rows=_rows(run), test=run.held_out["test"], start=start
    )


def _of_parts(run: RecipeRun, start: HeadStart) -> PartAnswers | None:
    """Measure what other labels would have come to; only heads on the checkpoint as it is are cheap enough for that."""
    if "test" not in run.held_out:
        return None
    run.job.progress.stage("evaluate", message="measuring the spread over labels")
    return start.predict_by_parts(run.held_out["test"])


def _rows(run: RecipeRun) -> HeadRows:
    return head_rows(
        job=run.job, task_type=run.task_type, labelled=run.train, texts=run.train, dev=run.held_out.get("dev")
    )


def no_head_for(run: RecipeRun, loader: ModelLoader) -> str:
    """Say why a checkpoint takes no head of a frozen one; "" where it does."""
    assert run.job.spec.model is not None
    if run.task_type.unit == TOKEN:
        return "Where an answer starts and ends is learned by fine-tuning alone."
    if loader.codec is not None:
        return "A text-to-text model writes its answers and has no head."
    if is_artifact(run.job.spec.model):
        return "The checkpoint is a trained model of ours, with a head of its own."
    return ""


def _head(run: RecipeRun, loader: ModelLoader, only: tuple[str, ...]) -> HeadStart:
    run.job.progress.stage("choose", message="fitting a head to the checkpoint as it is")
    start = fit_head(job=run.job, loader=loader, compute=run.compute, rows=_rows(run), only=only)
    loader.start_from(start.fit.head)
    run.job.progress.log(f"head: {start.fit.choice.why}")
    if of_tags := start.fit.choice.transitions_choice:
        run.job.progress.log(of_tags.why)
    return start


def _untrained(run: RecipeRun, loader: ModelLoader, start: HeadStart) -> RecipeResult:
    return RecipeResult(trained=run.untrained(loader, start), choice=head_choice(start), held_out=start.held_out)


def _trained(run: RecipeRun, loader: ModelLoader, start: HeadStart) -> RecipeResult:
    recipe = run.job.spec.training.recipe
    reason = lacks_pairs(run.labels_NC) if recipe == CONTRAST else ""
    if reason:
        raise RecipeUnusable(f"training.recipe: {recipe} cannot be used. {reason} Set it to {FROZEN} or {AUTO}.")
    choice = {**head_choice(start), "chosen": recipe, "why": f"Asked for. Its start: {start.fit.choice.why}"}
    trained = Training(run=run, start=start, recipe=recipe).trained()
    if trained.transitions_choice is None:
        # Without dev, as for the head that the training began with.
        trained = with_transitions(
            trained, choice=start.fit.choice.transitions_choice, learned=run.learned_transitions()
        )
    return RecipeResult(trained=trained, choice=choice)


def _chosen(run: RecipeRun, loader: ModelLoader, start: HeadStart) -> RecipeResult:
    decision = decide(run, start)
    run.job.progress.log(f"auto: {decision.why}")
    head = head_choice(start)
    choice = {
        **head,
        "judged_on": decision.judged_on,
        "why": decision.why,
        "candidates": [*head["candidates"], *decision.candidates],
        "device_seconds": round(head["device_seconds"] + decision.device_seconds, 3),
    }
    if decision.recipe is None:
        return replace(_untrained(run, loader, start), choice=choice)
    trained = decision.trained or with_transitions(
        Training(run=run, start=start, recipe=decision.recipe).trained(),
        choice=decision.transitions_choice,
        learned=run.learned_transitions(),
    )
    return RecipeResult(trained=trained, choice={**choice, "chosen": decision.recipe})


_FROM_HEAD: dict[str, Callable[[RecipeRun, ModelLoader, HeadStart], RecipeResult]] = {
    NAMES: _untrained,
    FROZEN: _untrained,
    PROBE: _trained,
    CONTRAST: _trained,
    AUTO: _chosen,
}
