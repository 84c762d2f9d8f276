"""Where spans stand: by their own words, in units other than characters, and in the text as it is kept."""

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
    """A span's own words are not where it says they are, or it cuts a letter in two."""


@dataclass(frozen=True, kw_only=True)
class GivenSpan:
    """A span as a file has it; `words` are what the file says stands there, where it says so."""

    start: int
    end: int
    label: str
    words: str = ""

    def fits(self, text: str) -> bool:
        """Whether its words are where it says, but for white space and what cannot be seen."""
        if not self.words:
            return True
        return 0 <= self.start <= self.end and _looks(text[self.start : self.end]) == _looks(self.words)


def in_characters(spans: Sequence[GivenSpan], *, text: str) -> tuple[list[GivenSpan], str]:
    """Check a text's spans by their words, and count them in characters if another unit makes all of them fit.

    Returns: the spans, and the unit that they were counted in; empty for characters.
    Raises: SpanMisplaced.
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


def can_be_miscounted(spans: Sequence[GivenSpan], *, text: str) -> bool:
    """Whether characters and UTF-16 units differ in a text, and no span says its words."""
    return bool(spans) and not any(one.words for one in spans) and max(text, default="") > _BEYOND_UTF_16


def places_kept(places: Sequence[int], *, text: str) -> dict[int, int]:
    """Say where places in a file's text stand once that text is composed and stripped. Raises: SpanMisplaced."""
    composed = unicodedata.normalize("NFC", text)
    num_stripped = len(composed) - len(composed.lstrip())
    found, done, length = dict[int, int](), 0, 0
    for place in sorted(set(places)):
        piece = unicodedata.normalize("NFC", text[done:place])
        if not composed.startswith(piece, length):
            raise SpanMisplaced(f"it has a span that starts or ends at {place}, within a letter and its accent")
        done, length = place, length + len(piece)
        found[place] = length - num_stripped
    return found


def _looks(text: str) -> str:
    return " ".join(comparable(text).split())


def _counted_by(spans: Sequence[GivenSpan], text: str, width: Callable[[str], int]) -> list[GivenSpan]:
    """Count spans in characters that are counted by widths; none where one begins or ends within a character."""
    character_at, units = {0: 0}, 0
    for index, character in enumerate(text, 1):
        units += width(character)
        character_at[units] = index
    if any(place not in character_at for one in spans for place in (one.start, one.end)):
        return []
    return [replace(one, start=character_at[one.start], end=character_at[one.end]) for one in spans]
