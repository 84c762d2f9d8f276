"""The end of a training: predictions, metrics, the artifact folder, result.json."""

from __future__ import annotations

import json
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from training.artifact import Classifier, LabelMap, save_classifier
from training.compute import Compute
from training.data import EncodedRows, Rows, encode_rows, read_labelled
from training.evaluate import baseline_scores, dev_metric, predict_logits, split_metrics
from training.folder import folder_hash, whole_folder, write_json
from training.job import Job
from training.meter import peak_memory_bytes, versions
from training.task_types.base import TaskType
from training.units import Outputs

ARTIFACT = "artifact"


@dataclass(frozen=True, kw_only=True)
class Split:
    """A held-out split with its token ids."""

    rows: Rows
    encoded: EncodedRows


@dataclass(frozen=True, kw_only=True)
class Answers:
    """What a model said about a split."""

    outputs: Outputs
    predicted: list[str | None]


@dataclass(frozen=True, kw_only=True)
class Examiner:
    """Holds the held-out splits of a run and scores a classifier on them."""

    job: Job
    task_type: TaskType
    classifier: Classifier
    compute: Compute
    splits: dict[str, Split]

    @classmethod
    def of(cls, *, job: Job, task_type: TaskType, classifier: Classifier, compute: Compute) -> Examiner:
        """Read and tokenise dev and test, as far as the spec has them."""
        splits: dict[str, Split] = {}
        for name in ("dev", "test"):
            folder: Path | None = getattr(job.spec.data, name)
            if folder is not None:
                rows = read_labelled(folder=folder, name=name, task_type=task_type, labels=job.spec.labels)
                encoded = encode_rows(
                    rows=rows,
                    task_type=task_type,
                    tokenizer=classifier.tokenizer,
                    max_length=job.spec.training.max_length,
                )
                splits[name] = Split(rows=rows, encoded=encoded)
        return cls(job=job, task_type=task_type, classifier=classifier, compute=compute, splits=splits)

    def answers(self, name: str) -> Answers:
        """Run the classifier over a split."""
        split = self.splits[name]
        outputs = predict_logits(
            model=self.classifier.model, rows=split.encoded, compute=self.compute, stop=self.job.stop
        )
        predicted = self.task_type.decode(outputs=outputs, rows=split.rows, labels=self.job.spec.labels)
        return Answers(outputs=outputs, predicted=predicted)

    def dev_score(self) -> float:
        """Return the study's metric on dev."""
        return dev_metric(
            task_type=self.task_type,
            rows=self.splits["dev"].rows,
            predicted=self.answers("dev").predicted,
            labels=self.job.spec.labels,
            metric=self.job.spec.evaluation.metric,
        )

    def metrics(self, name: str, answers: Answers) -> dict[str, Any]:
        """Return the metrics of answers on a split, with intervals."""
        return split_metrics(
            task_type=self.task_type,
            rows=self.splits[name].rows,
            predicted=answers.predicted,
            labels=self.job.spec.labels,
            settings=self.job.spec.evaluation,
            seed=self.job.spec.seed,
        )

    def baselines(self, train_gold: Sequence[str] | None) -> dict[str, dict[str, Any]]:
        """Return the baselines on test; none without labelled training data or test."""
        if not train_gold or "test" not in self.splits:
            return {}
        return baseline_scores(
            task_type=self.task_type,
            train_gold=train_gold,
            test=self.splits["test"].rows,
            labels=self.job.spec.labels,
            metric=self.job.spec.evaluation.metric,
        )


def finish(
    *, examiner: Examiner, train_gold: Sequence[str] | None, num_train: int, num_pseudo_labels: int
) -> dict[str, Any]:
    """Score the trained classifier and write its artifact.

    Parameters
    ----------
    examiner
        holds the classifier and its held-out splits.
    train_gold
        gold answers of the training data, for the baselines; None if there are none.
    num_train
        gold rows trained on.
    num_pseudo_labels
        teacher-labelled rows trained on.

    Returns
    -------
    The run's result, as result.json holds it.
    """
    job = examiner.job
    job.progress.stage("evaluate", message="evaluating")
    answers = {name: examiner.answers(name) for name in examiner.splits}
    metrics: dict[str, Any] = {name: examiner.metrics(name, said) for name, said in answers.items()}
    metrics["baselines"] = examiner.baselines(train_gold)
    metrics["baseline"] = metrics["baselines"].get("majority")
    _log_metrics(job, metrics)
    job.progress.stage("save", message="saving the artifact")
    artifact = job.folder / ARTIFACT
    with whole_folder(artifact) as folder:
        _write_artifact(examiner, answers, metrics, folder)
    return {
        "artifact": ARTIFACT,
        "artifact_hash": folder_hash(artifact),
        "metrics": metrics,
        "num_train": num_train,
        "num_pseudo_labels": num_pseudo_labels,
        **used(job),
    }


def used(job: Job) -> dict[str, Any]:
    """Return what this attempt used up to now, and the versions it ran on."""
    return {
        "device_seconds": round(job.meter.device_seconds(), 3),
        "peak_memory_bytes": peak_memory_bytes(),
        "versions": versions(),
    }


def _write_artifact(examiner: Examiner, answers: dict[str, Answers], metrics: dict[str, Any], folder: Path) -> None:
    spec = examiner.job.spec
    label_map = LabelMap(task_type=spec.task_type, labels=tuple(spec.labels), max_length=spec.training.max_length)
    save_classifier(classifier=examiner.classifier, label_map=label_map, folder=folder)
    write_json(path=folder / "metrics.json", payload=metrics)
    shutil.copyfile(examiner.job.folder / "spec.json", folder / "spec.json")
    for name in [split for split in ("test", "dev") if split in answers][:1]:
        shares_NC = examiner.task_type.probabilities(outputs=answers[name].outputs, labels=spec.labels)
        _write_predictions(examiner.splits[name].rows, answers[name], shares_NC, folder / "predictions.jsonl")


def _write_predictions(rows: Rows, answers: Answers, shares_NC: npt.NDArray[np.float32], path: Path) -> None:
    with path.open("w", encoding="utf-8") as stream:
        for uid, gold, predicted, shares in zip(rows.uids, rows.labelled(), answers.predicted, shares_NC, strict=True):
            numbers = [round(float(share), 6) if np.isfinite(share) else None for share in shares]
            line = {"uid": uid, "gold": gold, "predicted": predicted, "probabilities": numbers}
            stream.write(json.dumps(line, ensure_ascii=False) + "\n")


def _log_metrics(job: Job, metrics: dict[str, Any]) -> None:
    metric = job.spec.evaluation.metric
    for name in ("dev", "test"):
        if name in metrics:
            found = metrics[name][metric]
            interval = f"{found['low']:.4f} to {found['high']:.4f}"
            job.progress.log(
                f"{name} {metric} {found['value']:.4f} ({interval}), {metrics[name]['num_examples']} examples"
            )
    for name, baseline in metrics["baselines"].items():
        job.progress.log(f"baseline {name} ({baseline['label']}): {metric} {baseline['value']:.4f}")
