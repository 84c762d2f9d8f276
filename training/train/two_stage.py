"""One training in one stage or two: distilled first, then on gold labels alone, the better of both kept."""

from dataclasses import dataclass, replace
from functools import partial

from training.evaluation import Evaluator
from training.job import Job
from training.learners import Classifier
from training.models import TextToText
from training.spec import TrainingSettings, require
from training.train.contrast import fit_on_pairs
from training.train.loop import FitInputs, FitState, Schedule, StepSource, can_resume, fit, weights_of
from training.train.setup import GoldStage, TrainingSetup
from training.train.vectors import fit_to_vectors

DISTIL, GOLD = "distil", "gold"


@dataclass(frozen=True, kw_only=True)
class FitResult:
    """How a training ended, in steps of all its stages; `stage` is the one kept, None where there is only one."""

    dev: float | None
    best_step: int
    num_steps: int
    stage: str | None = None


def fit_classifier(*, job: Job, setup: TrainingSetup, classifier: Classifier) -> tuple[Evaluator, FitResult]:
    """Train a fresh classifier, in place, by the job's settings and seed; return its evaluator and the result.

    In a gold stage the student continues from its best distilled weights, at the same peak rate, warmed up anew; its
    head is not fresh any more and gets the encoder's rate. What does best on dev in either stage is kept; without dev,
    the weights of the last step. Raises: SpecInvalid, LossNotFinite, MemoryTooSmall, StopRequested (a checkpoint was
    saved).
    """
    evaluator = setup.evaluator(job=job, classifier=classifier)
    has_dev = "dev" in evaluator.splits
    inputs = FitInputs(
        model=classifier.model,
        rows=setup.rows,
        loss=setup.loss,
        compute=setup.compute,
        dev_score=evaluator.dev_score if has_dev else None,
        dev_name=evaluator.dev_criterion,
        step_source=_step_source(job, setup, classifier),
    )
    if setup.contrast is not None:
        state = fit_on_pairs(job=job, inputs=inputs, contrast=setup.contrast, fingerprint=setup.fingerprint)
        stage = None
    elif setup.gold is None:
        state = _fit_first(job, setup, inputs)
        stage = None
    else:
        state = _fit_both(job, setup, setup.gold, inputs)
        stage = DISTIL if has_dev and not state.best_step else GOLD
    steps = state.earlier_steps + state.step
    best = state.earlier_best_step if stage == DISTIL else state.earlier_steps + state.best_step
    return evaluator, FitResult(
        dev=state.best_score if has_dev else None,
        best_step=best if has_dev else steps,
        num_steps=steps,
        stage=stage,
    )


def _step_source(job: Job, setup: TrainingSetup, classifier: Classifier) -> StepSource | None:
    model = classifier.model
    if setup.own_answers is None:
        return None
    assert isinstance(model, TextToText)
    return partial(setup.own_answers.rows_of, student=model, seed=job.spec.seed)


def _fit_first(job: Job, setup: TrainingSetup, inputs: FitInputs) -> FitState:
    if setup.vectors is None:
        return fit(job=job, inputs=inputs, fingerprint=setup.fingerprint)
    return fit_to_vectors(job=job, inputs=inputs, target=setup.vectors, fingerprint=setup.fingerprint)


def _fit_both(job: Job, setup: TrainingSetup, gold: GoldStage, distilling: FitInputs) -> FitState:
    first, second = stage_settings(settings=job.spec.training, gold_epochs=gold.epochs, num_gold=gold.rows.num_drawn)
    inputs = replace(distilling, rows=gold.rows, loss=gold.loss, step_source=None)
    gold_fingerprint = f"{setup.fingerprint}:{GOLD}"
    start: FitState | None = None
    # A checkpoint of the second stage is enough to resume it; without a readable one, both stages are trained.
    if not can_resume(job=job.with_settings(second), inputs=inputs, fingerprint=gold_fingerprint):
        state = _fit_first(job.with_settings(first), setup, distilling)
        start = FitState(
            best_score=state.best_score,
            best_weights=weights_of(distilling.model) if distilling.dev_score else {},
            earlier_steps=state.step,
            earlier_best_step=state.best_step,
        )
    job.progress.log(f"continuing on {gold.rows.num_drawn} gold labels")
    job.progress.trial(f"{setup.name}, {GOLD}" if setup.name else GOLD)
    return fit(job=job.with_settings(second), inputs=inputs, fingerprint=gold_fingerprint, start=start)


def stage_settings(
    *, settings: TrainingSettings, gold_epochs: int, num_gold: int
) -> tuple[TrainingSettings, TrainingSettings]:
    """Divide a training into distillation and gold stage. Raises: SpecInvalid (too few steps for both)."""
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
