"""Train a student or a teacher on gold labels."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from torch import Tensor

from training.artifact import load_classifier
from training.classifier import freeze_layers
from training.compute import prepare_compute
from training.data import DataInvalid, encode_rows, read_labelled
from training.folder import file_hash
from training.job import Job
from training.loop import Fitting, fit
from training.losses import IGNORED, cross_entropy_sum
from training.result import Examiner, finish
from training.task_types import task_type_named


@dataclass(frozen=True, kw_only=True)
class GoldLoss:
    """Cross-entropy against gold labels."""

    target_N: Tensor

    def __call__(self, *, logits: Tensor, rows: Tensor) -> Tensor:
        """Return the loss summed over the rows."""
        return cross_entropy_sum(logits_BC=logits, target_B=self.target_N[rows])

    def num_valid(self, rows: Tensor) -> int:
        """Return how many of the rows have a gold label."""
        return int((self.target_N[rows.to(self.target_N.device)] != IGNORED).sum())


def finetune(job: Job) -> dict[str, Any]:
    """Fine-tune a pre-trained checkpoint on gold labels and score it.

    Parameters
    ----------
    job
        its spec names the checkpoint, the train split and, if wanted, dev (selects the best step) and test.

    Returns
    -------
    The run's result, as result.json holds it.

    Raises
    ------
    PermanentFailure: the data or the checkpoint cannot be used, or the loss diverged.
    StopRequested: asked to stop; a checkpoint was saved.
    """
    spec, settings = job.spec, job.spec.training
    assert spec.model is not None and spec.data.train is not None
    compute = prepare_compute(spec)
    task_type = task_type_named(name=spec.task_type, metric=spec.evaluation.metric)
    train = read_labelled(folder=spec.data.train, name="train", task_type=task_type, labels=spec.labels)
    check_variety(train.labelled())
    classifier = load_classifier(
        source=spec.model, task_type=task_type, labels=spec.labels, max_length=settings.max_length
    )
    classifier.model.to(compute.device)
    freeze_layers(encoder=classifier.model.encoder, num_layers=settings.frozen_layers)
    rows = encode_rows(rows=train, task_type=task_type, tokenizer=classifier.tokenizer, max_length=settings.max_length)
    examiner = Examiner.of(job=job, task_type=task_type, classifier=classifier, compute=compute)
    target_N = task_type.targets(gold=train.labelled(), labels=spec.labels).to(compute.device)
    fitting = Fitting(
        model=classifier.model,
        rows=rows,
        loss=GoldLoss(target_N=target_N),
        compute=compute,
        dev_score=examiner.dev_score if "dev" in examiner.splits else None,
    )
    job.progress.log(f"fine-tuning {spec.model} as {spec.role} on {len(train)} gold labels")
    fit(job=job, fitting=fitting, fingerprint=file_hash(job.folder / "spec.json"))
    return finish(examiner=examiner, train_gold=train.labelled(), num_train=len(train), num_pseudo_labels=0)


def check_variety(gold: list[str]) -> None:
    """Raise DataInvalid if all gold labels are the same: there would be nothing to tell apart."""
    if len(set(gold)) < 2:
        raise DataInvalid(
            f"data.train: all {len(gold)} examples are labelled {gold[0]!r}. Label examples of another class too."
        )
