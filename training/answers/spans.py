"""Entities in a text: labelled spans of characters, the words they cover, and the tags of these words.

Words are found in the text itself and not by a tokenizer, so that every model has the same units. Letters, digits
and single signs are words of their own: `500mL` has two, and an entity may be either. A letter keeps its combining
marks. Scripts that put no space between words, or attach endings to names, as Japanese, Thai and Korean do, have a
word per character. Where annotators mark parts of words, as in compounds, the units are characters throughout.
"""

import json
from collections.abc import Collection, Iterable, Mapping, Sequence
from itertools import pairwise
from typing import Any, NamedTuple

import regex

from training.answers.given import GoldInvalid, listed, shown

_SPACE = r"\s\x1c-\x1f"
_LETTER = r"[\p{L}\p{No}\p{Nl}]"
# After the Unicode line breaking algorithm (UAX 14): the ideographs and syllables, and the scripts of South East Asia.
_UNSPACED = r"[\p{scx=Han}\p{scx=Hiragana}\p{scx=Katakana}\p{scx=Bopomofo}\p{scx=Hangul}\p{scx=Yi}\p{Line_Break=SA}]"
_MARK = r"[\p{M}\u200c\u200d]"
# Flags are pairs of signs; to find where one begins, \X counts the signs before it, which takes long in a long row.
_FLAG_OF_MANY = r"\p{Regional_Indicator}{2}(?=\p{Regional_Indicator})"
_CHARACTER = rf"{_FLAG_OF_MANY}|(?=[^{_SPACE}])\X"
_UNITS = {
    "word": regex.compile(
        rf"(?=[{_LETTER}&&{_UNSPACED}])\X|(?:[{_LETTER}--{_UNSPACED}]{_MARK}*)+|(?:\p{{Nd}}{_MARK}*)+|{_CHARACTER}",
        regex.VERSION1,
    ),
    "character": regex.compile(_CHARACTER, regex.VERSION1),
}
_UNSPACED_LETTER = regex.compile(rf"[{_LETTER}&&{_UNSPACED}]", regex.VERSION1)
# Of the gold spans, how many may be marked within a word before every character is a unit. A slip of the hand is fewer.
MOST_WITHIN_WORDS = 0.05
OUTSIDE = 0
# The input that holds the position of each word's token, and its value for a word that has none.
WORD_TOKENS = "word_tokens"
NO_TOKEN = -1
HOW = 'Write a JSON list of {"start": 0, "end": 4, "label": "…"}, or [] where there is no entity.'


class Span(NamedTuple):
    """Characters start to end (exclusive) of a text, with a label."""

    start: int
    end: int
    label: str


class Word(NamedTuple):
    """Characters start to end (exclusive) of one word."""

    start: int
    end: int


def words_of(text: str, segmentation: str = "word") -> list[Word]:
    """Return the words of a text in order, or its characters as a reader counts them (grapheme clusters)."""
    return [Word(*match.span()) for match in _UNITS[segmentation].finditer(text)]


def has_unspaced(text: str) -> bool:
    """Say whether a text has letters of a script that has a word per character."""
    return _UNSPACED_LETTER.search(text) is not None


def chosen_segmentation(*, texts: Sequence[str], answers: Sequence[str]) -> str:
    """Choose "character" where more than a few gold spans are parts of words, else "word"."""
    num_spans = sum(len(spans_from_json(answer)) for answer in answers)
    lost = sum(
        num_lost(spans=spans_from_json(answer), words=words_of(text))
        for text, answer in zip(texts, answers, strict=True)
    )
    return "character" if lost > MOST_WITHIN_WORDS * num_spans else "word"


def num_lost(*, spans: Sequence[Span], words: Sequence[Word], positions: Sequence[int] | None = None) -> int:
    """Count the gold spans that no tags of a text's words can give back.

    They begin or end within a word, within a token that stands for several words, or where the text is cut off.
    `positions` are those of `first_tokens`, where a model's tokens are known.
    """
    seen = list(words if positions is None else words[: len(positions)])
    labels = sorted({span.label for span in spans})
    tags: list[int | None] = [*tags_of(words=seen, spans=spans, labels={name: i for i, name in enumerate(labels)})]
    for place, position in enumerate(positions or ()):
        if position == NO_TOKEN:
            tags[place] = None
    return len(set(spans) - set(spans_of(words=seen, tags=tags, labels=labels)))


def spans_to_json(spans: Iterable[Span]) -> str:
    """Write spans as an answer: a JSON list in the order of the text."""
    return json.dumps([span._asdict() for span in sorted(spans)], ensure_ascii=False)


def spans_from_json(answer: str) -> list[Span]:
    """Read an answer that `spans_to_json` wrote."""
    return [Span(**span) for span in json.loads(answer)]


def checked_spans(*, gold: Any, text: str, labels: Collection[str], row: int) -> list[Span]:
    """Read an annotator's JSON list of spans; white space at a span's ends is left out. Raises: GoldInvalid."""
    try:
        parts = json.loads(gold)
        if not isinstance(parts, list):
            raise TypeError(f"{type(parts).__name__} where a list belongs")
        spans = sorted(Span(start=part["start"], end=part["end"], label=part["label"]) for part in parts)
    except (TypeError, ValueError, KeyError) as error:
        raise GoldInvalid(row, f"has label {shown(gold)}, which is no list of spans. {HOW}") from error
    spans = [_checked(span, text, labels, row) for span in spans]
    for first, second in pairwise(spans):
        if second.start < first.end:
            raise GoldInvalid(row, f"has overlapping spans: {_named(first)} and {_named(second)}. Keep one of them.")
    return spans


def _checked(span: Span, text: str, labels: Collection[str], row: int) -> Span:
    if type(span.start) is not int or type(span.end) is not int or span.start < 0 or span.end > len(text):
        raise GoldInvalid(
            row, f"has a span {_named(span)}, its text has {len(text)} characters. Count characters from 0."
        )
    if not isinstance(span.label, str) or span.label not in labels:
        raise GoldInvalid(row, f"has a span {_named(span)}. The labels are {listed(list(labels))}.")
    found = text[span.start : span.end]
    if not found.strip():
        raise GoldInvalid(row, f"has a span {_named(span)} with nothing in it. Remove it.")
    return Span(span.start + len(found) - len(found.lstrip()), span.start + len(found.rstrip()), span.label)


def _named(span: Span) -> str:
    return f"{span.start} to {span.end} ({span.label})"


def tags_of(*, words: Sequence[Word], spans: Sequence[Span], labels: Mapping[str, int]) -> list[int]:
    """Tag words: 0 outside, 1 + 2 k where an entity of label k begins, 2 + 2 k inside of it; spans are in order.

    A span that starts or ends within a word takes the whole word; a word that two spans share is the first one's.
    """
    tags = [OUTSIDE] * len(words)
    free = 0
    for span in spans:
        while free < len(words) and words[free].end <= span.start:
            free += 1
        begin = 1 + 2 * labels[span.label]
        first = free
        while free < len(words) and words[free].start < span.end:
            tags[free] = begin if free == first else begin + 1
            free += 1
    return tags


def spans_of(*, words: Sequence[Word], tags: Sequence[int | None], labels: Sequence[str]) -> list[Span]:
    """Read entities from one tag per word.

    A tag that continues an entity which did not begin before it begins one itself (Tjong Kim Sang and Buchholz,
    "Introduction to the CoNLL-2000 Shared Task", 2000). A word whose tag is None, since it shares its token with the
    word before, continues what that one is in.
    """
    spans: list[Span] = []
    current: str | None = None
    for word, tag in zip(words, tags, strict=True):
        if tag == OUTSIDE:
            current = None
        elif tag is None or (tag % 2 == 0 and current == labels[(tag - 1) // 2]):
            if current is not None:
                spans[-1] = spans[-1]._replace(end=word.end)
        else:
            current = labels[(tag - 1) // 2]
            spans.append(Span(word.start, word.end, current))
    return spans


def first_tokens(*, words: Sequence[Word], offsets: Sequence[tuple[int, int]]) -> list[int]:
    """Find the token that stands for each word: its first one, so that long words count as much as short ones.

    A token is used once: where it covers several words it stands for the first, and the others get NO_TOKEN. There is a
    position per word up to the last one that a token reaches. `offsets` are as a fast tokenizer gives them, empty for
    special tokens.
    """
    positions: list[int] = []
    token, last = 0, max((end for _, end in offsets), default=0)
    for word in words:
        if word.start >= last:
            break
        while token < len(offsets) and (offsets[token][1] <= word.start or offsets[token][0] == offsets[token][1]):
            token += 1
        if token < len(offsets) and offsets[token][0] < word.end:
            positions.append(token)
            token += 1
        else:
            positions.append(NO_TOKEN)
    return positions
