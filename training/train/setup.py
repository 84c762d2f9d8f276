"""What a method prepares once for all its trainings: rows, loss, held-out splits, a loader of fresh models."""

import math
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
import torch
from torch import nn

from training.answers import Rows
from training.compute import Compute, seed_everything
from training.data import EncodedRows
from training.evaluation import EncodedSplit, Evaluator, predict_logits
from training.fewshot import FrozenHead
from training.job import Job
from training.learners import Classifier, encode_rows, load_classifier
from training.models import (
    EncoderClassifier,
    LogitsAndVectors,
    PretrainedUnusable,
    TextToText,
    freeze_layers,
    frozen_states,
)
from training.runtime import StopFlag
from training.spec import RunSpec
from training.tasks import TaskType
from training.train.contrast import Contrast
from training.train.loop import StepLoss
from training.train.own_answers import OwnAnswers
from training.train.vectors import VectorTarget


@dataclass(frozen=True, kw_only=True)
class GoldStage:
    """Gold rows and the loss over them, on which a distilled student is trained afterwards for some epochs."""

    rows: EncodedRows
    loss: StepLoss
    epochs: int


@dataclass(frozen=True, kw_only=True)
class TrainingSetup:
    """Encoded rows, the loss over them, and the held-out splits; `gold` is the stage that follows, if any.

    With `contrast` the encoder is trained on pairs of the rows instead, and the head fitted afterwards; with `vectors`
    on a teacher's vectors too, or alone; with `own_answers` a student that writes learns from its own in some steps. A
    checkpoint is used only if it has the same `fingerprint`. `name` is that of the curves, empty of a single training.
    """

    task_type: TaskType
    rows: EncodedRows
    loss: StepLoss
    compute: Compute
    splits: dict[str, EncodedSplit]
    fingerprint: str
    gold: GoldStage | None = None
    contrast: Contrast | None = None
    vectors: VectorTarget | None = None
    own_answers: OwnAnswers | None = None
    name: str = ""

    def held_out(self) -> dict[str, Rows]:
        return {name: split.rows for name, split in self.splits.items()}

    def evaluator(self, *, job: Job, classifier: Classifier) -> Evaluator:
        return Evaluator(
            job=job, task_type=self.task_type, classifier=classifier, compute=self.compute, splits=self.splits
        )


class ModelLoader:
    """Loads fresh classifiers, each with its head initialised by the seed of its training, or with one that is given.

    The first one is loaded at once, for its tokenizer, and used by the first training with its seed.
    """

    def __init__(self, *, spec: RunSpec, task_type: TaskType, compute: Compute) -> None:
        self.task_type = task_type
        self.asked_pooling = spec.training.pooling
        self._head: FrozenHead | None = None
        self._compute = compute
        self._seed = spec.seed
        self._first: Classifier | None = self._load(spec)
        self.tokenizer = self._first.tokenizer
        self.codec, self.frame = self._first.codec, self._first.frame
        self.pooling = self._first.model.pooling

    def __call__(self, spec: RunSpec) -> Classifier:
        """Return an untrained classifier on its device, with the layers frozen that the spec freezes."""
        first, self._first = self._first, None
        return first if first is not None and spec.seed == self._seed else self._load(spec)

    @property
    def encoder(self) -> nn.Module:
        """The checkpoint without a head, as it is until the first training begins."""
        assert self._first is not None and isinstance(self._first.model, EncoderClassifier)
        return self._first.model.encoder

    def vectors(self, rows: Rows, *, spec: RunSpec, stop: StopFlag) -> npt.NDArray[np.float32]:
        """Return what heads read of whole rows before any training, (N, S, H), S being 2 of a bi-encoder, else 1.

        Raises: StopRequested.
        """
        assert self._first is not None and isinstance(self._first.model, EncoderClassifier)
        model = self._first.model
        encoded = encode_rows(
            rows=rows,
            task_type=self.task_type,
            tokenizer=self.tokenizer,
            max_length=spec.training.max_length,
            pooling=self.pooling,
        )
        found = predict_logits(model=LogitsAndVectors(model), rows=encoded, compute=self._compute, stop=stop)
        return found.values_UC[:, model.head.out_features :].reshape(len(rows), -1, model.width)

    @property
    def has_head(self) -> bool:
        """Whether its classifiers start from a head that was fitted."""
        return self._head is not None

    def start_from(self, head: FrozenHead) -> None:
        """Give each classifier from now on this head."""
        self._head = head
        if self._first is not None:
            take_over(self._first.model, head)

    def prepared(self, rows: EncodedRows) -> EncodedRows:
        """Return rows to train on with the states behind the frozen layers, for all trainings at once."""
        assert self._first is not None
        model = self._first.model
        if isinstance(model, TextToText):
            return rows
        return replace(
            rows, frozen=frozen_states(encoder=model.encoder, pooling=model.pooling, rows=rows, compute=self._compute)
        )

    def _load(self, spec: RunSpec) -> Classifier:
        assert spec.model is not None
        seed_everything(spec.seed)
        classifier = load_classifier(
            source=spec.model,
            task_type=self.task_type,
            labels=spec.labels,
            max_length=spec.training.max_length,
            pooling=spec.training.pooling,
            answer_length=spec.training.answer_length,
        )
        if self._head is not None:
            take_over(classifier.model, self._head)
        if spec.training.adapter_rank:
            _adapt(classifier, spec)
        classifier.model.to(self._compute.device)
        freeze_layers(encoder=classifier.model.encoder, num_layers=spec.training.frozen_layers)
        return classifier


def _adapt(classifier: Classifier, spec: RunSpec) -> None:
    if not isinstance(classifier.model, TextToText):
        raise PretrainedUnusable(
            f"training.adapter_rank: {spec.model} is an encoder, and adapters are for models that write. Set it to 0."
        )
    classifier.model.adapt(spec.training.adapter_rank)


def take_over(model: nn.Module, head: FrozenHead) -> None:
    """Give an encoder's classifier a head that was fitted to its vectors."""
    assert isinstance(model, EncoderClassifier)
    folded = head.folded(unit_length=math.sqrt(len(head.centre_H)))
    model.start_from(
        centre_H=torch.from_numpy(folded.centre_H).float(),
        weight_CF=torch.from_numpy(folded.linear.weights_CF).float(),
        bias_C=torch.from_numpy(folded.linear.bias_C).float(),
    )
