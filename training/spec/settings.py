"""The parts of spec.json, each checked on its own: the model, the data, how to train, search, distil and evaluate."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from training.answers import SEGMENTATIONS
from training.runtime import PermanentFailure
from training.tasks import PAIR_POOLINGS

SOURCES = ("hub", "folder", "package")
PRECISIONS = ("auto", "fp32", "bf16")
# `auto` takes characters where more than a few gold spans are parts of words; see training.answers.spans.
SEGMENTATION_CHOICES = ("auto", *SEGMENTATIONS)
FILTERS = ("none", "confidence", "random")
# As the hub takes names, and git names of branches, tags and commits. Neither may lead out of a folder.
HUB_NAME = re.compile(r"(?!.*(\.\.|--))\w[\w.-]{0,95}(/\w[\w.-]{0,95})?", re.ASCII)
GIT_REF = re.compile(r"(?!.*(\.\.|//|/\.|\.lock(/|$)|[./]$))\w[\w./+-]{0,199}", re.ASCII)


class SpecInvalid(PermanentFailure):
    """spec.json asks for something that cannot be done."""


def require(condition: bool, name: str, problem: str, remedy: str) -> None:
    """Raise SpecInvalid with the field, its problem and what to do, unless the condition holds."""
    if not condition:
        raise SpecInvalid(f"spec.json, {name}: {problem}. {remedy}")


def is_number(value: object) -> bool:
    """Say whether a decoded JSON value is a number; true and false are none."""
    return isinstance(value, int | float) and not isinstance(value, bool)


def is_int(value: object) -> bool:
    """Say whether a decoded JSON value is a whole number."""
    return isinstance(value, int) and not isinstance(value, bool)


def positive_int(name: str, value: object) -> None:
    """Raise SpecInvalid unless the field is a whole number above 0."""
    require(is_int(value) and value > 0, name, f"is {value!r}", "Give a whole number above 0.")  # type: ignore[operator]


def non_negative_int(name: str, value: object) -> None:
    """Raise SpecInvalid unless the field is a whole number, 0 or more."""
    require(is_int(value) and value >= 0, name, f"is {value!r}", "Give a whole number, 0 or more.")  # type: ignore[operator]


def positive(name: str, value: object) -> None:
    """Raise SpecInvalid unless the field is a number above 0."""
    require(is_number(value) and value > 0, name, f"is {value!r}", "Give a number above 0.")  # type: ignore[operator]


def non_negative(name: str, value: object) -> None:
    """Raise SpecInvalid unless the field is a number, 0 or more."""
    require(is_number(value) and value >= 0, name, f"is {value!r}", "Give a number, 0 or more.")  # type: ignore[operator]


def one_of(name: str, value: object, choices: tuple[str, ...]) -> None:
    """Raise SpecInvalid unless the field is one of the choices."""
    require(value in choices, name, f"is {value!r}", f"Give one of {', '.join(choices)}.")


def build_part(cls: type[Any], payload: object, where: str) -> Any:
    """Make a dataclass of a JSON object; unknown keys are an error."""
    if not isinstance(payload, Mapping):
        raise SpecInvalid(f"spec.json, {where}: is {payload!r}. Give a JSON object.")
    known = {f.name for f in dataclasses.fields(cls)}
    unknown = sorted(set(payload) - known)
    require(not unknown, where, f"unknown key {', '.join(unknown)}", f"Known are {', '.join(sorted(known))}.")
    try:
        return cls(**payload)
    except TypeError as error:
        raise SpecInvalid(f"spec.json, {where}: {error}. Give every required key.") from error


@dataclass(frozen=True, kw_only=True)
class ModelSource:
    """Where a pre-trained checkpoint comes from: a hub name, a folder, or an installed package.

    `layers` are the numbers, from 0, of those that a smaller model is carved from; None takes all.
    """

    source: str
    name: str
    revision: str | None = None
    layers: tuple[int, ...] | None = None

    def __post_init__(self) -> None:
        one_of("model.source", self.source, SOURCES)
        named = isinstance(self.name, str) and bool(self.name)
        require(named, "model.name", f"is {self.name!r}", "Name the model.")
        if self.source == "hub":
            named = HUB_NAME.fullmatch(self.name) is not None
            require(named, "model.name", f"is {self.name!r}", "Write a hub name as owner/model.")
        self._check_revision()
        if self.layers is not None:
            self._check_layers()

    def _check_revision(self) -> None:
        given: object = self.revision
        named = given is None or (isinstance(given, str) and GIT_REF.fullmatch(given) is not None)
        require(named, "model.revision", f"is {given!r}", "Name a branch, a tag or a commit, or give null.")

    def _check_layers(self) -> None:
        given: object = self.layers
        listed = isinstance(given, list | tuple) and bool(given)
        require(listed, "model.layers", f"are {given!r}", "Give a list of layer numbers, or null for all.")
        object.__setattr__(self, "layers", tuple(self.layers or ()))
        for number in self.layers or ():
            non_negative_int("model.layers", number)
        rising = list(self.layers or ()) == sorted(set(self.layers or ()))
        require(rising, "model.layers", f"are {given!r}", "Name each layer once, in rising order.")

    def __str__(self) -> str:
        """As `package:all-mpnet-base-v2`, for messages."""
        carved = f" (layers {', '.join(map(str, self.layers))})" if self.layers is not None else ""
        return f"{self.source}:{self.name}" + (f"@{self.revision}" if self.revision else "") + carved


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

    `batch_size` is the rows of one optimiser step; `accumulation` cuts it into that many micro-batches, which changes
    the memory used and never the result. `patience` is the number of evaluations on dev without improvement before a
    training ends; None: to the end. `pooling` makes one vector of an encoder's tokens. `segmentation` is what entity
    tags are on, words or characters; a student of soft labels follows its teacher. `top_tokens` is how many of the
    likeliest tokens a text-to-text teacher keeps at each place of its answers.
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
    pooling: str = "mean"
    top_tokens: int = 16
    patience: int | None = None
    precision: str = "auto"
    segmentation: str = "auto"

    def __post_init__(self) -> None:
        for name in ("batch_size", "max_length", "evaluations", "accumulation", "top_tokens"):
            positive_int(f"training.{name}", getattr(self, name))
        for name in ("learning_rate", "head_learning_rate_factor", "temperature"):
            positive(f"training.{name}", getattr(self, name))
        for name in ("weight_decay", "gold_weight", "warmup_fraction"):
            non_negative(f"training.{name}", getattr(self, name))
        for name in ("epochs", "steps", "patience"):
            if getattr(self, name) is not None:
                positive_int(f"training.{name}", getattr(self, name))
        non_negative_int("training.frozen_layers", self.frozen_layers)
        require(self.warmup_fraction <= 1, "training.warmup_fraction", "is above 1", "Give a share of 0 to 1.")
        one_of("training.precision", self.precision, PRECISIONS)
        one_of("training.segmentation", self.segmentation, SEGMENTATION_CHOICES)
        one_of("training.pooling", self.pooling, PAIR_POOLINGS)

    def check_length(self) -> None:
        """Raise SpecInvalid unless exactly one of epochs and steps says how long to train."""
        given = (self.epochs is not None) + (self.steps is not None)
        require(given == 1, "training.epochs", f"{given} of epochs and steps are given", "Give exactly one.")


@dataclass(frozen=True, kw_only=True)
class SearchSettings:
    """What is tried on dev before the final training, and from how many seeds that one is repeated.

    Every rate is tried with every length; an empty list means the one that the training settings name.
    """

    learning_rates: tuple[float, ...] = ()
    epochs: tuple[int, ...] = ()
    num_seeds: int = 1

    def __post_init__(self) -> None:
        for name in ("learning_rates", "epochs"):
            given = getattr(self, name)
            require(isinstance(given, list | tuple), f"search.{name}", f"is {given!r}", "Give a list of numbers.")
            object.__setattr__(self, name, tuple(given))
            distinct = len(set(given)) == len(given)
            require(distinct, f"search.{name}", "duplicate value", "Name each once.")
        for rate in self.learning_rates:
            positive("search.learning_rates", rate)
        for epochs in self.epochs:
            positive_int("search.epochs", epochs)
        positive_int("search.num_seeds", self.num_seeds)


@dataclass(frozen=True, kw_only=True)
class DistillationSettings:
    """Which pseudo-labelled rows a student learns from, and whether it is trained on gold labels afterwards.

    The filter `confidence` keeps the rows of which the teacher is most confident; `random`, its control, draws as many
    by the seed. `keep` is the share kept; None takes the threshold that was chosen on dev when the teacher scored.
    `gold_epochs` follow the distillation, on gold labels alone; 0 for none.
    """

    filter: str = "none"
    keep: float | None = None
    gold_epochs: int = 0

    def __post_init__(self) -> None:
        one_of("distillation.filter", self.filter, FILTERS)
        non_negative_int("distillation.gold_epochs", self.gold_epochs)
        if self.keep is not None:
            share = is_number(self.keep) and 0 < self.keep <= 1
            require(share, "distillation.keep", f"is {self.keep!r}", "Give a share above 0, at most 1, or null.")
            filtered = self.filter != "none"
            require(filtered, "distillation.keep", "is given without a filter", "Name a filter, or give null.")


@dataclass(frozen=True, kw_only=True)
class EvaluationSettings:
    """The study's metric and how its interval is found."""

    metric: str = "accuracy"
    num_resamples: int = 1000
    confidence: float = 0.95

    def __post_init__(self) -> None:
        positive_int("evaluation.num_resamples", self.num_resamples)
        inside = is_number(self.confidence) and 0 < self.confidence < 1
        require(inside, "evaluation.confidence", f"is {self.confidence!r}", "Give a share between 0 and 1.")
