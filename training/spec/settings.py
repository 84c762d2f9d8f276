"""The parts of spec.json and the settings in them, each declared once: range, choices, default and description."""

import dataclasses
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

from training.spec.declaring import FormGroup, Settings, SpecInvalid, setting
from training.tasks import BI_ENCODER

SOURCES = ("hub", "folder", "package")
# What the platform calls a model that is asked and not loaded; no trainer is ever given one.
ENDPOINT = "endpoint"
POOLING_CHOICES = {
    "mean": "Mean of all tokens",
    "first": "First token",
    "max": "Largest value over tokens",
    BI_ENCODER: "Each text separately (bi-encoder)",
}
# `auto` takes characters where more than a few gold spans are parts of words.
SEGMENTATION_CHOICES = {
    "auto": "Words; characters where people mark parts of words",
    "word": "Words",
    "character": "Characters",
}
# The first names what a spec without the setting means, as all of them once were.
FINETUNE, AUTO, NAMES, FROZEN, PROBE, CONTRAST = "finetune", "auto", "names", "frozen", "probe", "contrast"
RECIPE_CHOICES = {
    AUTO: "Chosen on the labels",
    NAMES: "Label names; the checkpoint is not trained",
    FROZEN: "A head on the checkpoint, which is not trained",
    PROBE: "Such a head first, then fine-tuning of all",
    CONTRAST: "Fine-tuning on pairs of labelled texts, then a head",
    FINETUNE: "Fine-tuning from an untrained head",
}
FILTER_CHOICES = {
    "none": "Keep all",
    "confidence": "Keep those the teacher is most confident of",
    "random": "Keep as many at random, for comparison",
}
SOFT, VECTORS, BOTH, ANSWERS, ON_POLICY = "soft_labels", "vectors", "both", "answers", "on_policy"
# Of a teacher that writes alone.
OF_WRITTEN = (ANSWERS, ON_POLICY)
ON_POLICY_SHARE = 0.5
DISTIL_FROM_CHOICES = {
    SOFT: "Soft labels; of written answers, the distributions of their tokens",
    ANSWERS: "Written answers alone",
    ON_POLICY: "On-policy: in part distributions along what the student itself writes",
    VECTORS: "Sentence vectors, then a head on soft labels",
    BOTH: "Soft labels and sentence vectors",
}
PRECISION_CHOICES = {"auto": "By the device", "fp32": "32 bits", "bf16": "16 bits (bfloat16)"}
MAX_SEED = 2**31 - 1
# Valid names of models on the hub, and of branches, tags and commits. Neither may lead out of a folder.
HUB_NAME = re.compile(r"(?!.*(\.\.|--))\w[\w.-]{0,95}(/\w[\w.-]{0,95})?", re.ASCII)
GIT_REF = re.compile(r"(?!.*(\.\.|//|/\.|\.lock(/|$)|[./]$))\w[\w./+-]{0,199}", re.ASCII)


def require(condition: bool, name: str, problem: str, fix: str) -> None:
    """Raise SpecInvalid with the field, its problem and what to do, unless the condition holds."""
    if not condition:
        raise SpecInvalid(f"spec.json, {name}: {problem}. {fix}")


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
class ModelSource(Settings):
    """Where a pre-trained checkpoint comes from; `layers`, from 0, are those that a smaller model is carved from."""

    section: ClassVar[str] = "model"

    source: str
    name: str
    revision: str | None = None
    layers: tuple[int, ...] | None = setting(None, most=1_000, longest=1_000, is_increasing=True)

    def check_together(self) -> None:
        require(self.source in SOURCES, "model.source", f"is {self.source!r}", f"Give one of {', '.join(SOURCES)}.")
        named = isinstance(self.name, str) and bool(self.name)
        require(named, "model.name", f"is {self.name!r}", "Name the model.")
        if self.source == "hub":
            named = HUB_NAME.fullmatch(self.name) is not None
            require(named, "model.name", f"is {self.name!r}", "Write a hub name as owner/model.")
        given: object = self.revision
        valid = given is None or (isinstance(given, str) and GIT_REF.fullmatch(given) is not None)
        require(valid, "model.revision", f"is {given!r}", "Name a branch, a tag or a commit, or give null.")

    def __str__(self) -> str:
        """As `package:all-mpnet-base-v2`, for messages."""
        carved = f" (layers {', '.join(map(str, self.layers))})" if self.layers is not None else ""
        return f"{self.source}:{self.name}" + (f"@{self.revision}" if self.revision else "") + carved


@dataclass(frozen=True, kw_only=True)
class DataPaths:
    """The dataset folders of a run; None where it needs none.

    The `pool` has texts of the kind that are to be labelled, without labels: recipes for few labels start from them.
    `answers` are probabilities that a language model gave for unlabelled rows and for dev: the teacher of a scoring.
    """

    train: Path | None = None
    dev: Path | None = None
    test: Path | None = None
    unlabelled: Path | None = None
    pool: Path | None = None
    soft_labels: Path | None = None
    answers: Path | None = None


@dataclass(frozen=True, kw_only=True)
class SharedTraining(Settings):
    """What student and teacher are trained with alike."""

    batch_size: int = setting(16, least=1, most=1_024, label="Batch size", group=FormGroup.MODEL)
    max_length: int = setting(
        64, least=8, most=512, label="Maximum length (tokens)", help="Longer text is truncated.", group=FormGroup.MODEL
    )
    pooling: str = setting("mean", choices=POOLING_CHOICES, label="Pooling", group=FormGroup.MODEL)
    segmentation: str = setting(
        "auto", choices=SEGMENTATION_CHOICES, label="Entities are made of", group=FormGroup.MODEL
    )
    recipe: str = setting(
        FINETUNE,
        choices=RECIPE_CHOICES,
        label="Recipe",
        help="How a model is made from the labels, for student and teacher alike.",
    )
    answer_length: int = setting(
        64,
        least=1,
        most=512,
        label="Maximum answer length (tokens)",
        help="Of answers that are written, of which a longer one is cut and counted, or marked in a passage.",
        group=FormGroup.MODEL,
    )
    adapter_rank: int = setting(
        0,
        most=512,
        label="Rank of low-rank adapters (LoRA)",
        help="Of models that write. Only adapters are trained, and merged at the end; 0 trains all weights.",
        group=FormGroup.MODEL,
    )
    head_learning_rate_factor: float = setting(
        10.0, least=0.1, most=1_000, label="Head learning rate, as a multiple", group=FormGroup.MODEL
    )
    patience: int | None = setting(
        None,
        least=1,
        most=1_000,
        label="Early-stopping patience",
        help="Evaluations on dev without improvement before training stops.",
        blank="no early stopping",
        group=FormGroup.SEARCH,
    )


@dataclass(frozen=True, kw_only=True)
class StudentTraining(Settings):
    """What only a student is trained with."""

    frozen_layers: int = setting(
        0,
        most=1_000,
        label="Frozen layers of the student",
        help="Not trained, embeddings included.",
        group=FormGroup.MODEL,
    )


@dataclass(frozen=True, kw_only=True)
class DistilTraining(Settings):
    """The loss of a distillation."""

    temperature: float = setting(2.0, least=0.1, most=100, label="Temperature", group=FormGroup.DISTILLING)
    gold_weight: float = setting(
        0.0, most=10, label="Weight of human labels against soft labels", group=FormGroup.DISTILLING
    )
    num_answers: int = setting(
        1,
        least=1,
        most=16,
        label="Answers of the teacher per text",
        help="Of written answers. One: the likeliest. Several are drawn by the seed; each epoch has one of them.",
        group=FormGroup.DISTILLING,
    )


@dataclass(frozen=True, kw_only=True)
class TrainingSettings(DistilTraining, StudentTraining, SharedTraining):
    """How a student or teacher is trained; exactly one of epochs and steps is given.

    `accumulation` splits a batch into that many micro-batches, which changes the memory used and never the result. A
    student of soft labels follows its teacher's segmentation. `top_tokens` are kept at each place of written answers.
    A teacher writes `num_answers` to each text. With `keep_vectors`, an encoder that scores whole texts keeps its
    vectors of them for students.
    """

    section: ClassVar[str] = "training"

    epochs: int | None = setting(None, least=1, most=1_000)
    steps: int | None = setting(None, least=1, most=200_000)
    learning_rate: float = setting(1e-4, least=1e-7, most=0.1)
    warmup_fraction: float = setting(0.1, most=1)
    weight_decay: float = setting(0.01, most=10)
    evaluations: int = setting(5, least=1, most=1_000)
    accumulation: int = setting(1, least=1, most=1_024)
    top_tokens: int = setting(16, least=1, most=1_024)
    keep_vectors: bool = setting(False)
    precision: str = setting("auto", choices=PRECISION_CHOICES)

    def check_together(self) -> None:
        if self.adapter_rank and self.frozen_layers:
            self.refuse("adapter_rank", "adapters are trained in every layer. Leave frozen_layers at 0.")

    def check_length(self) -> None:
        """Raise SpecInvalid unless exactly one of epochs and steps says how long to train."""
        given = (self.epochs is not None) + (self.steps is not None)
        require(given == 1, "training.epochs", f"{given} of epochs and steps are given", "Give exactly one.")


@dataclass(frozen=True, kw_only=True)
class SharedSearch(Settings):
    """What a search repeats, besides its rates and lengths."""

    num_seeds: int = setting(1, least=1, most=20, label="Seeds", help="Repeats with other seeds; each adds cost.")


@dataclass(frozen=True, kw_only=True)
class SearchSettings(SharedSearch):
    """What is tried on dev before the final training: every rate with every length; empty means the training's own."""

    section: ClassVar[str] = "search"

    learning_rates: tuple[float, ...] = setting((), least=1e-7, most=0.1, longest=10)
    epochs: tuple[int, ...] = setting((), least=1, most=1_000, longest=10)


@dataclass(frozen=True, kw_only=True)
class DistillationSettings(Settings):
    """What a student learns from, of which rows, and how long it is trained on gold labels alone afterwards.

    The filter `random`, the control, draws as many rows as `confidence` keeps. `keep` None takes the threshold that was
    chosen on dev when the teacher scored.
    """

    section: ClassVar[str] = "distillation"

    distil_from: str = setting(
        SOFT,
        choices=DISTIL_FROM_CHOICES,
        label="Distil from",
        help="What of the teacher the student learns. Vectors are kept when the teacher scores.",
        group=FormGroup.DISTILLING,
    )
    on_policy_share: float = setting(
        ON_POLICY_SHARE,
        least=0.01,
        most=1,
        label="Share of steps on the student's own answers",
        help="On-policy only: the student writes to the texts of the step, and the teacher scores each token of it.",
        group=FormGroup.DISTILLING,
    )
    filter: str = setting("none", choices=FILTER_CHOICES, label="Soft labels", group=FormGroup.DISTILLING)
    keep: float | None = setting(
        None,
        least=0.01,
        most=1,
        label="Share kept",
        blank="chosen on dev",
        group=FormGroup.DISTILLING,
    )
    gold_epochs: int = setting(0, most=1_000, label="Epochs on the labels alone", group=FormGroup.DISTILLING)

    def check_together(self) -> None:
        if self.on_policy_share != ON_POLICY_SHARE and self.distil_from != ON_POLICY:
            self.refuse(
                "on_policy_share", f"is for {ON_POLICY} alone. Distil from that, or leave it at {ON_POLICY_SHARE}."
            )
        if self.keep is not None and self.filter == "none":
            self.refuse("keep", "needs a filter. Choose the confidence or random filter, or leave keep blank.")


@dataclass(frozen=True, kw_only=True)
class EvaluationSettings(Settings):
    """The study's metric and how its interval is found."""

    section: ClassVar[str] = "evaluation"

    metric: str = "accuracy"
    num_resamples: int = setting(1_000, least=1, most=1_000_000)
    confidence: float = setting(0.95, least=0.001, most=0.999)
