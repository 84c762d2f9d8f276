"""The form of written answers: a JSON list of texts, each alone or with the place where a passage has it.

`["Paris", {"text": "the capital", "start": 12}]`: `start` counts the passage's characters from 0.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from tables.signs import clean, unstorable
from training.answers.given import SHOWN_CHARACTERS, AnswerInvalid, given_list
from training.answers.span_offsets import SpanMisplaced, UncheckedSpan, in_characters, offsets_kept

MOST_ANSWER_CHARACTERS = 20_000
MOST_ANSWERS = 100
# As data sets write where an answer starts.
_STARTS = ("start", "answer_start")
NO_START = -1


@dataclass(frozen=True)
class Written:
    """One text of an answer; `start` is where its passage has it, or NO_START."""

    text: str
    start: int = NO_START


def written_to_json(texts: Iterable[Written]) -> str:
    """Write an answer: each text once, in their order."""
    return json.dumps([_as_json(one) for one in dict.fromkeys(texts)], ensure_ascii=False)


def written_in(answer: str) -> list[Written]:
    """Read an answer that `written_to_json` wrote."""
    return [Written(one) if isinstance(one, str) else Written(one["text"], one["start"]) for one in json.loads(answer)]


def given_texts(given: str, *, how: str, has_starts: bool) -> list[Written]:
    """Read what a person or a file gave: one text, a JSON list of texts, or, with places, a data set's object of lists.

    A text that begins with a bracket and is no JSON is a text. Raises: AnswerInvalid (`how` says what to write).
    """
    found = given_list(given) if given.lstrip().startswith("[") else _object_of_lists(given) if has_starts else None
    if found is None:
        return [Written(clean(given))]
    texts = [_given_text(one, has_starts) for one in found]
    read = [one for one in texts if one is not None]
    if len(read) < len(texts):
        raise AnswerInvalid(f"“{given[:SHOWN_CHARACTERS]}” is not a valid list of texts; write {how}")
    return read


def checked_texts(texts: Sequence[Written]) -> list[Written]:
    """Check the texts of an answer. Raises: AnswerInvalid."""
    if not 1 <= len(texts) <= MOST_ANSWERS:
        raise AnswerInvalid(f"it has {len(texts):,} texts; give from 1 to {MOST_ANSWERS}")
    for one in texts:
        if not one.text or clean(one.text) != one.text:
            raise AnswerInvalid(f"it has {'an empty text' if not clean(one.text) else 'a text with idle white space'}")
        if bad := unstorable(one.text):
            raise AnswerInvalid(f"it has {bad}; write it without")
        if len(one.text) > MOST_ANSWER_CHARACTERS:
            raise AnswerInvalid(f"it has {len(one.text):,} characters; the maximum is {MOST_ANSWER_CHARACTERS:,}")
    return list(texts)


def in_passage(texts: Sequence[Written], *, passage: str) -> tuple[list[Written], str]:
    """Check places by their texts and move them to the cleaned passage.

    Returns: the texts, and the unit that places were counted in, empty for characters. Raises: AnswerInvalid.
    """
    placed = [one for one in texts if one.start != NO_START]
    spans, unit = _in_characters(placed, passage)
    stripped = [_stripped(span, passage) for span in spans]
    try:
        kept = offsets_kept([span.start for span in stripped], text=passage)
    except SpanMisplaced as error:
        raise AnswerInvalid(str(error)) from None
    # The passage's own words: a file may have other white space in them.
    moved = {
        one: Written(clean(passage[span.start : span.end]), kept[span.start])
        for one, span in zip(placed, stripped, strict=True)
    }
    return [moved.get(one) or Written(clean(one.text)) for one in texts], unit


def _stripped(span: UncheckedSpan, passage: str) -> UncheckedSpan:
    words = passage[span.start : span.end]
    return replace(span, start=span.start + len(words) - len(words.lstrip()))


def _in_characters(placed: Sequence[Written], passage: str) -> tuple[list[UncheckedSpan], str]:
    for width in (len, _utf_16_units, _utf_8_bytes):
        spans = [_span(one, width(one.text)) for one in placed]
        try:
            found, unit = in_characters(spans, text=passage)
        except SpanMisplaced:
            continue
        return found, unit
    wrong = next(one for one in placed if not _span(one, len(one.text)).fits(passage))
    there = passage[max(wrong.start, 0) : max(wrong.start, 0) + len(wrong.text)]
    raise AnswerInvalid(
        f"“{wrong.text[:SHOWN_CHARACTERS]}” is to start at {wrong.start}, where the passage has "
        f"“{there[:SHOWN_CHARACTERS]}”; count characters from 0, or leave the place out"
    )


def _span(one: Written, length: int) -> UncheckedSpan:
    return UncheckedSpan(start=one.start, end=one.start + length, label="", words=one.text)


def _utf_16_units(text: str) -> int:
    return len(text.encode("utf-16-le", "surrogatepass")) // 2


def _utf_8_bytes(text: str) -> int:
    return len(text.encode("utf-8", "surrogatepass"))


def _as_json(one: Written) -> Any:
    return one.text if one.start == NO_START else {"text": one.text, "start": one.start}


def _given_text(one: Any, has_starts: bool) -> Written | None:
    if isinstance(one, str):
        return Written(clean(one))
    if not (has_starts and isinstance(one, Mapping) and isinstance(one.get("text"), str)):
        return None
    start = next((one[name] for name in _STARTS if one.get(name) is not None), NO_START)
    return Written(one["text"], start) if type(start) is int else None


def _object_of_lists(given: str) -> list[Any] | None:
    """Read `{"text": ["a"], "answer_start": [3]}`, as SQuAD's rows have it; None for anything else."""
    try:
        found = json.loads(given) if given.lstrip().startswith("{") else None
    except (ValueError, RecursionError):
        return None
    if not isinstance(found, dict) or not isinstance(found.get("text"), list):
        return None
    starts = next((found[name] for name in _STARTS if isinstance(found.get(name), list)), [None] * len(found["text"]))
    if len(starts) != len(found["text"]):
        return None
    return [{"text": text, "start": start} for text, start in zip(found["text"], starts, strict=True)]
