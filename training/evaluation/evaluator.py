"""A classifier's results on the held-out splits of its run."""

import hashlib
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from training.answers import Rows
from training.compute import Compute
from training.data import EncodedRows, ModelOutputs, PromptFrame, read_labelled
from training.evaluation.metrics import PartAnswers, SplitAnswers, baseline_scores, metric_value, split_metrics
from training.evaluation.outputs import EncodedSplit, SplitPredictions, predict_answers, token_probability
from training.job import Job
from training.learners import Classifier, TagTransitions, TaskLearner, encode_rows, learner_of, with_gold_tokens
from training.models import TextToText
from training.spec import RunSpec
from training.tasks import TaskType

# Raised with every change of how baselines answer: earlier ones are then not read.
BASELINES_VERSION = 1


@dataclass(frozen=True, kw_only=True)
class Evaluator:
    """Holds the held-out splits of a run and scores a classifier on them.

    `untrained` answers for a classifier that is a head on a checkpoint as it is, from the vectors that are known. Tags
    are found by `transitions`, too, where it has some.
    """

    job: Job
    task_type: TaskType
    classifier: Classifier
    compute: Compute
    splits: dict[str, EncodedSplit]
    untrained: Callable[[Rows], ModelOutputs] | None = None
    transitions: TagTransitions | None = None

    @property
    def learner(self) -> TaskLearner:
        return learner_of(self.task_type, self.transitions)

    def predict(self, name: str) -> SplitPredictions:
        split, labels = self.splits[name], self.job.spec.labels
        if self.untrained is None:
            return predict_answers(
                model=self.classifier.model,
                learner=self.learner,
                labels=labels,
                split=split,
                compute=self.compute,
                stop=self.job.stop,
            )
        outputs = self.untrained(split.rows)
        predicted = self.learner.decode(outputs=outputs, rows=split.rows, labels=labels)
        return SplitPredictions(outputs=outputs, predicted=predicted)

    @property
    def dev_criterion(self) -> str:
        """What `dev_score` is: the study's metric or, since writing answers takes long, how likely gold ones are."""
        return self.task_type.dev_criterion.lower() or self.job.spec.evaluation.metric

    @cached_property
    def _taught_dev(self) -> EncodedRows:
        split, codec = self.splits["dev"], self.classifier.codec
        assert codec is not None
        return with_gold_tokens(encoded=split.encoded, rows=split.rows, codec=codec, all_references=False)

    def dev_score(self) -> float:
        """Return what selects the best step and the best settings; higher is better, 0 to 1."""
        if self.task_type.is_written:
            assert isinstance(self.classifier.model, TextToText)
            return token_probability(
                model=self.classifier.model, taught=self._taught_dev, compute=self.compute, stop=self.job.stop
            )
        return metric_value(
            task_type=self.task_type,
            rows=self.splits["dev"].rows,
            predicted=self.predict("dev").predicted,
            labels=self.job.spec.labels,
            metric=self.job.spec.evaluation.metric,
        )

    def metrics(
        self, name: str, predictions: Sequence[SplitPredictions], of_parts: PartAnswers | None = None
    ) -> dict[str, Any]:
        """Return the metrics of each seed's predictions on a split, with intervals; see split_metrics."""
        metrics = split_metrics(
            task_type=self.task_type,
            rows=self.splits[name].rows,
            answers=SplitAnswers(
                of_seeds=[one.predicted for one in predictions],
                of_parts=of_parts,
                num_teachers=len(self.job.spec.teachers),
            ),
            labels=self.job.spec.labels,
            settings=self.job.spec.evaluation,
            seed=self.job.spec.seed,
        )
        return {**metrics, "num_cut": sum(one.num_cut for one in predictions)} if self.task_type.is_written else metrics

    def baselines(self, train: Rows | None) -> dict[str, dict[str, Any]]:
        """Return the baselines on test, kept for the same rows; none without labelled training data or test."""
        if train is None or "test" not in self.splits:
            return {}
        test, spec, cache = self.splits["test"].rows, self.job.spec, self.job.cache
        name = f"baselines/{_baselines_key(spec=spec, task_type=self.task_type, snapshots=(train, test))}"
        kept = None if cache is None else cache.read(name)
        if kept is not None:
            found: dict[str, dict[str, Any]] = json.loads(kept)
            return found
        found = baseline_scores(
            task_type=self.task_type,
            train=train,
            test=test,
            labels=spec.labels,
            metric=spec.evaluation.metric,
        )
        if cache is not None:
            cache.write(name, json.dumps(found).encode())
        return found


def _baselines_key(*, spec: RunSpec, task_type: TaskType, snapshots: Sequence[Rows]) -> str:
    """Return one SHA-256 over all that baselines depend on."""
    metric = spec.evaluation.metric
    measured_by = task_type.measured_by.get(metric, "")
    asked = [BASELINES_VERSION, task_type.name, task_type.segmentation, spec.labels, metric, measured_by]
    digest = hashlib.sha256(json.dumps(asked).encode())
    for rows in snapshots:
        digest.update(f"{len(rows)} {sorted(rows.columns)}\n".encode())
        for row in zip(*(rows.columns[name] for name in sorted(rows.columns)), rows.labelled(), strict=True):
            digest.update(json.dumps(row).encode())
    return digest.hexdigest()


def read_splits(
    *, spec: RunSpec, task_type: TaskType, tokenizer: Any, pooling: str | None, frame: PromptFrame | None = None
) -> dict[str, EncodedSplit]:
    """Read and tokenise those of dev and test that a spec has. Raises: DataInvalid."""
    splits: dict[str, EncodedSplit] = {}
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
                frame=frame,
            )
            splits[name] = EncodedSplit(rows=rows, encoded=encoded)
    return splits
