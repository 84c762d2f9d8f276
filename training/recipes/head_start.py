"""A head on a checkpoint that is not trained yet: a whole model by itself, or what its training starts from."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import torch

from training.answers import Rows
from training.compute import Compute
from training.data import ModelOutputs, checked_rows, open_dataset
from training.evaluation import PartAnswers
from training.fewshot import (
    Candidate,
    FrozenEncoder,
    FrozenFit,
    FrozenHead,
    FrozenStudy,
    LabelText,
    UnitVectors,
    VectorStore,
    as_outputs,
    heads_of_parts,
    recipes_for,
)
from training.job import Job
from training.learners import HeldOut
from training.models import EncoderClassifier
from training.runtime import PermanentFailure
from training.tasks import BI_ENCODER, TaskType
from training.train import ModelLoader, take_over

# So many texts of the pool are read, and labelled rows where there are more: a head gains nothing from further ones.
MOST_POOL, MOST_ROWS = 2_000, 5_000
# Of entities, whose every word is a unit.
FEWEST_MOST_ROWS, MOST_TARGETS = 600, 200_000
MOST_POOL_OF_WORDS, MOST_ROWS_OF_WORDS = 500, 1_000
# Of an encoder that was tuned, whose vectors are new at each look at dev.
MOST_POOL_OF_TUNED = 500
# What a choice calls a head that answers everything alike.
NO_RECIPE = "none"
# Of more test rows, answers of so many heads take too long.
MOST_TEST_ROWS_OF_PARTS = 10_000
OF_NAMES = ("names_and_pool", "names", "cosine")
SMALLEST_PROBABILITY = 1e-6


class NothingKnown(PermanentFailure):
    """Neither labels nor what they say of themselves is enough to make a head of."""


@dataclass(frozen=True, kw_only=True)
class HeadRows:
    """What a head is fitted to: labelled rows, perhaps none, unlabelled ones, and the dev split, if any."""

    labelled: Rows
    pool: Rows
    dev: Rows | None = None


@dataclass(frozen=True, kw_only=True)
class HeadStart:
    """A fitted head, with what fitted it and how long that took; `pool` are the vectors of the unlabelled rows.

    `held_out` are outputs for the labelled rows by heads that were not fitted to them; None for too few rows.
    """

    study: FrozenStudy
    rows: HeadRows
    pool: UnitVectors
    fit: FrozenFit
    held_out: HeldOut | None
    only: tuple[str, ...]
    seed: int
    device_seconds: float

    def predict(self, rows: Rows, head: FrozenHead | None = None) -> list[str | None]:
        """Return the head's, or another one's, answers to further rows; raises StopRequested."""
        with torch.random.fork_rng(devices=[]):
            return self.study.predict(head or self.fit.head, rows, self.study.vectors(rows.columns))

    def predict_by_parts(self, rows: Rows) -> PartAnswers | None:
        """Return answers by heads fitted to parts of the labels, None where that takes long; raises StopRequested."""
        heads = heads_of_parts(self.fit, seed=self.seed) if len(rows) <= MOST_TEST_ROWS_OF_PARTS else None
        if heads is None:
            return None
        with torch.random.fork_rng(devices=[]):
            vectors = self.study.vectors(rows.columns)
        of_halves, of_quarters = (
            self.study.predict_by_each(of, rows, vectors) for of in (heads.halves, heads.quarters)
        )
        return PartAnswers(of_halves=of_halves, of_quarters=of_quarters)

    @property
    def outputs(self) -> Callable[[Rows], ModelOutputs] | None:
        """Return what gives the head's outputs for further rows; None of words, whose vectors are not kept."""
        return None if self.study.task_type.unit == "word" else self._outputs

    def _outputs(self, rows: Rows) -> ModelOutputs:
        return self.outputs_of(self.vectors(rows))

    def vectors(self, rows: Rows) -> UnitVectors:
        """Return the checkpoint's vectors of further rows; raises StopRequested."""
        with torch.random.fork_rng(devices=[]):
            return self.study.vectors(rows.columns)

    def outputs_of(self, vectors: UnitVectors) -> ModelOutputs:
        """Return the head's outputs for what `vectors` gave."""
        return self.study.outputs(self.fit.head, vectors)

    @property
    def is_of_pairs(self) -> bool:
        return self.fit.evidence.is_pairs

    def head_of(self, labelled: Rows) -> FrozenHead:
        """Fit the chosen recipe to other labelled rows, also where they have too few labels to choose it.

        Raises: StopRequested.
        """
        chosen = self.fit.choice.chosen
        fit = self._fitted_to(labelled, only=(chosen.recipe,))
        if fit.choice.chosen.recipe != NO_RECIPE:
            return fit.head
        recipe = next(one for one in recipes_for(fit.evidence) if one.name == chosen.recipe)
        return replace(fit.head, linear=recipe.fit(fit.evidence, chosen.strength))

    def refitted(self, labelled: Rows, *, only: Sequence[str]) -> FrozenFit | None:
        """Fit to other labelled rows, by one of these recipes; None where none can be used. Raises: StopRequested."""
        if len(labelled) == len(self.rows.labelled) and not only and not self.only:
            return self.fit
        fit = self._fitted_to(labelled, only=only)
        return None if fit.choice.chosen.recipe == NO_RECIPE else fit

    def _fitted_to(self, labelled: Rows, *, only: Sequence[str]) -> FrozenFit:
        with torch.random.fork_rng(devices=[]):
            return self.study.fit(labelled=labelled, pool=self.pool, seed=self.seed, only=only)


def fit_head(
    *, job: Job, loader: ModelLoader, compute: Compute, rows: HeadRows, only: Sequence[str] = (), is_quiet: bool = False
) -> HeadStart:
    """Choose and fit a head to the loader's checkpoint as it is; what that takes leaves the random state alone.

    One that scores may be the mean of several; see choose.

    Raises: NothingKnown, StopRequested.
    """
    began = job.meter.device_seconds()
    study = frozen_study(job=job, loader=loader, compute=compute)
    with torch.random.fork_rng(devices=[]):
        pool = study.vectors(rows.pool.columns)
        fit = study.fit(
            labelled=rows.labelled,
            pool=pool,
            dev=rows.dev,
            seed=job.spec.seed,
            only=only,
            is_mean=job.spec.kind == "score",
        )
        held_out = _held_out(study, fit, rows.labelled)
    if fit.choice.chosen.recipe == NO_RECIPE and not is_quiet:
        raise NothingKnown(
            f"No head can be made of {len(rows.labelled)} labels and of what the labels say of themselves. "
            f"{' '.join(fit.notes)} Describe the labels in label_texts, or label more examples."
        )
    for note in () if is_quiet else fit.notes:
        job.progress.log(f"labels: {note}")
    seconds = job.meter.device_seconds() - began
    return HeadStart(
        study=study,
        rows=rows,
        pool=pool,
        fit=fit,
        held_out=held_out,
        only=tuple(only),
        seed=job.spec.seed,
        device_seconds=seconds,
    )


def _held_out(study: FrozenStudy, fit: FrozenFit, labelled: Rows) -> HeldOut | None:
    shares_UC = fit.choice.held_out_NC
    if shares_UC is None:
        return None
    shares_UC = np.clip(shares_UC, SMALLEST_PROBABILITY, 1 - SMALLEST_PROBABILITY)
    logits_UC = np.log(shares_UC) if fit.evidence.exclusive else np.log(shares_UC) - np.log1p(-shares_UC)
    vectors = study.vectors(labelled.columns)
    outputs = as_outputs(logits_UC, bounds=vectors.bounds, seen_U=vectors.seen_U)
    return HeldOut(uids=labelled.uids, outputs=outputs)


def tuned_head(start: HeadStart, labelled: Rows, model: EncoderClassifier) -> None:
    """Give a classifier, whose encoder was tuned on some labelled rows, a head on its vectors; raises StopRequested."""
    study, texts = start.study.with_encoder(model.encoder), start.rows.pool
    texts = texts.of(_drawn(len(texts), MOST_POOL_OF_TUNED, start.seed))
    labelled = labelled.of(_drawn(len(labelled), MOST_ROWS, start.seed))
    with torch.random.fork_rng(devices=[]):
        head = study.fit_firmly(labelled=labelled, pool=study.vectors(texts.columns))
    take_over(model, head)


def head_pooling(task_type: TaskType, asked: str) -> str:
    """Say how a checkpoint reads texts for a head of a frozen one: each text of a pair by itself."""
    return BI_ENCODER if len(task_type.input_fields) > 1 else asked


def frozen_study(*, job: Job, loader: ModelLoader, compute: Compute) -> FrozenStudy:
    """Return the loader's checkpoint, as it is, with the labels of a run."""
    spec = job.spec
    encoder = FrozenEncoder(
        encoder=loader.encoder,
        tokenizer=loader.tokenizer,
        max_length=spec.training.max_length,
        compute=compute,
        pooling="mean" if len(loader.task_type.input_fields) > 1 or loader.pooling is None else loader.pooling,
    )
    return FrozenStudy(
        encoder=encoder,
        task_type=loader.task_type,
        labels=tuple(LabelText.of(label, spec.label_texts.get(label, ())) for label in spec.labels),
        metric=spec.evaluation.metric,
        stop=job.stop,
        store=None if job.cache is None else VectorStore(job.cache, key=f"{encoder.key}-{compute.device.type}"),
    )


def head_rows(
    *, job: Job, task_type: TaskType, labelled: Rows | None, texts: Rows | None, dev: Rows | None
) -> HeadRows:
    """Return what a head is fitted to, of a spec's pool or else of `texts`, drawn by the seed where there are many.

    Raises: DataInvalid.
    """
    of_words = task_type.unit == "word"
    most_pool = MOST_POOL_OF_WORDS if of_words else MOST_POOL
    most_rows = MOST_ROWS_OF_WORDS if of_words else MOST_ROWS
    most_rows = min(most_rows, max(FEWEST_MOST_ROWS, MOST_TARGETS // len(job.spec.labels)))
    nothing = Rows(uids=[], columns={name: [] for name in task_type.input_fields}, gold=[])
    if job.spec.data.pool is not None:
        pool = _read_pool(job.spec.data.pool, task_type, most_pool, job.spec.seed)
    else:
        source = texts if texts is not None else labelled
        assert source is not None, "a spec without labels names a pool"
        pool = source.of(_drawn(len(source), most_pool, job.spec.seed))
    known = labelled if labelled is not None else nothing
    return HeadRows(labelled=known.of(_drawn(len(known), most_rows, job.spec.seed)), pool=pool, dev=dev)


def _read_pool(folder: Path, task_type: TaskType, most: int, seed: int) -> Rows:
    dataset = open_dataset(folder=folder, name="pool", columns=("uid", *task_type.input_fields))
    drawn = dataset.select(_drawn(len(dataset), most, seed))
    return checked_rows(batch=drawn[:], name="pool", task_type=task_type)


def _drawn(count: int, most: int, seed: int) -> npt.NDArray[np.int64]:
    if count <= most:
        return np.arange(count)
    return np.sort(np.random.default_rng(seed).choice(count, size=most, replace=False))


def head_choice(start: HeadStart) -> dict[str, Any]:
    """Return how a head was chosen, as result.json has it."""
    choice = start.fit.choice
    return {
        "chosen": choice.chosen.recipe,
        "strength": choice.chosen.strength,
        "judged_on": choice.judged_on,
        "why": choice.why,
        "candidates": [_candidate(one) for one in choice.candidates],
        "notes": list(start.fit.notes),
        "device_seconds": round(start.device_seconds, 3),
    }


def _candidate(one: Candidate) -> dict[str, Any]:
    found = asdict(one)
    return {"name": found.pop("recipe"), **found}
