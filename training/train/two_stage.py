"""One training, in one stage or in two: distilled first, then on gold labels alone, the better of both kept."""

from __future__ import annotations

from dataclasses import dataclass, replace

from training.evaluation import Examiner
from training.job import Job
from training.learners import Classifier
from training.spec import TrainingSettings, require
from training.train.loop import FitState, Fitting, Schedule, fit, is_under_way, weights_of
from training.train.setup import GoldStage, Lesson

DISTIL, GOLD = "distil", "gold"


@dataclass(frozen=True, kw_only=True)
class Fitted:
    """How a training ended: its score on dev (None without dev), its best step, and the steps of all its stages.

    `stage` is the one whose weights are kept, None where there is only one.
    """

    dev: float | None
    best_step: int
    num_steps: int
    stage: str | None = None


def fit_classifier(*, job: Job, lesson: Lesson, classifier: Classifier) -> tuple[Examiner, Fitted]:
    """Train a fresh classifier by the job's settings and seed.

    With a gold stage the student continues from its best distilled weights, at the same peak rate, warmed up anew; its
    head does not start from nothing any more and goes at the encoder's rate. What does best on dev in either stage is
    kept; without dev, what the last step left.

    Parameters
    ----------
    job
        settings and seed of this one training.
    lesson
        what is learned.
    classifier
        fresh; trained in place.

    Returns
    -------
    The lesson's examiner, now of this classifier, and how the training ended.

    Raises
    ------
    SpecInvalid: the gold stage alone takes all the steps.
    LossNotFinite, MemoryTooSmall: the training cannot continue.
    StopRequested: asked to stop; a checkpoint was saved.
    """
    examiner = lesson.examiner(job=job, classifier=classifier)
    has_dev = "dev" in examiner.splits
    fitting = Fitting(
        model=classifier.model,
        rows=lesson.rows,
        loss=lesson.loss,
        compute=lesson.compute,
        dev_score=examiner.dev_score if has_dev else None,
    )
    if lesson.gold is None:
        state = fit(job=job, fitting=fitting, fingerprint=lesson.fingerprint)
        stage = None
    else:
        state = _fit_both(job, lesson, lesson.gold, fitting)
        stage = DISTIL if has_dev and not state.best_step else GOLD
    steps = state.earlier_steps + state.step
    best = state.earlier_best_step if stage == DISTIL else state.earlier_steps + state.best_step
    return examiner, Fitted(
        dev=state.best_score if has_dev else None,
        best_step=best if has_dev else steps,
        num_steps=steps,
        stage=stage,
    )


def _fit_both(job: Job, lesson: Lesson, gold: GoldStage, distilling: Fitting) -> FitState:
    first, second = stage_settings(settings=job.spec.training, gold_epochs=gold.epochs, num_gold=len(gold.rows))
    fitting = replace(distilling, rows=gold.rows, loss=gold.loss)
    gold_fingerprint = f"{lesson.fingerprint}:{GOLD}"
    start: FitState | None = None
    # A checkpoint of the second stage is all that is needed to resume it; one that is broken takes both again.
    if not is_under_way(job=_with(job, second), fitting=fitting, fingerprint=gold_fingerprint):
        state = fit(job=_with(job, first), fitting=distilling, fingerprint=lesson.fingerprint)
        start = FitState(
            best_score=state.best_score,
            best_weights=weights_of(distilling.model) if distilling.dev_score else {},
            earlier_steps=state.step,
            earlier_best_step=state.best_step,
        )
    job.progress.log(f"going on with {len(gold.rows)} gold labels")
    job.progress.trial(f"{lesson.name}, {GOLD}" if lesson.name else GOLD)
    return fit(job=_with(job, second), fitting=fitting, fingerprint=gold_fingerprint, start=start)


def stage_settings(
    *, settings: TrainingSettings, gold_epochs: int, num_gold: int
) -> tuple[TrainingSettings, TrainingSettings]:
    """Share out a training between its two stages; steps that are fixed are those of both together.

    Parameters
    ----------
    settings
        of the whole training.
    gold_epochs
        over the gold rows, above 0.
    num_gold
        gold rows.

    Returns
    -------
    How to distil, and how to train on gold labels afterwards.

    Raises
    ------
    SpecInvalid: the steps do not suffice for the gold stage and one step before it.
    """
    gold = replace(settings, epochs=gold_epochs, steps=None, head_learning_rate_factor=1.0)
    if settings.steps is None:
        return settings, gold
    num_steps = Schedule.of(settings=gold, num_rows=num_gold).num_steps
    require(
        num_steps < settings.steps,
        "distillation.gold_epochs",
        f"{gold_epochs} over {num_gold} gold rows take {num_steps} of {settings.steps} steps",
        "Give fewer gold_epochs, or more training.steps.",
    )
    return replace(settings, steps=settings.steps - num_steps), gold


def _with(job: Job, settings: TrainingSettings) -> Job:
    return replace(job, spec=replace(job.spec, training=settings))
