"""Entities that a language model names, by their words, found in the text that it was asked about. Pure."""

import json
import re
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from connections.models import Outcome

_LONGEST_SHOWN = 60


class EntitiesUnusable(Exception):
    """Entities are not named as was asked, or not found; `outcome` says what of it is wrong."""

    def __init__(self, outcome: Outcome, fault: str) -> None:
        super().__init__(fault)
        self.outcome = outcome


class _Entity(NamedTuple):
    words: str
    label: str


class _Place(NamedTuple):
    start: int
    end: int


def read_entities(*, content: str, text: str, labels: Sequence[str]) -> str:
    """Read an answer; returns its spans as a JSON list with start, end and label, in the order of the text.

    One entity that is not found makes the whole answer unusable: without it, the others would teach that its words are
    none. Raises: EntitiesUnusable.
    """
    by_case = {label.casefold(): label for label in labels}
    named = [_known(one, labels, by_case) for one in _named(content)]
    places = _placed(named, text)
    spans = sorted((*place, one.label) for place, one in zip(places, named, strict=True))
    return json.dumps([dict(zip(("start", "end", "label"), span, strict=True)) for span in spans], ensure_ascii=False)


def _named(content: str) -> list[_Entity]:
    try:
        told = json.loads(content)
        return [_Entity(one["text"], one["label"]) for one in told["entities"]]
    except (ValueError, LookupError, TypeError, RecursionError) as error:
        raise EntitiesUnusable(Outcome.UNREADABLE, 'it is not {"entities": [{"text": …, "label": …}]}') from error


def _known(one: _Entity, labels: Sequence[str], by_case: Mapping[str, str]) -> _Entity:
    """An entity with the label as the study writes it, in whatever case it was written."""
    if not isinstance(one.words, str) or not isinstance(one.label, str):
        raise EntitiesUnusable(Outcome.UNREADABLE, "the words or the label of an entity are no text")
    label = one.label if one.label in labels else by_case.get(one.label.casefold())
    if label is None:
        raise EntitiesUnusable(Outcome.INVALID, f"{_shown(one.label)} is not one of the labels")
    return one._replace(label=label)


def _placed(named: Sequence[_Entity], text: str) -> list[_Place]:
    """Find each entity behind the one before it, else where its words stand free just once."""
    found: list[_Place] = []
    end = 0
    for one in named:
        places = _occurrences(one.words, text)
        if not places:
            raise EntitiesUnusable(Outcome.NOT_IN_TEXT, f"{_shown(one.words)} is not in the text")
        free = [place for place in places if all(place.end <= it.start or it.end <= place.start for it in found)]
        behind = [place for place in free if place.start >= end]
        if not behind and len(free) != 1:
            fault = "overlaps another entity, or is named too often" if not free else "is out of order, and there twice"
            raise EntitiesUnusable(Outcome.MISPLACED, f"{_shown(one.words)} {fault}")
        found.append((behind or free)[0])
        end = found[-1].end
    return found


def _occurrences(words: str, text: str) -> list[_Place]:
    """Where words stand in a text, whatever white space is between them; those that cut no word, where there are any.

    In whatever case, where they do not stand as they are written.
    """
    pattern = r"\s+".join(re.escape(part) for part in words.split())
    if not pattern:
        return []
    for flags in (0, re.IGNORECASE):
        places = [_Place(*match.span()) for match in re.finditer(pattern, text, flags)]
        if places:
            return [place for place in places if _cuts_no_word(place, text)] or places
    return []


def _cuts_no_word(place: _Place, text: str) -> bool:
    edges = (text[max(edge - 1, 0) : edge + 1] for edge in place)
    return not any(len(signs) == 2 and signs.isalnum() for signs in edges)


def _shown(text: str) -> str:
    return f"“{text[:_LONGEST_SHOWN]}”"
