"""Entities as Kang, Xu and Ritter (2023) write and score them, for comparing figures with theirs.

The text form is `words [Label] words [Label] …` in the order of the text. The scorer ("Distill or Annotate?
Cost-Efficient Fine-Tuning of Compact Models", released code) drops each entity's last word and keeps one label for
equal rests, so that all entities of one word are one; it asks only for gold entities, never for what was predicted
besides; and it takes what was not predicted for an amount, its first label. Exact span F1 is our measure; this is
beside it.
"""

import re
from bisect import bisect_left
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from training.answers.spans import Span, spans_from_json
from training.answers.tally import Floats, MetricTally, tally_from_lists

RIGHT, ASKED = range(2)
NUM_COMPAT_COUNTS = 2
FALLBACK = "AMOUNT"
# (start, end) each, from the left.
Places = tuple[tuple[int, int], ...]


def compat_tally(*, texts: Sequence[str], gold: Sequence[str], predicted: Sequence[str | None]) -> MetricTally:
    """Count, per example, what the study's scorer asks and what is right of it; a predicted None is no answer."""
    counts: list[list[int]] = []
    for text, expected, answer in zip(texts, gold, predicted, strict=True):
        asked = _rests(text, spans_from_json(expected))
        found = _rests(text, spans_from_json(answer)) if answer is not None else {}
        right = sum(found.get(rest, FALLBACK) == label for rest, label in asked.items())
        counts.append([RIGHT] * right + [ASKED] * len(asked))
    return tally_from_lists(counts, num_counts=NUM_COMPAT_COUNTS)


def compat_f1(totals_RK: Floats) -> Floats:
    """Return the study's micro F1, (R,): with one answer per question, the share that is right."""
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
class _Placement:
    """The entities placed so far: how many, how many of them at word boundaries, and up to where."""

    num_placed: int = 0
    num_bounded: int = 0
    end: int = 0
    span: Span | None = None
    before: "_Placement | None" = None

    def rank(self) -> tuple[int, int]:
        return self.num_placed, self.num_bounded


def align_target(*, text: str, target: str, labels: Collection[str]) -> Aligned:
    """Find the entities of the study's text form in their source; brackets around anything but a label are words."""
    return align(text=text, mentions=_entities(target, labels))


def align(*, text: str, mentions: Sequence[Mention]) -> Aligned:
    """Find mentions in their source, in their order; the words of one may be there several times.

    Of all placements in order, one is taken that places most mentions, then one with most at word boundaries, then the
    leftmost.
    """
    found = [_places(mention, text) for mention in mentions]
    # Placements that cannot reach what the simplest one reaches are dropped on the way.
    least = _num_placed_at_once(places for places, _ in found)
    placements = [_Placement()]
    for number, (mention, (places, bounded)) in enumerate(zip(mentions, found, strict=True), start=1):
        candidates = _best([*placements, *_extended(placements, places, bounded, mention.label)])
        placements = [one for one in candidates if one.num_placed + len(mentions) - number >= least]
    placed: list[Span] = []
    last: _Placement | None = max(placements, key=lambda one: (*one.rank(), -one.end))
    while last is not None and last.span is not None:
        placed.append(last.span)
        last = last.before
    placed.reverse()
    return Aligned(spans=placed, lost=_not_placed(mentions, text, placed))


@lru_cache(maxsize=256)
def occurrences(words: tuple[str, ...], text: str) -> Places:
    """Return where words stand in a text, whatever white space is between them: (start, end) each, from the left."""
    pattern = re.compile(r"\s*".join(re.escape(word) for word in words))
    places: list[tuple[int, int]] = []
    match = pattern.search(text)
    while match is not None:
        places.append(match.span())
        match = pattern.search(text, match.start() + 1)
    return tuple(places)


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


@lru_cache(maxsize=256)
def _bounded_occurrences(words: tuple[str, ...], text: str) -> Places:
    """Those at word boundaries."""
    return tuple(place for place in occurrences(words, text) if _is_bounded(text, *place))


def _places(mention: Mention, text: str) -> tuple[Places, Places]:
    """Where a mention may stand, and which of these places are at word boundaries."""
    words = tuple(mention.words)
    if mention.place is None:
        return occurrences(words, text), _bounded_occurrences(words, text)
    named = occurrences(words, text)[mention.place - 1 : mention.place]
    return named, tuple(place for place in named if _is_bounded(text, *place))


def _num_placed_at_once(found: Iterable[Places]) -> int:
    """Count the mentions that are placed where each takes its first place behind the one before."""
    end = count = 0
    for places in found:
        first = bisect_left(places, (end, 0))
        if first < len(places):
            end, count = places[first][1], count + 1
    return count


def _extended(placements: Sequence[_Placement], places: Places, bounded: Places, label: str) -> Iterator[_Placement]:
    """Place one more mention behind each placement: at its first place there, and at its first at word boundaries."""
    at_boundaries = set(bounded)
    for options in (places, bounded):
        taken, behind = len(options), _Placement(end=-1)
        # They stand by growing end and rank: of those with the same next place the last is the best.
        for before in reversed(placements):
            first = bisect_left(options, (before.end, 0))
            if first < taken:
                taken = first
                start, end = options[first]
                rank = before.num_placed + 1, before.num_bounded + ((start, end) in at_boundaries)
                if rank > behind.rank() or end < behind.end:
                    yield _Placement(*rank, end, Span(start, end, label), before)
            behind = before


def _is_bounded(text: str, start: int, end: int) -> bool:
    inside = text[start:end]
    before = text[start - 1 : start].isalnum() and inside[0].isalnum()
    behind = text[end : end + 1].isalnum() and inside[-1].isalnum()
    return not (before or behind)


def _best(placements: Sequence[_Placement]) -> list[_Placement]:
    """Keep those that no other beats: a later end is worth having only for a higher rank."""
    kept: list[_Placement] = []
    for one in sorted(placements, key=lambda one: (one.end, -one.num_placed, -one.num_bounded)):
        if not kept or one.rank() > kept[-1].rank():
            kept.append(one)
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
