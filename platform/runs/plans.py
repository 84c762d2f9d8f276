"""How a run trains: the few settings a manager chooses, their ranges, and what they mean for each kind of run."""

from dataclasses import dataclass
from typing import Any

# Tried on the models that packages carry: a few hundred steps need a higher rate than the usual 2e-5, and a teacher of
# twelve layers stays below its student.
STUDENT_STEPS = 400
STUDENT_LEARNING_RATE = 3e-4
TEACHER_STEPS = 400
TEACHER_LEARNING_RATE = 1.5e-4
HEAD_LEARNING_RATE_FACTOR = 10.0
MAX_MINUTES = 60

RANGES: dict[str, tuple[float, float]] = {
    "steps": (1, 200_000),
    "epochs": (1, 1_000),
    "teacher_steps": (1, 200_000),
    "teacher_epochs": (1, 1_000),
    "batch_size": (1, 1_024),
    "max_length": (8, 512),
    "learning_rate": (1e-7, 1e-1),
    "teacher_learning_rate": (1e-7, 1e-1),
    "head_learning_rate_factor": (0.1, 1_000),
    "temperature": (0.1, 100),
    "gold_weight": (0, 10),
    "seed": (0, 2**31 - 1),
    "max_minutes": (1, 7 * 24 * 60),
}
_WHOLE = {"steps", "epochs", "teacher_steps", "teacher_epochs", "batch_size", "max_length", "seed", "max_minutes"}


class PlanInvalid(ValueError):
    """A setting is out of its range; the message names it."""


@dataclass(frozen=True, kw_only=True)
class RunPlan:
    """Settings of a run, or of a distil chain.

    Student and teacher are each trained for steps or for epochs, never both; with neither given, for the default steps.
    `max_minutes` bounds each run of a chain over all its attempts; it is what the hold is placed for. A run whose
    minutes are used up pauses; with `go_on` it takes more while its budget has money. `gold_weight` is the weight of
    the cross-entropy on the human labels beside the soft ones; `seed` None means the study's own.
    """

    steps: int | None = None
    epochs: int | None = None
    batch_size: int = 16
    learning_rate: float = STUDENT_LEARNING_RATE
    head_learning_rate_factor: float = HEAD_LEARNING_RATE_FACTOR
    max_length: int = 64
    temperature: float = 2.0
    gold_weight: float = 0.0
    teacher_steps: int | None = None
    teacher_epochs: int | None = None
    teacher_learning_rate: float = TEACHER_LEARNING_RATE
    seed: int | None = None
    max_minutes: int = MAX_MINUTES
    go_on: bool = False

    def __post_init__(self) -> None:
        _check_lengths("", self.steps, self.epochs)
        _check_lengths("teacher_", self.teacher_steps, self.teacher_epochs)
        for name, (least, most) in RANGES.items():
            _check_range(name, getattr(self, name), least, most)

    @property
    def max_seconds(self) -> int:
        return self.max_minutes * 60

    def for_student(self) -> dict[str, Any]:
        """The trainer's settings for a student that learns from labels."""
        return {
            **self._shared(),
            "steps": self.steps or (None if self.epochs else STUDENT_STEPS),
            "epochs": self.epochs,
            "learning_rate": self.learning_rate,
        }

    def for_teacher(self) -> dict[str, Any]:
        """The trainer's settings for a teacher that learns from labels."""
        return {
            **self._shared(),
            "steps": self.teacher_steps or (None if self.teacher_epochs else TEACHER_STEPS),
            "epochs": self.teacher_epochs,
            "learning_rate": self.teacher_learning_rate,
        }

    def for_scoring(self) -> dict[str, Any]:
        """The trainer's settings for a teacher's pass: what shapes its input, nothing of learning."""
        return {"batch_size": self.batch_size, "max_length": self.max_length}

    def for_distilling(self) -> dict[str, Any]:
        """The trainer's settings for a student that learns from soft labels."""
        return {**self.for_student(), "temperature": self.temperature, "gold_weight": self.gold_weight}

    def _shared(self) -> dict[str, Any]:
        return {
            "batch_size": self.batch_size,
            "head_learning_rate_factor": self.head_learning_rate_factor,
            "max_length": self.max_length,
        }


def _check_lengths(whose: str, steps: int | None, epochs: int | None) -> None:
    if steps is not None and epochs is not None:
        raise PlanInvalid(f"{whose}steps and {whose}epochs are both given; give one of them.")


def _check_range(name: str, value: object, least: float, most: float) -> None:
    if value is None and name in {"steps", "epochs", "teacher_steps", "teacher_epochs", "seed"}:
        return
    kinds: tuple[type, ...] = (int,) if name in _WHOLE else (int, float)
    if isinstance(value, bool) or not isinstance(value, kinds):
        raise PlanInvalid(f"{name}: {value!r} is not a {'whole ' if name in _WHOLE else ''}number.")
    if not least <= value <= most:  # type: ignore[operator]
        raise PlanInvalid(f"{name}: {value} is not between {least:,} and {most:,}.")
