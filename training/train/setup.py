"""What a training method prepares once, and each of its trainings shares: rows, loss, held-out splits, a start."""

from __future__ import annotations

from dataclasses import dataclass, replace

from training.answers import Rows
from training.compute import Compute, seed_everything
from training.data import EncodedRows
from training.evaluation import Examiner, Split
from training.job import Job
from training.learners import Classifier, load_classifier
from training.models import TextToText, freeze_layers, frozen_states
from training.spec import RunSpec
from training.tasks import TaskType
from training.train.loop import StepLoss


@dataclass(frozen=True, kw_only=True)
class GoldStage:
    """Gold rows and the loss over them, which a distilled student is trained on afterwards for some epochs."""

    rows: EncodedRows
    loss: StepLoss
    epochs: int


@dataclass(frozen=True, kw_only=True)
class Lesson:
    """Encoded rows, the loss over them, the held-out splits, and a name that a checkpoint must bear to be used.

    `gold` is what follows, None where nothing does; `name` is that of its curves, empty where it is the only one.
    """

    task_type: TaskType
    rows: EncodedRows
    loss: StepLoss
    compute: Compute
    splits: dict[str, Split]
    fingerprint: str
    gold: GoldStage | None = None
    name: str = ""

    def held_out(self) -> dict[str, Rows]:
        """Return the rows of the held-out splits."""
        return {name: split.rows for name, split in self.splits.items()}

    def examiner(self, *, job: Job, classifier: Classifier) -> Examiner:
        """Return who scores a classifier on the held-out splits."""
        return Examiner(
            job=job, task_type=self.task_type, classifier=classifier, compute=self.compute, splits=self.splits
        )


class Start:
    """Hands out fresh classifiers, each with its head drawn by the seed of its training.

    The first one is loaded at once, for its tokenizer, and handed out to the first training that has its seed.
    """

    def __init__(self, *, spec: RunSpec, task_type: TaskType, compute: Compute) -> None:
        self._task_type = task_type
        self._compute = compute
        self._seed = spec.seed
        self._first: Classifier | None = self._load(spec)
        self.tokenizer = self._first.tokenizer
        self.writer = self._first.writer
        self.pooling = self._first.model.pooling

    def __call__(self, spec: RunSpec) -> Classifier:
        """Return a classifier on its device, untrained, with the layers frozen that the spec freezes."""
        first, self._first = self._first, None
        return first if first is not None and spec.seed == self._seed else self._load(spec)

    def prepared(self, rows: EncodedRows) -> EncodedRows:
        """Return rows to train on with what the frozen layers make of them, for all trainings at once."""
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
            task_type=self._task_type,
            labels=spec.labels,
            max_length=spec.training.max_length,
            pooling=spec.training.pooling,
        )
        classifier.model.to(self._compute.device)
        freeze_layers(encoder=classifier.model.encoder, num_layers=spec.training.frozen_layers)
        return classifier
