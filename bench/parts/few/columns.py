"""The columns of `bench few_labels`: each turns one draw of labels into answers to the test rows.

A column sees the labelled rows, the other rows' texts and the test rows' texts. A new one, as a student that the
engine trains, is a function of a Draw and a line in COLUMNS.
"""

import itertools
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
import torch

from bench.parts.few.sets import FewSet, as_rows
from training.answers import Rows, memorised_spans
from training.compute import Compute
from training.data import ModelOutputs, Units
from training.evaluation import PartAnswers
from training.fewshot import (
    OF_PAIRS,
    OF_TEXTS,
    FrozenEncoder,
    FrozenFit,
    FrozenHead,
    FrozenStudy,
    LinearHead,
    Prior,
    UnitVectors,
    VectorStore,
    fit_logistic,
    fit_words,
    heads_of_parts,
)
from training.learners import learner_of
from training.models import load_pretrained
from training.runtime import RunCache, StopFlag
from training.spec import ModelSource
from training.tasks import TASK_TYPES, TaskType

Answers = list[str | None]
# Of entities, whose texts have many words, so many unlabelled texts are read.
POOL_OF_WORDS = 300
MOST_BYTES = 1 << 30
# By so many the time of a pass is told.
ROWS_OF_PASS = 1_000


@dataclass(frozen=True, kw_only=True)
class Answered:
    """A column's answers to test, and what it chose.

    `seconds` are the processor's for choosing, fitting and measuring the spread over labels; `of_parts` are answers of
    heads fitted to parts of the labels.
    """

    predicted: Answers
    chose: str = ""
    seconds: float = 0.0
    of_parts: PartAnswers | None = None


@dataclass(frozen=True)
class _Encoder(FrozenEncoder):
    """Keeps words' vectors as it does those of texts: a search is timed without the reading of its rows."""

    words: dict[tuple[str, ...], ModelOutputs] = field(default_factory=dict, compare=False, repr=False)

    def word_vectors(self, texts: Sequence[str], *, task_type: TaskType, stop: StopFlag) -> ModelOutputs:
        read = tuple(texts)
        if read not in self.words:
            self.words[read] = super().word_vectors(texts, task_type=task_type, stop=stop)
        return self.words[read]


class Bench:
    """One set with its frozen checkpoint: vectors of test and pool are computed once for all draws."""

    def __init__(self, few: FewSet, *, model: str, vectors: Path | None) -> None:
        self.few = few
        self.task_type = TASK_TYPES[few.task_type]
        source = ModelSource(source="package", name=model)
        loaded = load_pretrained(source=source, max_length=few.max_length)
        compute = Compute(device=torch.device("cpu"), bf16=False)
        self.encoder = _Encoder(loaded.model, loaded.tokenizer, few.max_length, compute)
        self.study = FrozenStudy(
            encoder=self.encoder,
            task_type=self.task_type,
            labels=few.labels,
            metric=few.metric,
            stop=StopFlag(),
            store=VectorStore(RunCache(folder=vectors, most_bytes=MOST_BYTES), key=self.encoder.key)
            if vectors
            else None,
        )
        self.test = as_rows(few.test, self.task_type.input_fields)
        self.test_vectors = self.study.vectors(self.test.columns)
        self.seconds_per_row = self._seconds_per_row()

    def _seconds_per_row(self) -> float:
        """Measure the processor seconds of one pass of the checkpoint, over rows of the pool, with nothing known."""
        rows = as_rows(self.few.pool[:ROWS_OF_PASS], self.task_type.input_fields)
        fresh = replace(self.study, encoder=replace(self.encoder, known={}, words={}), store=None)
        started = time.process_time()
        fresh.vectors(rows.columns)
        return (time.process_time() - started) / len(rows)

    def draw(self, *, num_labels: int, seed: int) -> "Draw":
        labelled, rest = self.few.draw(num_labels=num_labels, seed=seed)
        rest = rest[:POOL_OF_WORDS] if self.task_type.unit == "word" else rest
        fields = self.task_type.input_fields
        pool = self.study.vectors(as_rows(rest, fields).columns)
        if labelled:
            self.study.vectors(as_rows(labelled, fields).columns)
        num_rows = len(labelled) + len(rest) + len(self.test)
        seconds = num_rows * self.seconds_per_row
        return Draw(bench=self, labelled=as_rows(labelled, fields), pool=pool, seed=seed, pass_seconds=seconds)

    def decode(self, values_UC: np.ndarray) -> Answers:  # type: ignore[type-arg]
        outputs = ModelOutputs(values_UC=values_UC.astype(np.float32), bounds=self.test_vectors.bounds)
        learner = learner_of(self.task_type)
        return learner.decode(outputs=outputs, rows=self.test, labels=self.few.label_names)


@dataclass(frozen=True, kw_only=True)
class Draw:
    """One draw of labelled rows from a set, and the vectors of the rest.

    `pass_seconds` are the processor's for one pass of the checkpoint over labelled rows, pool and test.
    """

    bench: Bench
    labelled: Rows
    pool: UnitVectors
    seed: int
    pass_seconds: float

    def targets(self) -> np.ndarray:  # type: ignore[type-arg]
        """Of rows, one output per label: 1 where it applies."""
        task_type, names = self.bench.task_type, self.bench.few.label_names
        units = Units.one_per_row(len(self.labelled))
        found = learner_of(task_type).targets(rows=self.labelled, units=units, labels=names).numpy()
        return found if found.ndim == 2 else np.eye(len(names))[found]


def frozen(draw: Draw) -> Iterator[tuple[str, Answered]]:
    """The recipe chosen by folds as `chosen`, and each recipe at the strength that the folds prefer.

    Of tags, only the chosen one finds them by transitions.
    """
    started = time.process_time()
    fit = draw.bench.study.fit(labelled=draw.labelled, pool=draw.pool, seed=draw.seed)
    of_parts = _of_parts(draw, fit)
    seconds = time.process_time() - started
    chose = f"{fit.choice.chosen.recipe} {fit.choice.chosen.strength:g}"
    yield "chosen", Answered(predicted=_predict(draw, fit.head), chose=chose, seconds=seconds, of_parts=of_parts)
    for recipe in OF_PAIRS if fit.evidence.is_pairs else OF_TEXTS:
        tried = [one for one in fit.choice.candidates if one.recipe == recipe.name and not one.lacks]
        if tried:
            best = max(tried, key=lambda one: one.score or 0.0)
            linear = recipe.fit(fit.evidence, best.strength)
            yield recipe.name, Answered(predicted=_predict(draw, _with(fit, linear)), chose=f"{best.strength:g}")


def _of_parts(draw: Draw, fit: FrozenFit) -> PartAnswers | None:
    heads = heads_of_parts(fit, seed=draw.seed)
    if heads is None:
        return None
    study, test, vectors = draw.bench.study, draw.bench.test, draw.bench.test_vectors
    of_halves, of_quarters = (study.predict_by_each(of, test, vectors) for of in (heads.halves, heads.quarters))
    return PartAnswers(of_halves=of_halves, of_quarters=of_quarters)


def _with(fit: FrozenFit, linear: LinearHead) -> FrozenHead:
    return FrozenHead(linear=linear, centre_H=fit.head.centre_H, exclusive=fit.head.exclusive)


def _predict(draw: Draw, head: FrozenHead) -> Answers:
    return draw.bench.study.predict(head, draw.bench.test, draw.bench.test_vectors)


def plain_logistic(draw: Draw) -> Iterator[tuple[str, Answered]]:
    """Logistic regression at C = 1 on the frozen vectors as they are: of a pair on u, v, |u - v| and u * v."""
    if not _has_two_labels(draw):
        return
    width = draw.pool.first_UH.shape[1]
    units = draw.bench.study.labelled_units(draw.labelled, np.zeros(width))
    vectors = draw.bench.study.vectors(draw.labelled.columns)
    features, targets = _raw(vectors), units.targets_NC
    start = LinearHead(weights_CF=np.zeros((targets.shape[1], features.shape[1])), bias_C=np.zeros(targets.shape[1]))
    head = fit_logistic(
        features_NF=features,
        targets_NC=targets,
        prior=Prior(start, strength=1.0, bias_strength=1e-6),
        exclusive=draw.bench.task_type.unit != "label",
    )
    yield "plain_logistic", Answered(predicted=draw.bench.decode(head.logits(_raw(draw.bench.test_vectors))))


def _raw(vectors: UnitVectors) -> np.ndarray:  # type: ignore[type-arg]
    first = np.where(vectors.seen_U[:, None], vectors.first_UH, 0.0).astype(np.float64)
    if vectors.second_UH is None:
        return first
    second = vectors.second_UH.astype(np.float64)
    return np.concatenate([first, second, np.abs(first - second), first * second], axis=1)


def words(draw: Draw) -> Iterator[tuple[str, Answered]]:
    """Without a checkpoint: TF-IDF and a linear SVM; of entities, those of the labelled rows found again."""
    if not _has_two_labels(draw):
        return
    columns, test = draw.labelled.columns, draw.bench.test.columns
    if draw.bench.task_type.unit == "word":
        found = memorised_spans(train=columns["text"], train_gold=draw.labelled.labelled(), test=test["text"])
        yield "tfidf_svm", Answered(predicted=list(found))
        return
    model = fit_words(texts=_joined(columns), targets_NC=draw.targets())
    yield "tfidf_svm", Answered(predicted=draw.bench.decode(model.logits(_joined(test))))


def _has_two_labels(draw: Draw) -> bool:
    return len(set(draw.labelled.answers())) > 1


def _joined(columns: dict[str, list[str]]) -> list[str]:
    return [" ".join(texts) for texts in zip(*columns.values(), strict=True)]


Column = Callable[[Draw], Iterator[tuple[str, Answered]]]
COLUMNS: tuple[Column, ...] = (frozen, plain_logistic, words)


def answers(draw: Draw) -> dict[str, Answered]:
    """Every column's answers to one draw."""
    return dict(itertools.chain.from_iterable(column(draw) for column in COLUMNS))
