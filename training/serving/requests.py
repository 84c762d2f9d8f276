"""What is asked of a served model: a JSON object with texts, or with pairs of them."""

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from tables.signs import is_blank, unstorable
from training.data import InputLine


class RequestInvalid(Exception):
    """A request has no texts to answer; the message says why."""


class TooManyTexts(RequestInvalid):
    """A request has more texts than are ever answered in one."""


@dataclass(frozen=True, kw_only=True)
class RequestLimits:
    """The most bytes of a request, texts or pairs in it, and characters of a text."""

    max_bytes: int
    max_texts: int
    max_characters: int


def read_request(
    body: bytes, *, fields: Sequence[str], limits: RequestLimits, optional: Sequence[str] = ()
) -> list[InputLine]:
    """Read the texts of a request; one that is no example has its problem, and harms no other. Raises: RequestInvalid.

    `fields` are the model's input fields: of one, the request has `texts`; of two, `pairs`. `optional` ones may be
    empty.
    """
    name = "texts" if len(fields) == 1 else "pairs"
    shown = '{"texts": ["…"]}' if len(fields) == 1 else '{"pairs": [["…", "…"]]}'
    try:
        payload = json.loads(body)
    except (ValueError, RecursionError):
        raise RequestInvalid(f"The body is not JSON. Send {shown}.") from None
    items = payload.get(name) if isinstance(payload, dict) else None
    if not isinstance(items, list) or not items:
        raise RequestInvalid(f"There is no list of {name}. Send {shown}.")
    if len(items) > limits.max_texts:
        raise TooManyTexts(f"There are {len(items):,} {name}, {limits.max_texts:,} is the maximum. Send fewer.")
    lines = [_line(number, item, fields, limits) for number, item in enumerate(items, start=1)]
    return [line if line.problem else _needed(line, optional) for line in lines]


def _needed(line: InputLine, optional: Sequence[str]) -> InputLine:
    """Say which text is empty that may not be."""
    empty = next((name for name, text in line.texts.items() if is_blank(text) and name not in optional), None)
    return line if empty is None else replace(line, texts={}, problem=f"has an empty {empty}")


def _line(number: int, item: Any, fields: Sequence[str], limits: RequestLimits) -> InputLine:
    texts = [item] if len(fields) == 1 else item
    if not isinstance(texts, list) or len(texts) != len(fields):
        return InputLine(number=number, uid=str(number), texts={}, problem="is no pair of texts")
    named = dict(zip(fields, texts, strict=True))
    problem = next(filter(None, (_problem(name, text, limits) for name, text in named.items())), "")
    return InputLine(number=number, uid=str(number), texts={} if problem else named, problem=problem)


def _problem(name: str, text: Any, limits: RequestLimits) -> str:
    if not isinstance(text, str):
        return f"has a {name} that is no text"
    if len(text) > limits.max_characters:
        return f"has a {name} of {len(text):,} characters, {limits.max_characters:,} is the maximum"
    if what := unstorable(text):
        return f"has a {name} with {what}"
    return ""
