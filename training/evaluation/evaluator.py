"""How a classifier does on the held-out splits of its run."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from training.answers import Rows
from training.compute import Compute
from training.data import EncodedRows, Outputs, read_labelled
from training.evaluation.metrics import baseline_scores, dev_metric, predict_logits, split_metrics
from training.job import Job
from training.learners import Classifier, encode_rows, learner_of
from training.spec import RunSpec
from training.tasks import TaskType


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

    def answers(self, name: str) -> Answers:
        """Run the classifier over a split."""
        split = self.splits[name]
        outputs = predict_logits(
            model=self.classifier.model, rows=split.encoded, compute=self.compute, stop=self.job.stop
        )
        predicted = learner_of(self.task_type).decode(outputs=outputs, rows=split.rows, labels=self.job.spec.labels)
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

    def metrics(self, name: str, answers: Sequence[Answers]) -> dict[str, Any]:
        """Return the metrics of each seed's answers on a split, with intervals."""
        return split_metrics(
            task_type=self.task_type,
            rows=self.splits[name].rows,
            predicted=[said.predicted for said in answers],
            labels=self.job.spec.labels,
            settings=self.job.spec.evaluation,
            seed=self.job.spec.seed,
        )

    def baselines(self, train: Rows | None) -> dict[str, dict[str, Any]]:
        """Return the baselines on test; none without labelled training data or test."""
        if train is None or "test" not in self.splits:
            return {}
        return baseline_scores(
            task_type=self.task_type,
            train=train,
            test=self.splits["test"].rows,
            labels=self.job.spec.labels,
            metric=self.job.spec.evaluation.metric,
        )


def read_splits(*, spec: RunSpec, task_type: TaskType, tokenizer: Any, pooling: str | None) -> dict[str, Split]:
    """Read and tokenise dev and test, as far as a spec has them. Raises: DataInvalid."""
    splits: dict[str, Split] = {}
    for name in ("dev", "test"):
        folder: Path | None = getattr(spec.data, name)
        if folder is not None:
            rows = read_labelled(folder=folder, name=name, task_type=task_type, labels=spec.labels)
            encoded = encode_rows(
                rows=rows,
                task_type=task_type,
                tokenizer=tokenizer,
                max_length=spec.training.max_length,
                pooling=pooling,
            )
            splits[name] = Split(rows=rows, encoded=encoded)
    return splits
