"""What a run is asked to do, read from spec.json and checked before anything heavy is imported."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from training.failures import PermanentFailure
from training.task_types import TASK_TYPES

SPEC_VERSION = 1
KINDS = ("finetune", "score", "distil")
ROLES = ("student", "teacher")
SOURCES = ("hub", "folder", "package")
PRECISIONS = ("auto", "fp32", "bf16")


class SpecInvalid(PermanentFailure):
    """spec.json asks for something that cannot be done."""


def _require(condition: bool, name: str, problem: str, mend: str) -> None:
    if not condition:
        raise SpecInvalid(f"spec.json, {name}: {problem}. {mend}")


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _is_int(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _positive_int(name: str, value: object) -> None:
    _require(_is_int(value) and value > 0, name, f"is {value!r}", "Give a whole number above 0.")  # type: ignore[operator]


def _non_negative_int(name: str, value: object) -> None:
    _require(_is_int(value) and value >= 0, name, f"is {value!r}", "Give a whole number, 0 or more.")  # type: ignore[operator]


def _positive(name: str, value: object) -> None:
    _require(_is_number(value) and value > 0, name, f"is {value!r}", "Give a number above 0.")  # type: ignore[operator]


def _non_negative(name: str, value: object) -> None:
    _require(_is_number(value) and value >= 0, name, f"is {value!r}", "Give a number, 0 or more.")  # type: ignore[operator]


def _one_of(name: str, value: object, choices: tuple[str, ...]) -> None:
    _require(value in choices, name, f"is {value!r}", f"Give one of {', '.join(choices)}.")


def _build(cls: type[Any], payload: object, where: str) -> Any:
    """Make a dataclass of a JSON object; keys it does not know are an error, never ignored."""
    if not isinstance(payload, Mapping):
        raise SpecInvalid(f"spec.json, {where}: is {payload!r}. Give a JSON object.")
    known = {f.name for f in dataclasses.fields(cls)}
    unknown = sorted(set(payload) - known)
    _require(not unknown, where, f"unknown key {', '.join(unknown)}", f"Known are {', '.join(sorted(known))}.")
    try:
        return cls(**payload)
    except TypeError as error:
        raise SpecInvalid(f"spec.json, {where}: {error}. Give every required key.") from error


@dataclass(frozen=True, kw_only=True)
class ModelSource:
    """Where a pre-trained checkpoint comes from: a hub name, a folder, or an installed package."""

    source: str
    name: str
    revision: str | None = None

    def __post_init__(self) -> None:
        _one_of("model.source", self.source, SOURCES)
        named = isinstance(self.name, str) and bool(self.name)
        _require(named, "model.name", f"is {self.name!r}", "Name the model.")

    def __str__(self) -> str:
        """As `package:all-mpnet-base-v2`, for messages."""
        return f"{self.source}:{self.name}" + (f"@{self.revision}" if self.revision else "")


@dataclass(frozen=True, kw_only=True)
class DataPaths:
    """The dataset folders of a run; None where it needs none."""

    train: Path | None = None
    dev: Path | None = None
    test: Path | None = None
    unlabelled: Path | None = None
    soft_labels: Path | None = None


@dataclass(frozen=True, kw_only=True)
class TrainingSettings:
    """How a student or teacher is trained; exactly one of epochs and steps is given.

    `batch_size` is the rows of one optimiser step; `accumulation` cuts it into that many micro-batches,
    so that it changes the memory used and never the result. `patience` ends a training after so many evaluations on dev
    without a better score; None trains to the end.
    """

    epochs: int | None = None
    steps: int | None = None
    batch_size: int = 16
    learning_rate: float = 1e-4
    head_learning_rate_factor: float = 10.0
    max_length: int = 64
    warmup_fraction: float = 0.1
    weight_decay: float = 0.01
    temperature: float = 2.0
    gold_weight: float = 0.0
    evaluations: int = 5
    accumulation: int = 1
    frozen_layers: int = 0
    patience: int | None = None
    precision: str = "auto"

    def __post_init__(self) -> None:
        for name in ("batch_size", "max_length", "evaluations", "accumulation"):
            _positive_int(f"training.{name}", getattr(self, name))
        for name in ("learning_rate", "head_learning_rate_factor", "temperature"):
            _positive(f"training.{name}", getattr(self, name))
        for name in ("weight_decay", "gold_weight", "warmup_fraction"):
            _non_negative(f"training.{name}", getattr(self, name))
        for name in ("epochs", "steps", "patience"):
            if getattr(self, name) is not None:
                _positive_int(f"training.{name}", getattr(self, name))
        _non_negative_int("training.frozen_layers", self.frozen_layers)
        _require(self.warmup_fraction <= 1, "training.warmup_fraction", "is above 1", "Give a share of 0 to 1.")
        _one_of("training.precision", self.precision, PRECISIONS)

    def check_length(self) -> None:
        """Raise SpecInvalid unless exactly one of epochs and steps says how long to train."""
        given = (self.epochs is not None) + (self.steps is not None)
        _require(given == 1, "training.epochs", f"{given} of epochs and steps are given", "Give exactly one.")


@dataclass(frozen=True, kw_only=True)
class SearchSettings:
    """What is tried on dev before the training that counts, and from how many seeds that one is repeated.

    Every rate is tried with every length; an empty list stands for the one that the training settings name.
    """

    learning_rates: tuple[float, ...] = ()
    epochs: tuple[int, ...] = ()
    num_seeds: int = 1

    def __post_init__(self) -> None:
        for name in ("learning_rates", "epochs"):
            given = getattr(self, name)
            _require(isinstance(given, list | tuple), f"search.{name}", f"is {given!r}", "Give a list of numbers.")
            object.__setattr__(self, name, tuple(given))
            distinct = len(set(given)) == len(given)
            _require(distinct, f"search.{name}", "one stands twice", "Name each once.")
        for rate in self.learning_rates:
            _positive("search.learning_rates", rate)
        for epochs in self.epochs:
            _positive_int("search.epochs", epochs)
        _positive_int("search.num_seeds", self.num_seeds)


@dataclass(frozen=True, kw_only=True)
class EvaluationSettings:
    """The study's metric and how its interval is found."""

    metric: str = "accuracy"
    num_resamples: int = 1000
    confidence: float = 0.95

    def __post_init__(self) -> None:
        _positive_int("evaluation.num_resamples", self.num_resamples)
        inside = _is_number(self.confidence) and 0 < self.confidence < 1
        _require(inside, "evaluation.confidence", f"is {self.confidence!r}", "Give a share between 0 and 1.")


@dataclass(frozen=True, kw_only=True)
class RunSpec:
    """One run: what to train or score, on which data, and how."""

    kind: str
    task_type: str
    labels: tuple[str, ...]
    version: int = SPEC_VERSION
    role: str = "student"
    model: ModelSource | None = None
    teacher_artifact: Path | None = None
    data: DataPaths = field(default_factory=DataPaths)
    training: TrainingSettings = field(default_factory=TrainingSettings)
    search: SearchSettings = field(default_factory=SearchSettings)
    evaluation: EvaluationSettings = field(default_factory=EvaluationSettings)
    seed: int = 0
    device: str = "cpu"
    num_threads: int = 1
    country: str | None = None

    def __post_init__(self) -> None:
        _require(self.version == SPEC_VERSION, "version", f"is {self.version!r}", f"Write version {SPEC_VERSION}.")
        _one_of("kind", self.kind, KINDS)
        _one_of("role", self.role, ROLES)
        _non_negative_int("seed", self.seed)
        _positive_int("num_threads", self.num_threads)
        three_letters = self.country is None or (isinstance(self.country, str) and len(self.country) == 3)
        _require(three_letters, "country", f"is {self.country!r}", "Give three letters of ISO 3166, or null.")
        self._check_labels()
        {"finetune": self._check_finetune, "score": self._check_score, "distil": self._check_distil}[self.kind]()

    def _check_labels(self) -> None:
        named = all(isinstance(label, str) and label for label in self.labels)
        _require(named, "labels", f"are {list(self.labels)!r}", "Give a list of non-empty strings.")
        distinct = len(set(self.labels)) == len(self.labels)
        _require(distinct, "labels", "one stands twice", "Name each label once.")
        least = TASK_TYPES[self.task_type].min_labels if self.task_type in TASK_TYPES else 1
        enough = len(self.labels) >= least
        _require(enough, "labels", f"{len(self.labels)} given", f"Give at least {least}.")

    def _check_finetune(self) -> None:
        _require(self.model is not None, "model", "is missing", "Name the checkpoint to start from.")
        _require(self.data.train is not None, "data.train", "is missing", "Give the labelled dataset's folder.")
        self.training.check_length()

    def _check_distil(self) -> None:
        _require(self.model is not None, "model", "is missing", "Name the checkpoint the student starts from.")
        soft = self.data.soft_labels is not None
        _require(soft, "data.soft_labels", "is missing", "Score unlabelled rows with a teacher first.")
        gold = self.training.gold_weight == 0 or self.data.train is not None
        _require(gold, "data.train", "is missing while gold_weight is above 0", "Give it, or set gold_weight 0.")
        self.training.check_length()

    def _check_score(self) -> None:
        teacher = self.model is not None or self.teacher_artifact is not None
        _require(teacher, "teacher_artifact", "is missing", "Give the folder of a fine-tuned teacher.")
        rows = self.data.unlabelled is not None
        _require(rows, "data.unlabelled", "is missing", "Give the dataset to be scored.")

    @classmethod
    def from_json(cls, path: Path) -> RunSpec:
        """Read and check a spec; its relative paths start at the run folder.

        Parameters
        ----------
        path
            the spec.json file; the folder that holds it is the run folder.

        Returns
        -------
        The spec, every path in it absolute.

        Raises
        ------
        SpecInvalid: the file cannot be read, or a field has a value that cannot be worked with.
        """
        try:
            payload = json.loads(path.read_text(encoding="utf-8"))
        except (OSError, ValueError) as error:
            raise SpecInvalid(f"spec.json cannot be read at {path}: {error}. Write a JSON object.") from error
        return cls.from_payload(payload, folder=path.resolve().parent)

    @classmethod
    def from_payload(cls, payload: object, *, folder: Path) -> RunSpec:
        """Build a spec from a decoded JSON object; relative paths start at `folder`."""
        if not isinstance(payload, Mapping):
            raise SpecInvalid("spec.json: is no JSON object. Write an object with version, kind, labels and so on.")
        values: dict[str, Any] = dict(payload)
        _require("version" in values, "version", "is missing", f"Write version {SPEC_VERSION}.")
        labels = values.get("labels", [])
        _require(isinstance(labels, list), "labels", f"are {labels!r}", "Give a list of strings.")
        values["labels"] = tuple(labels)
        if values.get("model") is not None:
            values["model"] = _build(ModelSource, values["model"], "model")
        for key, part in (
            ("training", TrainingSettings),
            ("search", SearchSettings),
            ("evaluation", EvaluationSettings),
        ):
            values[key] = _build(part, values.get(key) or {}, key)
        values["data"] = _data_paths(values.get("data") or {}, folder)
        teacher = values.get("teacher_artifact")
        values["teacher_artifact"] = _absolute("teacher_artifact", teacher, folder)
        spec: RunSpec = _build(cls, values, "the top level")
        return spec


def _data_paths(payload: object, folder: Path) -> DataPaths:
    named: DataPaths = _build(DataPaths, payload, "data")
    return DataPaths(
        **{f.name: _absolute(f"data.{f.name}", getattr(named, f.name), folder) for f in dataclasses.fields(DataPaths)}
    )


def _absolute(name: str, value: object, folder: Path) -> Path | None:
    if value is None:
        return None
    _require(isinstance(value, str) and bool(value), name, f"is {value!r}", "Give a path, or null.")
    return folder / str(value)
