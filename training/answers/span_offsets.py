"""Offsets of spans: checked by their own words, converted to characters, moved to the stored text."""

import unicodedata
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

from tables.signs import comparable

_SHOWN = 40
_BEYOND_UTF_16 = "\uffff"
# What tools count in that do not count characters: browsers, and programs that see bytes.
_UNITS: Mapping[str, Callable[[str], int]] = {
    "UTF-16 code units": lambda character: 2 if character > _BEYOND_UTF_16 else 1,
    "UTF-8 bytes": lambda character: len(character.encode("utf-8", "surrogatepass")),
}


class SpanMisplaced(Exception):
    """A span's own words are not at its offsets, or it splits a letter."""


@dataclass(frozen=True, kw_only=True)
class UncheckedSpan:
    """A span as in a file; `words` are its text, if the file has it."""

    start: int
    end: int
    label: str
    words: str = ""

    def fits(self, text: str) -> bool:
        """Whether its words are at its offsets, but for white space and invisible characters."""
        if not self.words:
            return True
        return 0 <= self.start <= self.end and _looks(text[self.start : self.end]) == _looks(self.words)


def in_characters(spans: Sequence[UncheckedSpan], *, text: str) -> tuple[list[UncheckedSpan], str]:
    """Check spans by their words, and convert them to characters if another unit makes all of them fit.

    Returns: the spans, and the unit of the given offsets; empty for characters. Raises: SpanMisplaced.
    """
    wrong = next((one for one in spans if not one.fits(text)), None)
    if wrong is None:
        return list(spans), ""
    for unit, width in _UNITS.items():
        moved = _counted_by(spans, text, width)
        if moved and all(one.fits(text) for one in moved):
            return moved, unit
    words, there = wrong.words[:_SHOWN], text[max(wrong.start, 0) : max(wrong.end, 0)][:_SHOWN]
    raise SpanMisplaced(f"it has a span “{words}” at {wrong.start} to {wrong.end}, where the text has “{there}”")


def can_be_miscounted(spans: Sequence[UncheckedSpan], *, text: str) -> bool:
    """Whether characters and UTF-16 units differ in a text, and no span has its words."""
    return bool(spans) and not any(one.words for one in spans) and max(text, default="") > _BEYOND_UTF_16


def offsets_kept(places: Sequence[int], *, text: str) -> dict[int, int]:
    """Map offsets in a file's text to offsets in the composed and stripped text. Raises: SpanMisplaced."""
    composed = unicodedata.normalize("NFC", text)
    num_stripped = len(composed) - len(composed.lstrip())
    found, done, length = dict[int, int](), 0, 0
    for place in sorted(set(places)):
        piece = unicodedata.normalize("NFC", text[done:place])
        if not composed.startswith(piece, length):
            raise SpanMisplaced(f"a span starts or ends at {place}, between a letter and its accent")
        done, length = place, length + len(piece)
        found[place] = length - num_stripped
    return found


def _looks(text: str) -> str:
    return " ".join(comparable(text).split())


def _counted_by(spans: Sequence[UncheckedSpan], text: str, width: Callable[[str], int]) -> list[UncheckedSpan]:
    """Convert spans from units to characters; none if one starts or ends inside a character."""
    character_at, units = {0: 0}, 0
    for index, character in enumerate(text, 1):
        units += width(character)
        character_at[units] = index
    if any(place not in character_at for one in spans for place in (one.start, one.end)):
        return []
    return [replace(one, start=character_at[one.start], end=character_at[one.end]) for one in spans]
