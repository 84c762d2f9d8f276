"""What every recipe of a run on gold labels shares: its rows, its held-out splits, a loader for a way to read them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial

import numpy as np
import numpy.typing as npt

from training.answers import Rows
from training.compute import Compute
from training.contract import SPEC_FILE
from training.evaluation import EncodedSplit, Evaluator
from training.job import Job
from training.learners import TagTransitions, encode_rows
from training.models import EncoderClassifier
from training.recipes.head_start import HeadStart, head_pooling
from training.recipes.tag_order import learned_transitions, with_transitions_by_dev
from training.runtime import file_hash
from training.spec import TrainingSettings
from training.tasks import TaskType
from training.train import (
    Contrast,
    FitResult,
    ModelLoader,
    SearchResult,
    TrainingSetup,
    TrainingTrial,
    TrialResult,
    check_variety,
    gold_objective,
    report_unreadable,
    search_and_train,
)

# Given labelled rows, it fits a head to a classifier whose encoder was tuned on them.
FitHead = Callable[[Rows, EncoderClassifier], None]


@dataclass(frozen=True, kw_only=True)
class RecipeRun:
    """A run on gold labels, `train` being None for a run without any; `held_out` are dev and test as far as given."""

    job: Job
    task_type: TaskType
    compute: Compute
    train: Rows | None
    held_out: dict[str, Rows]

    @property
    def labelled(self) -> Rows:
        """The labelled rows, of which there are some."""
        assert self.train is not None
        return self.train

    @property
    def labels_NC(self) -> npt.NDArray[np.bool_]:
        """Which labels each labelled row has, in its spans too."""
        labels = self.job.spec.labels
        place = {label: number for number, label in enumerate(labels)}
        labels_NC = np.zeros((len(self.labelled), len(labels)), dtype=np.bool_)
        for row, answer in enumerate(self.labelled.labelled()):
            for item in self.task_type.items(answer=answer, place=place):
                labels_NC[row, item[0]] = True
        return labels_NC

    def dev_only(self) -> dict[str, Rows]:
        return {name: rows for name, rows in self.held_out.items() if name == "dev"}

    @property
    def head_pooling(self) -> str:
        return head_pooling(self.task_type, self.job.spec.training.pooling)

    def loader(self, pooling: str) -> ModelLoader:
        """Load the checkpoint, to read texts in this way."""
        settings = replace(self.job.spec.training, pooling=pooling)
        self.job.progress.stage("model", message=f"loading {self.job.spec.model}")
        return ModelLoader(
            spec=replace(self.job.spec, training=settings), task_type=self.task_type, compute=self.compute
        )

    def splits(self, loader: ModelLoader) -> dict[str, EncodedSplit]:
        return {name: self._encoded(rows, loader) for name, rows in self.held_out.items()}

    def _encoded(self, rows: Rows, loader: ModelLoader) -> EncodedSplit:
        encoded = encode_rows(
            rows=rows,
            task_type=self.task_type,
            tokenizer=loader.tokenizer,
            max_length=self.job.spec.training.max_length,
            pooling=loader.pooling,
            frame=loader.frame,
        )
        return EncodedSplit(rows=rows, encoded=encoded)

    def setup(self, loader: ModelLoader, *, fit_head: FitHead | None = None) -> TrainingSetup:
        """Prepare trainings on the labelled rows, or on pairs of them where a head is fitted afterwards."""
        self.job.progress.stage("data", message="preparing data")
        report_unreadable(self.job, self.labelled, loader)
        encoded, loss = gold_objective(rows=self.labelled, loader=loader, task_type=self.task_type, spec=self.job.spec)
        return TrainingSetup(
            task_type=self.task_type,
            rows=encoded,
            loss=loss.on(self.compute.device),
            compute=self.compute,
            splits=self.splits(loader),
            fingerprint=file_hash(self.job.folder / SPEC_FILE),
            contrast=self._contrast(fit_head),
        )

    def _contrast(self, fit_head: FitHead | None) -> Contrast | None:
        if fit_head is None:
            return None
        return Contrast(labels_NC=self.labels_NC, fit_head=partial(fit_head, self.labelled))

    def settings(self, loader: ModelLoader) -> TrainingSettings:
        """Return the settings of a training: a head that was fitted already learns at the rate of the rest."""
        settings = self.job.spec.training
        factor = 1.0 if loader.has_head else settings.head_learning_rate_factor
        return replace(settings, head_learning_rate_factor=factor, pooling=loader.asked_pooling)

    def fine_tuned(self, loader: ModelLoader, *, fit_head: FitHead | None = None, name: str = "") -> SearchResult:
        """Train all, by the run's search and from all its seeds. Raises: DataInvalid (nothing to tell apart)."""
        check_variety(gold=self.labelled.labelled(), task_type=self.task_type)
        job = self.job.with_settings(self.settings(loader))
        trained = search_and_train(job=job, setup=self.setup(loader, fit_head=fit_head), loader=loader, name=name)
        return with_transitions_by_dev(job=job, trained=trained, learned=self.learned_transitions())

    def learned_transitions(self, rows: Rows | None = None) -> TagTransitions | None:
        """Learn transitions of tags from some, or from all, of the labelled rows."""
        labels, rows = self.job.spec.labels, self.train if rows is None else rows
        return learned_transitions(task_type=self.task_type, labels=labels, rows=rows)

    def untrained(self, loader: ModelLoader, start: HeadStart) -> SearchResult:
        """Return the loader's classifier, with a head that was fitted, as it is; no seed changes it."""
        job = self.job.with_settings(self.settings(loader))
        evaluator = Evaluator(
            job=job,
            task_type=self.task_type,
            classifier=loader(job.spec),
            compute=self.compute,
            splits=self.splits(loader),
            untrained=start.outputs,
            transitions=start.fit.head.transitions,
        )
        dev = evaluator.dev_score() if "dev" in evaluator.splits else None
        result = TrialResult(
            trial=TrainingTrial(settings=job.spec.training, seed=job.spec.seed),
            fitted=FitResult(dev=dev, best_step=0, num_steps=0),
        )
        return SearchResult(
            search=(result,),
            seeds=(result,),
            evaluators=(lambda: evaluator,),
            transitions_choice=start.fit.choice.transitions_choice,
        )
