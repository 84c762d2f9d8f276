"""A plan's settings as options of a command: each setting that is no other option, by its name with hyphens."""

import argparse
from dataclasses import fields
from typing import Any

from runs.requests.plan_checks import CHOICES, LISTS, RANGES
from runs.requests.plans import RunPlan

_HELP = {
    "max_minutes": "limit of each run, its search and seeds included; what the hold is placed for",
    "learning_rates": "tried on dev, with commas between; one rate: no search",
    "teacher_learning_rates": "likewise, for the teacher",
    "search_epochs": "lengths tried on dev, for student and teacher",
    "num_seeds": "trainings of the student whose mean is reported",
    "patience": "early-stopping patience: evaluations on dev without improvement",
    "segmentation": "entities: tag word by word, or character by character; auto goes by the gold spans",
    "student_layers": "layers kept of the student, from 0, with commas between",
    "gold_epochs": "above 0, a hybrid: epochs on the labels alone after distilling",
    "keep": "share of soft labels that a filter keeps; dev decides, if not given",
    "self_distil": "the student's own checkpoint is the teacher",
    "teacher_run": "an ended training of the study whose model is the teacher",
}
# Known by a shorter word.
_WORDS = {"max_minutes": "--minutes"}
_WHOLE_LISTS = {"search_epochs", "student_layers"}


def add_plan_arguments(parser: argparse.ArgumentParser) -> None:
    """Add an option for each setting of a plan."""
    for name in (field.name for field in fields(RunPlan)):
        word = _WORDS.get(name, f"--{name.replace('_', '-')}")
        parser.add_argument(word, dest=name, help=_HELP.get(name), **_reader(name))


def plan_of(options: dict[str, Any]) -> RunPlan:
    """The plan that a command's options give. Raises ValueError as RunPlan does."""
    named = {field.name: options[field.name] for field in fields(RunPlan)}
    return RunPlan(**{name: value for name, value in named.items() if value is not None})


def _reader(name: str) -> dict[str, Any]:
    if name in CHOICES:
        return {"choices": CHOICES[name]}
    if name in LISTS:
        return {"type": _whole_numbers if name in _WHOLE_LISTS else _numbers}
    if name in RANGES:
        return {"type": int if all(isinstance(end, int) for end in RANGES[name]) else float}
    return {"action": "store_true", "default": None}


def _numbers(text: str) -> tuple[float, ...]:
    return tuple(float(part) for part in text.split(","))


def _whole_numbers(text: str) -> tuple[int, ...]:
    return tuple(int(part) for part in text.split(","))
