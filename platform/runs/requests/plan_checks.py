"""What each setting of a plan may be, and which go together."""

from dataclasses import fields
from typing import Any

from config.refusals import Refusal
from training.spec import SEGMENTATION_CHOICES
from training.tasks import PAIR_POOLINGS

RANGES: dict[str, tuple[float, float]] = {
    "steps": (1, 200_000),
    "epochs": (1, 1_000),
    "teacher_steps": (1, 200_000),
    "teacher_epochs": (1, 1_000),
    "batch_size": (1, 1_024),
    "max_length": (8, 512),
    "head_learning_rate_factor": (0.1, 1_000),
    "frozen_layers": (0, 1_000),
    "patience": (1, 1_000),
    "num_seeds": (1, 20),
    "temperature": (0.1, 100),
    "gold_weight": (0, 10),
    "keep": (0.01, 1),
    "gold_epochs": (0, 1_000),
    "teacher_run": (1, 2**63 - 1),
    "seed": (0, 2**31 - 1),
    "max_minutes": (1, 7 * 24 * 60),
}
# Of each number of a list, and how many it may have.
LISTS: dict[str, tuple[float, float, int]] = {
    "learning_rates": (1e-7, 1e-1, 10),
    "teacher_learning_rates": (1e-7, 1e-1, 10),
    "search_epochs": (1, 1_000, 10),
    "student_layers": (0, 1_000, 1_000),
}
CHOICES = {"pooling": PAIR_POOLINGS, "filter": ("none", "confidence", "random"), "segmentation": SEGMENTATION_CHOICES}
_FRACTIONS = {
    "head_learning_rate_factor",
    "temperature",
    "gold_weight",
    "keep",
    "learning_rates",
    "teacher_learning_rates",
}


class PlanInvalid(Refusal):
    """A setting is out of its range, or does not go with another; the message names it."""


def check_together(plan: Any) -> None:
    """Check what one setting says about another. Raises: PlanInvalid."""
    for whose in ("", "teacher_"):
        if getattr(plan, f"{whose}steps") is not None and getattr(plan, f"{whose}epochs") is not None:
            raise PlanInvalid(f"{whose}steps and {whose}epochs are both given; give one of them.")
    fixed = [name for name in ("steps", "epochs", "teacher_steps", "teacher_epochs") if getattr(plan, name) is not None]
    if plan.search_epochs and fixed:
        raise PlanInvalid(
            f"the search chooses the length, and {fixed[0]} fixes it; give one of them.", field="search_epochs"
        )
    if plan.keep is not None and plan.filter == "none":
        raise PlanInvalid(
            "nothing is filtered. Choose the confidence or the random filter, or leave the share out.", field="keep"
        )
    if plan.self_distil and plan.teacher_run is not None:
        raise PlanInvalid(
            "the student's own checkpoint is the teacher already; choose one of them.", field="teacher_run"
        )
    for name, choices in CHOICES.items():
        if getattr(plan, name) not in choices:
            raise PlanInvalid(f"{getattr(plan, name)!r} is none of {', '.join(choices)}.", field=name)


def check_numbers(plan: Any) -> None:
    """Check each number against its range. Raises: PlanInvalid."""
    may_miss = {field.name for field in fields(plan) if field.default is None}
    for name, (least, most) in RANGES.items():
        value = getattr(plan, name)
        if value is not None or name not in may_miss:
            _check_number(name, value, least, most)


def check_lists(plan: Any) -> None:
    """Check each number of each list, and that there are no duplicates. Raises: PlanInvalid."""
    for name, (least, most, longest) in LISTS.items():
        values = getattr(plan, name)
        if values is None or (name == "search_epochs" and not values):
            continue
        for value in values:
            _check_number(name, value, least, most)
        if not 1 <= len(values) <= longest:
            raise PlanInvalid(f"{len(values)} are given; between 1 and {longest:,} can be.", field=name)
        if len(set(values)) < len(values):
            raise PlanInvalid("duplicate value. Name each once.", field=name)
    if plan.student_layers is not None and list(plan.student_layers) != sorted(plan.student_layers):
        raise PlanInvalid("they keep their order. Name them rising, such as 0, 2, 5.", field="student_layers")


def _check_number(name: str, value: object, least: float, most: float) -> None:
    kinds: tuple[type, ...] = (int, float) if name in _FRACTIONS else (int,)
    if isinstance(value, bool) or not isinstance(value, kinds):
        raise PlanInvalid(f"{value!r} is not a {'' if name in _FRACTIONS else 'whole '}number.", field=name)
    if not least <= value <= most:  # type: ignore[operator]
        raise PlanInvalid(f"{value} is not between {least:,} and {most:,}.", field=name)
