"""How a text-to-text model writes answers, and how what it generated is read back.

A tokenizer may not reproduce a text exactly (spaces, signs it does not know), so that labels are recognised by how it
writes them: `names` maps each label so written, without its spaces, to the label.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from functools import lru_cache

import regex

from training.answers.kang2023 import Mention, align, occurrences, target_text
from training.answers.spans import Span

BETWEEN_LABELS = "; "


def without_spaces(text: str) -> str:
    """Return a text without white space, which tokenizers add and drop."""
    return "".join(text.split())


def read_labels(*, generated: str, names: Mapping[str, str]) -> list[str] | None:
    """Read labels with BETWEEN_LABELS between them, nothing for none; None if there is anything else."""
    mark = BETWEEN_LABELS.strip()
    rest = without_spaces(generated) + mark if generated.strip() else ""
    found: list[str] = []
    while rest:
        fitting = [name for name in names if rest.startswith(name + mark)]
        if not fitting:
            return None
        longest = max(fitting, key=len)
        found.append(names[longest])
        rest = rest[len(longest) + len(mark) :]
    return found


def write_entities(*, text: str, spans: Sequence[Span], labels: Collection[str]) -> str:
    """Write entities so that `read_entities` finds them again: in the study's text form, wherever that is enough.

    An entity that would be taken for an earlier occurrence of the same words gets its place among them behind its
    label, `May [Month] [2]`. Brackets around a label that is part of an entity's words are doubled.
    """
    spans = sorted(spans)
    plain = target_text(text=text, spans=spans)
    names = {without_spaces(label): label for label in (*labels, *(span.label for span in spans))}
    found = read_entities(generated=plain, text=text, names=names)
    if found == spans:
        return plain
    shifted = [span for span in spans if found is not None and span not in found]
    for numbered in ([], shifted, spans):
        written = _numbered(text, spans, numbered, names)
        if read_entities(generated=written, text=text, names=names) == spans:
            return written
    return plain


def _numbered(text: str, spans: Sequence[Span], shifted: Sequence[Span], names: Mapping[str, str]) -> str:
    return " ".join(_mention_written(text, span, span in shifted, _label_pattern(tuple(names))) for span in spans)


def _mention_written(text: str, span: Span, is_numbered: bool, label: regex.Pattern[str]) -> str:
    words = text[span.start : span.end].split()
    written = label.sub(lambda match: f"[{match[0]}]", " ".join(words))
    if not is_numbered:
        return f"{written} [{span.label}]"
    small = _small(text)
    places = occurrences(tuple(without_spaces(small[span.start : span.end])), small)
    return f"{written} [{span.label}] [{1 + [start for start, _ in places].index(span.start)}]"


def read_entities(*, generated: str, text: str, names: Mapping[str, str]) -> list[Span] | None:
    """Read `words [Label] …` and find the spans in their text; None for anything else, or words that the text lacks."""
    # Words, label and place of each mention, then what is left.
    pieces = _label_pattern(tuple(names)).split(generated)
    words, labels, places = pieces[:-1:3], pieces[1::3], pieces[2::3]
    if pieces[-1].strip() or not all(part.strip() for part in words):
        return None
    mentions = [
        # Sign by sign, since a tokenizer may write a word apart, or two as one.
        Mention(
            words=list(without_spaces(part)), label=names[without_spaces(label)], place=int(place) if place else None
        )
        for part, label, place in zip(words, labels, places, strict=True)
    ]
    for candidates in (mentions, [replace(one, words=_single_brackets(one.words)) for one in mentions]):
        found = _found(text, candidates)
        if found is not None:
            return found
    return None


def _found(text: str, mentions: Sequence[Mention]) -> list[Span] | None:
    # A tokenizer may know small letters only, and a place counts them as equal to capital ones.
    small = [replace(one, words=[_small(sign) for sign in one.words]) for one in mentions]
    tried: list[tuple[str, Sequence[Mention]]] = [(_small(text), small)]
    if all(one.place is None for one in mentions):
        tried.insert(0, (text, mentions))
    for shown, candidates in tried:
        found = align(text=shown, mentions=candidates)
        if not found.lost:
            return found.spans
    return None


def _small(text: str) -> str:
    """Make letters small, one for one: a few have small forms of two signs, which would shift all that follow."""
    return "".join(small if len(small := sign.lower()) == 1 else sign for sign in text)


def _single_brackets(signs: Sequence[str]) -> list[str]:
    return list("".join(signs).replace("[[", "[").replace("]]", "]"))


@lru_cache(maxsize=64)
def _label_pattern(names: Sequence[str]) -> regex.Pattern[str]:
    """A label in brackets that are not doubled, and the place behind it, if any."""
    loose = "|".join(r"\s*".join(regex.escape(sign) for sign in name) for name in sorted(names, key=len, reverse=True))
    label = rf"\[\s*({loose})\s*\]"
    return regex.compile(rf"(?|(?<!\[\s*){label}|{label}(?!\s*\]))(?:\s*\[\s*(\d{{1,9}})\s*\])?")
