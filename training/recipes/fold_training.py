"""A training on some of the labels, which answers the others: how a recipe that trains is judged without dev."""

from __future__ import annotations

from dataclasses import dataclass, replace

from training.answers import Rows
from training.contract import TRIALS
from training.evaluation import Evaluator
from training.fewshot import FrozenHead
from training.recipes.trainings import Training
from training.runtime import read_json, write_json
from training.train import fit_classifier

JUDGED = "fold"


@dataclass(frozen=True, kw_only=True)
class Fold:
    """Rows that teach, those that judge, and a head fitted to the first."""

    number: int
    teach: Rows
    judge: Rows
    head: FrozenHead


def fold_answers(training: Training, fold: Fold) -> list[str | None]:
    """Train on a fold's rows, and answer those left out; an earlier attempt's answers are read from its file.

    Raises: LossNotFinite, MemoryTooSmall, StopRequested (a checkpoint was saved).
    """
    name = f"{training.recipe}-fold-{fold.number}"
    path = training.run.job.folder / TRIALS / f"{name}.json"
    known = read_json(path).get("predicted")
    if isinstance(known, list) and len(known) == len(fold.judge):
        return known
    predicted = _trained(training, name, fold).predict(JUDGED).predicted
    path.parent.mkdir(exist_ok=True)
    write_json(path=path, payload={"predicted": predicted})
    return predicted


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
