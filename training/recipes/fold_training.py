"""A training on some of the labels, which answers the others: how a recipe that trains is judged without dev."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from training.answers import Rows
from training.contract import TRIALS
from training.data import ModelOutputs
from training.evaluation import Evaluator
from training.fewshot import FrozenHead
from training.learners import HeldOut
from training.recipes.trainings import Training
from training.runtime import atomic_folder
from training.train import fit_classifier

JUDGED = "fold"


@dataclass(frozen=True, kw_only=True)
class Fold:
    """Rows that teach, those that judge with their places among the labelled, and a head fitted to the first."""

    number: int
    teach: Rows
    judge: Rows
    places: npt.NDArray[np.int64]
    head: FrozenHead


def fold_outputs(training: Training, fold: Fold) -> ModelOutputs:
    """Train on a fold's rows, and return outputs for those left out; an earlier attempt's are read from their file.

    Raises: LossNotFinite, MemoryTooSmall, StopRequested (a checkpoint was saved).
    """
    name = f"{training.recipe}-fold-{fold.number}"
    kept = training.run.job.folder / TRIALS / name
    known = HeldOut.read(kept)
    if known is not None and known.uids == fold.judge.uids:
        return known.outputs
    outputs = _trained(training, name, fold).predict(JUDGED).outputs
    kept.parent.mkdir(exist_ok=True)
    with atomic_folder(kept) as folder:
        HeldOut(uids=fold.judge.uids, outputs=outputs).save(folder)
    return outputs


def _trained(training: Training, name: str, fold: Fold) -> Evaluator:
    run, loader = training.run, training.loader(fold.head)
    part = replace(run, train=fold.teach, held_out={**run.dev_only(), JUDGED: fold.judge})
    setup = part.setup(loader, fit_head=training.fit_head)
    setup = replace(setup, fingerprint=f"{setup.fingerprint}:{name}", name=name)
    job = run.job.with_settings(run.settings(loader))
    job.progress.log(f"training {name} on {len(fold.teach)} labels")
    job.progress.trial(name)
    evaluator, _ = fit_classifier(job=job, setup=setup, classifier=loader(job.spec))
    return evaluator
