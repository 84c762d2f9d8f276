"""What a run is asked to do, read from spec.json and checked before torch is imported."""

import dataclasses
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar, Self

from training.contract import ROLES, RUN_KINDS, SPEC_VERSION
from training.spec.declaring import Settings, SpecInvalid, setting
from training.spec.label_texts import LabelTexts, read_label_texts
from training.spec.recipes import pairs_texts
from training.spec.settings import (
    AUTO,
    CONTRAST,
    FINETUNE,
    FROZEN,
    MAX_SEED,
    NAMES,
    OF_WRITTEN,
    ON_POLICY,
    PROBE,
    SOFT,
    DataPaths,
    DistillationSettings,
    EvaluationSettings,
    ModelSource,
    SearchSettings,
    TrainingSettings,
    build_part,
    require,
)
from training.tasks import TASK_TYPES

# Recipes that leave the checkpoint as it is.
UNTRAINED = (NAMES, FROZEN, AUTO)


@dataclass(frozen=True, kw_only=True)
class SeedTeacher(Settings):
    """The soft labels that a student of one seed learns from, where each seed has a teacher of its own.

    `artifact` is that teacher, where it is asked about what the student writes.
    """

    section: ClassVar[str] = "teachers"

    seed: int = setting(0, most=MAX_SEED)
    soft_labels: Path
    artifact: Path | None = None


@dataclass(frozen=True, kw_only=True)
class RunSpec(Settings):
    """One run: what to train or score, on which data, and how.

    With `teachers` the student of each of their seeds learns from its own; without, all learn from `data.soft_labels`.
    """

    kind: str
    task_type: str
    labels: tuple[str, ...]
    label_texts: LabelTexts = field(default_factory=dict)
    version: int = SPEC_VERSION
    role: str = "student"
    model: ModelSource | None = None
    teacher_artifact: Path | None = None
    teachers: tuple[SeedTeacher, ...] = ()
    data: DataPaths = field(default_factory=DataPaths)
    training: TrainingSettings = field(default_factory=TrainingSettings)
    search: SearchSettings = field(default_factory=SearchSettings)
    distillation: DistillationSettings = field(default_factory=DistillationSettings)
    evaluation: EvaluationSettings = field(default_factory=EvaluationSettings)
    seed: int = setting(0, most=MAX_SEED)
    device: str = "cpu"
    num_threads: int = setting(1, least=1, most=1_024)
    country: str | None = None

    @property
    def seeds(self) -> tuple[int, ...]:
        """The seeds that the chosen settings are trained with, the search's first."""
        own = tuple(one.seed for one in self.teachers)
        return own or tuple(self.seed + place for place in range(self.search.num_seeds))

    def check_together(self) -> None:
        require(self.version == SPEC_VERSION, "version", f"is {self.version!r}", f"Write version {SPEC_VERSION}.")
        require(self.kind in RUN_KINDS, "kind", f"is {self.kind!r}", f"Give one of {', '.join(RUN_KINDS)}.")
        require(self.role in ROLES, "role", f"is {self.role!r}", f"Give one of {', '.join(ROLES)}.")
        three_letters = self.country is None or (isinstance(self.country, str) and len(self.country) == 3)
        require(three_letters, "country", f"is {self.country!r}", "Give three letters of ISO 3166, or null.")
        self._check_labels()
        if self.task_type in TASK_TYPES:
            pooling, known = self.training.pooling, TASK_TYPES[self.task_type].poolings
            require(pooling in known, "training.pooling", f"is {pooling!r}", f"Give one of {', '.join(known)}.")
            distil_from = self.distillation.distil_from
            fits = distil_from not in OF_WRITTEN or not TASK_TYPES[self.task_type].has_labels
            problem = f"is {distil_from}, and {self.task_type} has labels and no written answers"
            require(fits, "distillation.distil_from", problem, f"Set it to {SOFT}.")
        {"finetune": self._check_finetune, "score": self._check_score, "distil": self._check_distil}[self.kind]()

    def _check_labels(self) -> None:
        named = all(isinstance(label, str) and label for label in self.labels)
        require(named, "labels", f"are {list(self.labels)!r}", "Give a list of non-empty strings.")
        distinct = len(set(self.labels)) == len(self.labels)
        require(distinct, "labels", "duplicate value", "Name each label once.")
        least = TASK_TYPES[self.task_type].min_labels if self.task_type in TASK_TYPES else 1
        enough = len(self.labels) >= least
        require(enough, "labels", f"{len(self.labels)} given", f"Give at least {least}.")

    def _check_finetune(self) -> None:
        require(self.model is not None, "model", "is missing", "Name the checkpoint to start from.")
        recipe, from_names = self.training.recipe, self.training.recipe in (NAMES, AUTO)
        fix = "Give the labelled dataset's folder, or set training.recipe to names or auto."
        require(self.data.train is not None or from_names, "data.train", f"is missing for recipe {recipe}", fix)
        paired = recipe != CONTRAST or pairs_texts(TASK_TYPES[self.task_type])
        problem = f"{CONTRAST} is for single texts that are labelled as a whole, and {self.task_type} has none"
        require(paired, "training.recipe", problem, f"Set it to {PROBE} or {AUTO}.")
        known = self.data.train is not None or self.data.pool is not None
        require(known, "data.pool", "is missing while there are no labels", "Give the folder of unlabelled examples.")
        self.training.check_length()

    def _check_distil(self) -> None:
        require(self.model is not None, "model", "is missing", "Name the checkpoint the student starts from.")
        soft = self.data.soft_labels is not None or bool(self.teachers)
        require(soft, "data.soft_labels", "is missing", "Score unlabelled rows with a teacher first.")
        self._check_teachers()
        if self.distillation.distil_from == ON_POLICY:
            there = self.teacher_artifact is not None or (self.teachers and all(one.artifact for one in self.teachers))
            fix = "Give the folder of the teacher that scored, which is asked about what the student writes."
            require(bool(there), "teacher_artifact", f"is missing while distil_from is {ON_POLICY}", fix)
        for name, amount in (
            ("gold_weight", self.training.gold_weight),
            ("gold_epochs", self.distillation.gold_epochs),
        ):
            has_gold = amount == 0 or self.data.train is not None
            require(has_gold, "data.train", f"is missing while {name} is above 0", f"Give it, or set {name} 0.")
        self.training.check_length()

    def _check_teachers(self) -> None:
        seeds, num_seeds = [one.seed for one in self.teachers], self.search.num_seeds
        if seeds:
            require(len(set(seeds)) == len(seeds), "teachers", f"of seeds {seeds}", "Name each seed once.")
            fix = "Give one for each seed, or data.soft_labels for all."
            require(len(seeds) == num_seeds, "teachers", f"{len(seeds)} for {num_seeds} seeds", fix)

    def _check_score(self) -> None:
        teacher = self.model is not None or self.teacher_artifact is not None or self.data.answers is not None
        require(teacher, "teacher_artifact", "is missing", "Give the folder of a fine-tuned teacher.")
        is_new = self.model is not None and self.teacher_artifact is None and self.training.recipe != FINETUNE
        trained = is_new and self.training.recipe not in UNTRAINED
        fix = f"Give one of {', '.join(UNTRAINED)}, or fine-tune the teacher first."
        require(not trained, "training.recipe", f"{self.training.recipe} trains, and scoring does not", fix)
        rows = self.data.unlabelled is not None
        require(rows, "data.unlabelled", "is missing", "Give the dataset to be scored.")

    @classmethod
    def from_json(cls, path: Path) -> Self:
        """Read and check a spec file; relative paths start at its folder. Raises: SpecInvalid."""
        try:
            payload = json.loads(path.read_text(encoding="utf-8"))
        except (OSError, ValueError) as error:
            raise SpecInvalid(f"spec.json cannot be read at {path}: {error}. Write a JSON object.") from error
        return cls.from_payload(payload, folder=path.resolve().parent)

    @classmethod
    def from_payload(cls, payload: object, *, folder: Path) -> Self:
        if not isinstance(payload, Mapping):
            raise SpecInvalid("spec.json: is no JSON object. Write an object with version, kind, labels and so on.")
        values: dict[str, Any] = dict(payload)
        require("version" in values, "version", "is missing", f"Write version {SPEC_VERSION}.")
        labels = values.get("labels", [])
        require(isinstance(labels, list), "labels", f"are {labels!r}", "Give a list of strings.")
        values["labels"] = tuple(labels)
        values["label_texts"] = read_label_texts(values.get("label_texts") or {}, labels=values["labels"])
        if values.get("model") is not None:
            values["model"] = build_part(ModelSource, values["model"], "model")
        for key, part in (
            ("training", TrainingSettings),
            ("search", SearchSettings),
            ("distillation", DistillationSettings),
            ("evaluation", EvaluationSettings),
        ):
            values[key] = build_part(part, values.get(key) or {}, key)
        values["data"] = _data_paths(values.get("data") or {}, folder)
        values["teachers"] = _teachers(values.get("teachers") or [], folder)
        both = bool(values["teachers"]) and values["data"].soft_labels is not None
        require(not both, "teachers", "stand beside data.soft_labels", "Give one of the two.")
        teacher = values.get("teacher_artifact")
        values["teacher_artifact"] = _absolute("teacher_artifact", teacher, folder)
        spec: Self = build_part(cls, values, "the top level")
        return spec


def _data_paths(payload: object, folder: Path) -> DataPaths:
    named: DataPaths = build_part(DataPaths, payload, "data")
    return DataPaths(
        **{f.name: _absolute(f"data.{f.name}", getattr(named, f.name), folder) for f in dataclasses.fields(DataPaths)}
    )


def _teachers(payload: object, folder: Path) -> tuple[SeedTeacher, ...]:
    is_list = isinstance(payload, list) and all(isinstance(one, Mapping) for one in payload)
    require(is_list, "teachers", f"are {payload!r}", "Give a list of objects with seed and soft_labels.")
    assert isinstance(payload, list)
    teachers = []
    for one in payload:
        soft_labels = _absolute("teachers.soft_labels", one.get("soft_labels"), folder)
        require(soft_labels is not None, "teachers.soft_labels", "is missing", "Give the folder of a scoring.")
        artifact = _absolute("teachers.artifact", one.get("artifact"), folder)
        teachers.append(build_part(SeedTeacher, {**one, "soft_labels": soft_labels, "artifact": artifact}, "teachers"))
    return tuple(teachers)


def _absolute(name: str, value: object, folder: Path) -> Path | None:
    if value is None:
        return None
    require(isinstance(value, str) and bool(value), name, f"is {value!r}", "Give a path, or null.")
    return folder / str(value)
