"""Entities as the study behind the product writes and scores them, for comparing figures with its own.

Its text form is `words [Label] words [Label] …` in the order of the text. Its scorer (Kang, Xu and Ritter, "Distill
or Annotate? Cost-Efficient Fine-Tuning of Compact Models", 2023, released code) drops each entity's last word and keeps
one label for equal rests, so that all entities of one word are one; it asks only what gold has, never what was
predicted besides; and it takes what was not predicted for an amount, its first label. Exact span F1 is the measure;
this one is beside it.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass

import numpy as np

from training.answers.spans import Span, spans_in
from training.answers.tally import Floats, Tally, tally_of_lists

RIGHT, ASKED = range(2)
NUM_COMPAT_COUNTS = 2
FALLBACK = "AMOUNT"


def compat_tally(*, texts: Sequence[str], gold: Sequence[str], predicted: Sequence[str | None]) -> Tally:
    """Count, per example, what the study's scorer asks and what is right of it.

    Parameters
    ----------
    texts
        N sources.
    gold, predicted
        N answers, as spans; a predicted None is no answer.

    Returns
    -------
    A tally of two counts, as compat_f1 takes their sums.
    """
    counts: list[list[int]] = []
    for text, wanted, said in zip(texts, gold, predicted, strict=True):
        asked = _rests(text, spans_in(wanted))
        found = _rests(text, spans_in(said)) if said is not None else {}
        right = sum(found.get(rest, FALLBACK) == label for rest, label in asked.items())
        counts.append([RIGHT] * right + [ASKED] * len(asked))
    return tally_of_lists(counts, num_counts=NUM_COMPAT_COUNTS)


def compat_f1(totals_RK: Floats) -> Floats:
    """Return the study's micro F1, which with one answer per question is the share that is right, R values."""
    right_R: Floats = totals_RK[:, RIGHT] / np.maximum(totals_RK[:, ASKED], 1)
    return right_R


def _rests(text: str, spans: Sequence[Span]) -> dict[str, str]:
    """Map each entity's words but the last to its label; of equal ones the last stays."""
    return {" ".join(text[span.start : span.end].split()[:-1]): span.label.upper() for span in spans}


def target_text(*, text: str, spans: Sequence[Span]) -> str:
    """Write entities in the study's text form; spaces within one are single."""
    return " ".join(f"{' '.join(text[s.start : s.end].split())} [{s.label}]" for s in spans)


@dataclass(frozen=True, kw_only=True)
class Aligned:
    """Entities found in their source, and the words of those that are not there in their order."""

    spans: list[Span]
    lost: list[str]


@dataclass(frozen=True, kw_only=True)
class Mention:
    """An entity as it is written: its words and its label; `place`, from 1, says which of equal words of the text."""

    words: Sequence[str]
    label: str
    place: int | None = None


@dataclass(frozen=True)
class _Way:
    """A way to place the entities so far: how many, how many of them at word boundaries, and up to where."""

    num_placed: int = 0
    num_bounded: int = 0
    end: int = 0
    span: Span | None = None
    before: _Way | None = None

    def rank(self) -> tuple[int, int]:
        return self.num_placed, self.num_bounded


def aligned_target(*, text: str, target: str, labels: Collection[str]) -> Aligned:
    """Find the entities of the study's text form in their source; see aligned.

    Parameters
    ----------
    text
        the source.
    target
        `words [Label] words [Label] …`.
    labels
        what may be in brackets; other brackets are words.

    Returns
    -------
    The spans, in the order of the text, and what could not be placed.
    """
    return aligned(text=text, mentions=_entities(target, labels))


def aligned(*, text: str, mentions: Sequence[Mention]) -> Aligned:
    """Find mentions in their source, in their order.

    The words of one may be in the source several times. Of all ways to place them in order, one is taken that places
    most, then one with most at word boundaries, then the leftmost.

    Parameters
    ----------
    text
        the source.
    mentions
        in the order of the text.

    Returns
    -------
    The spans, in the order of the text, and what could not be placed.
    """
    ways = [_Way()]
    for mention in mentions:
        ways = _best([*ways, *_placements(ways, text, mention)])
    placed: list[Span] = []
    way: _Way | None = max(ways, key=lambda w: (*w.rank(), -w.end))
    while way is not None and way.span is not None:
        placed.insert(0, way.span)
        way = way.before
    return Aligned(spans=placed, lost=_not_placed(mentions, text, placed))


def everywhere(words: Sequence[str], text: str) -> list[tuple[int, int]]:
    """Return where words stand in a text, whatever white space is between them: (start, end) each, from the left."""
    pattern = re.compile(r"\s*".join(re.escape(word) for word in words))
    places: list[tuple[int, int]] = []
    match = pattern.search(text)
    while match is not None:
        places.append(match.span())
        match = pattern.search(text, match.start() + 1)
    return places


def _entities(target: str, labels: Collection[str]) -> list[Mention]:
    found: list[Mention] = []
    words: list[str] = []
    for word in target.split():
        if word.startswith("[") and word.endswith("]") and word[1:-1] in labels:
            if words:
                found.append(Mention(words=words, label=word[1:-1]))
            words = []
        else:
            words.append(word)
    return found


def _placements(ways: Sequence[_Way], text: str, mention: Mention) -> list[_Way]:
    places = everywhere(mention.words, text)
    if mention.place is not None:
        places = places[mention.place - 1 : mention.place]
    found: list[_Way] = []
    for start, end in places:
        # Ways stand by growing end and rank: the last that fits is the best that fits.
        way = next((way for way in reversed(ways) if way.end <= start), None)
        if way is not None:
            bounded = way.num_bounded + _is_bounded(text, start, end)
            found.append(_Way(way.num_placed + 1, bounded, end, Span(start, end, mention.label), way))
    return found


def _is_bounded(text: str, start: int, end: int) -> bool:
    inside = text[start:end]
    before = text[start - 1 : start].isalnum() and inside[0].isalnum()
    behind = text[end : end + 1].isalnum() and inside[-1].isalnum()
    return not (before or behind)


def _best(ways: Sequence[_Way]) -> list[_Way]:
    """Keep the ways that no other beats: a later end is worth having only for more placed."""
    kept: list[_Way] = []
    for way in sorted(ways, key=lambda w: (w.end, -w.num_placed, -w.num_bounded)):
        if not kept or way.rank() > kept[-1].rank():
            kept.append(way)
    return kept


def _not_placed(mentions: Sequence[Mention], text: str, placed: Sequence[Span]) -> list[str]:
    lost: list[str] = []
    rest = [("".join(text[span.start : span.end].split()), span.label) for span in placed]
    for mention in mentions:
        if rest[:1] == [("".join(mention.words), mention.label)]:
            rest.pop(0)
        else:
            lost.append(" ".join(mention.words))
    return lost
