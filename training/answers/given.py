"""Answers as people give them, in files and annotations, and as pages show them."""

import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from tables.signs import clean, comparable
from tables.table import first_of
from training.answers.span_offsets import UncheckedSpan

SHOWN_CHARACTERS = 80
NAMED_LABELS = 8
LABELS_IN_MESSAGES = 20


class AnswerInvalid(Exception):
    """A given answer is not valid; the message says why."""


class GoldInvalid(ValueError):
    """A gold label is not a valid answer; `row` is its number."""

    def __init__(self, row: int, problem: str) -> None:
        super().__init__(problem)
        self.row = row


@dataclass(frozen=True, kw_only=True)
class LabelledSpan:
    """A label and the part of the text that it is given to; either may be empty."""

    label: str
    text: str = ""

    def __str__(self) -> str:
        return f"{self.label}: {self.text}" if self.text else self.label


def known_label(given: str, labels: Sequence[str]) -> str:
    """Find the label of a study that is given, or looks the same. Raises: AnswerInvalid."""
    if given not in labels:
        if alike := _by_looks(tuple(labels)).get(comparable(given)):
            return alike
        shown = ", ".join(labels[:NAMED_LABELS]) + (" …" if len(labels) > NAMED_LABELS else "")
        raise AnswerInvalid(f"“{given[:SHOWN_CHARACTERS]}” is not a label of this study ({shown})")
    return given


def listed(labels: Sequence[str]) -> str:
    """Name labels in a message: the first ones, and how many more there are."""
    return first_of([str(label) for label in labels], most=LABELS_IN_MESSAGES)


def shown(given: object) -> str:
    """Quote what was given in a message, cut where it is long."""
    quoted = repr(given)
    return quoted if len(quoted) <= SHOWN_CHARACTERS else f"{quoted[:SHOWN_CHARACTERS]}…"


def given_list(given: str) -> list[Any] | None:
    """Parse a JSON list; None if it is not one."""
    try:
        found = json.loads(given)
    except (ValueError, RecursionError):
        return None
    return found if isinstance(found, list) else None


def given_span(one: Any) -> UncheckedSpan | None:
    """Read a span as annotation tools write it: an object with a label or a list of one label, or a triple."""
    if isinstance(one, list) and len(one) == 3:
        one = dict(zip(("start", "end", "label"), one, strict=True))
    if not isinstance(one, dict):
        return None
    label = one.get("label", one.get("labels"))
    label = label[0] if isinstance(label, list) and len(label) == 1 else label
    start, end, words = one.get("start"), one.get("end"), one.get("text")
    if not isinstance(label, str) or type(start) is not int or type(end) is not int:
        return None
    return UncheckedSpan(start=start, end=end, label=clean(label), words=words if isinstance(words, str) else "")


@lru_cache(maxsize=8)
def _by_looks(labels: tuple[str, ...]) -> dict[str, str]:
    """Map looks to labels; two labels that look the same are left out."""
    looks = Counter(comparable(label) for label in labels)
    return {comparable(label): label for label in labels if looks[comparable(label)] == 1}
