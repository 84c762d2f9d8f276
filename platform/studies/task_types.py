"""The kinds of problem a study can have. They are defined in training, which is imported here without torch."""

from training.task_types import TASK_TYPES as ENGINES

__all__ = ["TASK_TYPES", "UnknownTaskType", "input_fields"]

# Imports and accepted annotations are checked against the study's labels: an answer must be one of them.
TASK_TYPES = {name: ENGINES[name] for name in ("text_classification", "pair_classification")}


class UnknownTaskType(ValueError):
    """No task type has this name."""


def input_fields(task_type: str) -> tuple[str, ...]:
    if task_type not in TASK_TYPES:
        raise UnknownTaskType(f"task type: {task_type!r} is not one of {', '.join(TASK_TYPES)}.")
    return tuple(TASK_TYPES[task_type].input_fields)
