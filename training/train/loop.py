"""The arithmetic that every training method shares: steps, schedule, model selection, resuming."""

import math
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import lru_cache, partial
from typing import Any, Protocol, Self

import numpy as np
import torch
from torch import Tensor, nn

from training.compute import Compute, MemoryTooSmall, halve_batch, is_out_of_memory
from training.contract import CHECKPOINT
from training.data import EncodedRows, Indices, collate, epoch_batches
from training.job import Job
from training.models import parameter_groups, state_in_fp32
from training.runtime import PermanentFailure, StopRequested
from training.spec import TrainingSettings
from training.train.checkpoint import Checkpoint

MAX_GRADIENT_NORM = 1.0
LOWER = "Lower training.learning_rate, or set precision to fp32."


class LossNotFinite(PermanentFailure):
    """The loss or its gradients became infinite or NaN."""


class StepLoss(Protocol):
    """A loss over some rows of the training set."""

    def __call__(self, *, logits: Tensor, rows: Tensor) -> Tensor:
        """Return the summed loss of the rows, whose numbers are in `rows` (B,)."""

    def num_valid(self, rows: Tensor) -> int:
        """Return how many units the sum over these rows is to be divided by."""


@dataclass(frozen=True, kw_only=True)
class StepRows:
    """Rows that a single step learns from, all of them, and the loss over them."""

    rows: EncodedRows
    loss: StepLoss


class StepSource(Protocol):
    """Makes what a step learns from."""

    def __call__(self, *, step: int, rows: Indices) -> StepRows | None:
        """Return what stands in place of these rows of the training set, one for each; None where they stay."""


@dataclass(frozen=True, kw_only=True)
class FitInputs:
    """What is trained, on what, by which loss; `dev_score` (higher is better), called so, selects the best step.

    A step whose rows `step_source` replaces learns from these instead.
    """

    model: nn.Module
    rows: EncodedRows
    loss: StepLoss
    compute: Compute
    dev_score: Callable[[], float] | None
    dev_name: str = ""
    step_source: StepSource | None = None


@dataclass(frozen=True, kw_only=True)
class Schedule:
    """How many steps, of how many rows on average, and after which of them to evaluate."""

    num_steps: int
    steps_per_epoch: int
    rows_per_step: float
    warmup_steps: int
    evaluation_steps: frozenset[int]

    @classmethod
    def of(cls, *, settings: TrainingSettings, num_rows: int) -> Self:
        steps_per_epoch = math.ceil(num_rows / settings.batch_size)
        num_steps = settings.steps or (settings.epochs or 0) * steps_per_epoch
        count = min(settings.evaluations, num_steps)
        return cls(
            num_steps=num_steps,
            steps_per_epoch=steps_per_epoch,
            rows_per_step=num_rows / steps_per_epoch,
            warmup_steps=round(num_steps * settings.warmup_fraction),
            evaluation_steps=frozenset(round(num_steps * i / count) for i in range(1, count + 1)),
        )

    def rate_factor(self, step: int) -> float:
        """Return the learning rate's share of its peak at a step counted from 0: linear up, then linear down."""
        if step < self.warmup_steps:
            return (step + 1) / self.warmup_steps
        return (self.num_steps - step) / max(1, self.num_steps - self.warmup_steps)


@dataclass(kw_only=True)
class FitState:
    """The state of a training; everything but the weights.

    The earlier steps are of a stage before this one, whose best weights may still be the best: step 0 means them.
    """

    step: int = 0
    evaluated_step: int = 0
    loss_sum: float = 0.0
    loss_count: int = 0
    best_step: int = 0
    best_score: float = -math.inf
    num_without_gain: int = 0
    num_cuts: int = 0
    earlier_steps: int = 0
    earlier_best_step: int = 0
    best_weights: dict[str, Tensor] = field(default_factory=dict)


def gradients_of_step(
    *,
    model: nn.Module,
    rows: EncodedRows,
    micro_batches: list[Indices],
    loss: StepLoss,
    compute: Compute,
    rows_per_step: float | None = None,
) -> float:
    """Add up the gradients of one step's micro-batches, divided once by all that is valid; returns the mean loss.

    How the step is cut into micro-batches of row numbers does not change the gradient. Both are scaled by the step's
    rows over `rows_per_step`, the mean of all steps, so that no row weighs more in a smaller step. Raises:
    LossNotFinite.
    """
    numbers = [torch.from_numpy(indices) for indices in micro_batches]
    num_rows = sum(len(indices) for indices in micro_batches)
    num_valid = max(1, sum(loss.num_valid(number) for number in numbers)) * (rows_per_step or num_rows) / num_rows
    mean_loss = 0.0
    for indices, number in zip(micro_batches, numbers, strict=True):
        with compute.autocast():
            logits = model(collate(rows=rows, indices=indices, device=compute.device))
        share = loss(logits=logits.float(), rows=number.to(compute.device)) / num_valid
        share.backward()  # type: ignore[no-untyped-call]
        mean_loss += float(share.detach())
    if not math.isfinite(mean_loss):
        raise LossNotFinite(f"The loss became {mean_loss}. {LOWER}")
    return mean_loss


def fit(*, job: Job, inputs: FitInputs, fingerprint: str, start: FitState | None = None) -> FitState:
    """Train, evaluate on dev at even intervals, and load the weights of the best step, without dev of the last.

    Resumed from a checkpoint with the same fingerprint, it gives the same weights bit for bit on a CPU: the order of
    rows depends on seed and epoch, and the random state is part of the checkpoint. `start` begins a stage that follows
    another one. Raises: StopRequested (a checkpoint was saved), LossNotFinite, MemoryTooSmall.
    """
    schedule = Schedule.of(settings=job.spec.training, num_rows=inputs.rows.num_drawn)
    optimizer = _optimizer(inputs.model, job.spec.training)
    checkpoint = Checkpoint(job.folder / CHECKPOINT, fingerprint=fingerprint)
    state = start or _restore(checkpoint, inputs.model, optimizer)
    if start is not None:
        _save(checkpoint, inputs.model, optimizer, state)
    batches = _batch_source(job, inputs, schedule)
    job.progress.train(
        step=state.step,
        num_steps=schedule.num_steps,
        rows_per_step=schedule.rows_per_step,
        earlier_steps=state.earlier_steps,
    )
    inputs.model.train()
    job.progress.step(state.step)
    try:
        while True:
            if state.step in schedule.evaluation_steps and state.evaluated_step != state.step:
                _evaluate(job, inputs, schedule, state)
                if checkpoint.is_due():
                    _save(checkpoint, inputs.model, optimizer, state)
            elif checkpoint.is_old():
                _save(checkpoint, inputs.model, optimizer, state)
            if state.step == schedule.num_steps or _is_out_of_patience(job.spec.training, state):
                break
            job.stop.raise_if_requested()
            loss = _take_step(inputs, optimizer, schedule, batches(state.step), state)
            job.progress.step(state.step, loss=loss)
    except StopRequested:
        _save(checkpoint, inputs.model, optimizer, state)
        raise
    if state.best_weights and state.best_step != state.step:
        inputs.model.load_state_dict(state.best_weights)
    return state


def can_resume(*, job: Job, inputs: FitInputs, fingerprint: str) -> bool:
    """Say whether `fit` with these arguments would resume from a checkpoint."""
    optimizer = _optimizer(inputs.model, job.spec.training)
    checkpoint = Checkpoint(job.folder / CHECKPOINT, fingerprint=fingerprint)
    return checkpoint.is_there(fits=partial(_fits, inputs.model, optimizer))


def _optimizer(model: nn.Module, settings: TrainingSettings) -> torch.optim.AdamW:
    groups = parameter_groups(
        model=model,
        learning_rate=settings.learning_rate,
        head_factor=settings.head_learning_rate_factor,
        weight_decay=settings.weight_decay,
    )
    return torch.optim.AdamW(groups, fused=True)


def _batch_source(job: Job, inputs: FitInputs, schedule: Schedule) -> Callable[[int], list[Indices]]:
    settings = job.spec.training

    @lru_cache(maxsize=1)
    def epoch_of(number: int) -> list[Indices]:
        seed = job.spec.seed
        rows = inputs.rows.drawn(seed=seed, epoch=number)
        lengths = inputs.rows.lengths[rows]
        batches = epoch_batches(lengths=lengths, batch_size=settings.batch_size, seed=seed, epoch=number)
        return [rows[batch] for batch in batches]

    def step_batches(step: int) -> list[Indices]:
        epoch, place = divmod(step, schedule.steps_per_epoch)
        batch = epoch_of(epoch)[place]
        return [part for part in np.array_split(batch, settings.accumulation) if len(part)]

    return step_batches


def _take_step(
    inputs: FitInputs, optimizer: torch.optim.AdamW, schedule: Schedule, batches: list[Indices], state: FitState
) -> float:
    """Take one optimiser step and return its mean loss."""
    for group in optimizer.param_groups:
        group["lr"] = group["peak_rate"] * schedule.rate_factor(state.step)
    inputs, batches = _rows_of_step(inputs, batches, state.step)
    try:
        mean_loss = _gradients_that_fit(inputs, optimizer, schedule, batches, state)
    except LossNotFinite as error:
        if state.step > 0:
            raise
        raise LossNotFinite(
            "The loss is not finite at step 1, before anything was learned: weights of the checkpoint are out of "
            "range. Take another checkpoint, or set precision to fp32."
        ) from error
    norm = float(torch.nn.utils.clip_grad_norm_(inputs.model.parameters(), MAX_GRADIENT_NORM))
    if not math.isfinite(norm):
        # Divided by such a norm they would make every weight NaN, which after a last step no loss would show.
        raise LossNotFinite(f"The gradients of step {state.step + 1} have the norm {norm}. {LOWER}")
    _update(optimizer, inputs.compute)
    state.step += 1
    state.loss_sum += mean_loss
    state.loss_count += 1
    return mean_loss


def _rows_of_step(inputs: FitInputs, batches: list[Indices], step: int) -> tuple[FitInputs, list[Indices]]:
    """Put what is made for a step in place of its rows, which keep their micro-batches."""
    made = None if inputs.step_source is None else inputs.step_source(step=step, rows=np.concatenate(batches))
    if made is None:
        return inputs, batches
    # Whoever made it may have let the model answer.
    inputs.model.train()
    ends = np.cumsum([len(batch) for batch in batches])
    numbers = np.split(np.arange(ends[-1]), ends[:-1])
    return replace(inputs, rows=made.rows, loss=made.loss), numbers


def _update(optimizer: torch.optim.AdamW, compute: Compute) -> None:
    """Take the optimiser's step, whose memory does not depend on the batch."""
    try:
        optimizer.step()
    except RuntimeError as error:
        if not is_out_of_memory(error):
            raise
        raise MemoryTooSmall(
            f"Weights, gradients and the optimiser's state together do not fit into the memory of {compute.device}. "
            "Raise training.frozen_layers, or take a smaller model or a device with more memory."
        ) from error


def _gradients_that_fit(
    inputs: FitInputs, optimizer: torch.optim.AdamW, schedule: Schedule, batches: list[Indices], state: FitState
) -> float:
    """Compute a step's gradients; where memory runs out, halve its micro-batches from this step on.

    The halves add up to the same gradient, so that memory changes nothing but speed.
    """
    while True:
        optimizer.zero_grad()
        micro_batches = [part for batch in batches for part in np.array_split(batch, 2**state.num_cuts) if len(part)]
        try:
            return gradients_of_step(
                model=inputs.model,
                rows=inputs.rows,
                micro_batches=micro_batches,
                loss=inputs.loss,
                compute=inputs.compute,
                rows_per_step=schedule.rows_per_step,
            )
        except RuntimeError as error:
            # Re-raises unless splitting the batch can help.
            halve_batch(max(micro_batches, key=len), error=error, compute=inputs.compute)
        state.num_cuts += 1
        print(f"out of memory at step {state.step}: micro-batches of half the size from here on", flush=True)


def _is_out_of_patience(settings: TrainingSettings, state: FitState) -> bool:
    return settings.patience is not None and state.num_without_gain >= settings.patience


def _evaluate(job: Job, inputs: FitInputs, schedule: Schedule, state: FitState) -> None:
    mean_loss = state.loss_sum / max(1, state.loss_count)
    line = f"step {state.step}/{schedule.num_steps}  loss {mean_loss:.4f}"
    if inputs.dev_score is not None:
        score = inputs.dev_score()
        inputs.model.train()
        job.progress.scored(state.step, score)
        line += f"  dev {inputs.dev_name} {score:.4f}"
        state.num_without_gain += 1
        if score > state.best_score:
            state.num_without_gain = 0
            state.best_step, state.best_score = state.step, score
            state.best_weights = {} if state.step == schedule.num_steps else weights_of(inputs.model)
            line += "  best so far"
    job.progress.log(line)
    state.evaluated_step, state.loss_sum, state.loss_count = state.step, 0.0, 0


def weights_of(model: nn.Module) -> dict[str, Tensor]:
    """Return a copy of a model's weights, on the CPU in fp32."""
    return {name: weight.clone() for name, weight in state_in_fp32(model).items()}


def _save(checkpoint: Checkpoint, model: nn.Module, optimizer: torch.optim.AdamW, state: FitState) -> None:
    # asdict would copy the best weights once more.
    plain = {name: getattr(state, name) for name in FitState.__dataclass_fields__}
    checkpoint.save({"fit": plain, "weights": model.state_dict(), "optimizer": optimizer.state_dict()})


def _fits(model: nn.Module, optimizer: torch.optim.AdamW, saved: dict[str, Any]) -> bool:
    """Say whether a saved state is one of this very model, optimiser and version of FitState."""
    shapes = {name: weight.shape for name, weight in model.state_dict().items()}
    groups = [len(group["params"]) for group in optimizer.param_groups]
    return (
        {name: weight.shape for name, weight in saved["weights"].items()} == shapes
        and [len(group["params"]) for group in saved["optimizer"]["param_groups"]] == groups
        and set(saved["fit"]) == set(FitState.__dataclass_fields__)
    )


def _restore(checkpoint: Checkpoint, model: nn.Module, optimizer: torch.optim.AdamW) -> FitState:
    saved: dict[str, Any] | None = checkpoint.load(fits=partial(_fits, model, optimizer))
    if saved is None:
        return FitState()
    model.load_state_dict(saved["weights"])
    optimizer.load_state_dict(saved["optimizer"])
    state = FitState(**saved["fit"])
    print(f"resumed at step {state.step}", flush=True)
    return state
