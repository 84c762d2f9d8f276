"""The two texts of a pair, encoded apart and kept as one row."""

from collections.abc import Mapping
from typing import TypeVar

Value = TypeVar("Value")

SECOND = "second_"


def join_pair(first: Mapping[str, Value], second: Mapping[str, Value]) -> dict[str, Value]:
    """Return the inputs of both texts in one mapping, those of the second with SECOND before their names."""
    return {**first, **{f"{SECOND}{name}": value for name, value in second.items()}}


def split_pair(inputs: Mapping[str, Value]) -> tuple[dict[str, Value], dict[str, Value]]:
    """Return the two mappings that `join_pair` was given."""
    first = {name: value for name, value in inputs.items() if not name.startswith(SECOND)}
    second = {name.removeprefix(SECOND): value for name, value in inputs.items() if name.startswith(SECOND)}
    return first, second
