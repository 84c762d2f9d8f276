"""How a run trains: the few settings a manager chooses, their ranges, and what they mean for each kind of run."""

from dataclasses import dataclass
from typing import Any

from runs.requests.plan_checks import LISTS, RANGES, PlanInvalid, check_lists, check_numbers, check_together

# Tried on the models that packages carry: a few hundred steps need a higher rate than the usual 2e-5, few labels a
# lower one than many, and a teacher of twelve layers stays below its student.
STUDENT_STEPS = 400
STUDENT_LEARNING_RATES = (1e-4, 3e-4)
STUDENT_LEARNING_RATE = 2e-4
TEACHER_STEPS = 400
TEACHER_LEARNING_RATES = (5e-5, 1.5e-4)
TEACHER_LEARNING_RATE = 1e-4
HEAD_LEARNING_RATE_FACTOR = 10.0
BATCH_SIZE = 16
MAX_MINUTES = 60

__all__ = ["LISTS", "RANGES", "PlanInvalid", "RunPlan"]


@dataclass(frozen=True, kw_only=True)
class RunPlan:
    """Settings of a run, or of a distil chain.

    Student and teacher are each trained for steps or for epochs, never both; with neither given, for the default steps.
    Several learning rates or `search_epochs` are tried on dev, alike on both paths and for the teacher, and the best is
    trained from `num_seeds` seeds; rates None means the default search, or one rate where the study has no dev labels.
    `patience` is the number of evaluations on dev without improvement before a training stops.
    `segmentation` says whether entities are tagged word by word or character by character; auto takes characters where
    more than a few gold spans are parts of words.
    `student_layers` are the layers of the student's checkpoint that are kept, from 0; None keeps all.
    The teacher is the study's; with `self_distil` the student's own checkpoint; or what the training with the id
    `teacher_run` made. `filter` (none, confidence, random) drops soft labels: `keep` is the share that stays, None lets
    dev decide. `gold_epochs` above 0 makes a hybrid: after distilling, that many epochs on the human labels alone.
    `gold_weight` is the weight of the cross-entropy on them while distilling.
    `max_minutes` bounds each run of a chain over all its attempts, its search and seeds; it is what the hold is placed
    for. A run whose minutes are used up pauses; with `go_on` it takes more while its budget has money. `seed` None
    means the study's own.
    """

    steps: int | None = None
    epochs: int | None = None
    search_epochs: tuple[int, ...] = ()
    batch_size: int = BATCH_SIZE
    learning_rates: tuple[float, ...] | None = None
    head_learning_rate_factor: float = HEAD_LEARNING_RATE_FACTOR
    max_length: int = 64
    pooling: str = "mean"
    segmentation: str = "auto"
    frozen_layers: int = 0
    student_layers: tuple[int, ...] | None = None
    patience: int | None = None
    num_seeds: int = 1
    temperature: float = 2.0
    gold_weight: float = 0.0
    filter: str = "none"
    keep: float | None = None
    gold_epochs: int = 0
    self_distil: bool = False
    teacher_run: int | None = None
    teacher_steps: int | None = None
    teacher_epochs: int | None = None
    teacher_learning_rates: tuple[float, ...] | None = None
    seed: int | None = None
    max_minutes: int = MAX_MINUTES
    go_on: bool = False

    def __post_init__(self) -> None:
        check_numbers(self)
        check_lists(self)
        check_together(self)

    @property
    def max_seconds(self) -> int:
        return self.max_minutes * 60

    @property
    def searches(self) -> bool:
        """Whether it asks for something that is chosen on dev; the default search asks for nothing."""
        lists = (self.learning_rates, self.teacher_learning_rates, self.search_epochs)
        return any(len(tried or ()) > 1 for tried in lists)

    @property
    def is_hybrid(self) -> bool:
        return self.gold_epochs > 0

    def for_student(self) -> dict[str, Any]:
        """The trainer's settings for a student that learns from labels."""
        rates = self.learning_rates or (STUDENT_LEARNING_RATE,)
        given = {"frozen_layers": self.frozen_layers} if self.frozen_layers else {}
        return {
            **self._shared(),
            **self._length(self.steps, self.epochs, STUDENT_STEPS),
            "learning_rate": rates[0],
            **given,
        }

    def for_teacher(self) -> dict[str, Any]:
        """The trainer's settings for a teacher that learns from labels."""
        rates = self.teacher_learning_rates or (TEACHER_LEARNING_RATE,)
        length = self._length(self.teacher_steps, self.teacher_epochs, TEACHER_STEPS)
        return {**self._shared(), **length, "learning_rate": rates[0]}

    def for_scoring(self) -> dict[str, Any]:
        """The trainer's settings for a teacher's pass: what shapes its input, nothing of learning."""
        # Its batches are cut by tokens. A student's batch size here would make another request of the same scoring.
        return {"batch_size": BATCH_SIZE, "max_length": self.max_length}

    def for_distilling(self) -> dict[str, Any]:
        """The trainer's settings for a student that learns from soft labels."""
        return {**self.for_student(), "temperature": self.temperature, "gold_weight": self.gold_weight}

    def student_search(self, *, has_dev: bool) -> dict[str, Any]:
        """What is tried for a student, whatever it learns from; empty where it is one training."""
        return self._search(self.learning_rates, STUDENT_LEARNING_RATES if has_dev else ())

    def teacher_search(self, *, has_dev: bool) -> dict[str, Any]:
        """What is tried for a teacher; empty where it is one training."""
        # From one seed: a student learns from one teacher, and the spread over seeds is asked of the student.
        return self._search(self.teacher_learning_rates, TEACHER_LEARNING_RATES if has_dev else (), num_seeds=1)

    def distillation(self) -> dict[str, Any]:
        """How soft labels are chosen, and what comes after them; empty where all are taken and nothing does."""
        if self.filter == "none" and not self.is_hybrid:
            return {}
        return {"filter": self.filter, "keep": self.keep, "gold_epochs": self.gold_epochs}

    def student_model(self, reference: dict[str, Any]) -> dict[str, Any]:
        """The student's checkpoint with the layers that are kept of it."""
        return reference if self.student_layers is None else {**reference, "layers": list(self.student_layers)}

    def _search(
        self, given: tuple[float, ...] | None, default: tuple[float, ...], num_seeds: int | None = None
    ) -> dict[str, Any]:
        rates = default if given is None else given
        seeds = self.num_seeds if num_seeds is None else num_seeds
        return {
            **({"learning_rates": list(rates)} if len(rates) > 1 else {}),
            **({"epochs": list(self.search_epochs)} if self.search_epochs else {}),
            **({"num_seeds": seeds} if seeds > 1 else {}),
        }

    def _length(self, steps: int | None, epochs: int | None, default: int) -> dict[str, Any]:
        epochs = self.search_epochs[0] if self.search_epochs else epochs
        return {"steps": steps or (None if epochs else default), "epochs": epochs}

    def _shared(self) -> dict[str, Any]:
        # What has its default is left out, so that requests from before a setting came keep their key.
        return {
            "batch_size": self.batch_size,
            "head_learning_rate_factor": self.head_learning_rate_factor,
            "max_length": self.max_length,
            **({"pooling": self.pooling} if self.pooling != "mean" else {}),
            **({"segmentation": self.segmentation} if self.segmentation != "auto" else {}),
            **({"patience": self.patience} if self.patience else {}),
        }
