"""How answers are written as text by a model that writes, and read back from what it wrote.

A tokenizer may not write a text as it was (spaces, signs it does not know), so that labels are known by how it writes
them: `names` maps each label so written, without its spaces, to the label.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from training.compat import aligned_target
from training.spans import Span

BETWEEN_LABELS = "; "


def without_spaces(text: str) -> str:
    """Return a text without white space, which tokenizers come and go with."""
    return "".join(text.split())


def labels_in(*, said: str, names: Mapping[str, str]) -> list[str] | None:
    """Read a list of labels.

    Parameters
    ----------
    said
        labels with `BETWEEN_LABELS` between them; nothing for none.
    names
        the labels, by how they are written.

    Returns
    -------
    The labels as written, None if there is anything else.
    """
    mark = BETWEEN_LABELS.strip()
    rest = without_spaces(said) + mark if said.strip() else ""
    found: list[str] = []
    while rest:
        fitting = [name for name in names if rest.startswith(name + mark)]
        if not fitting:
            return None
        longest = max(fitting, key=len)
        found.append(names[longest])
        rest = rest[len(longest) + len(mark) :]
    return found


def spans_written(*, said: str, text: str, names: Mapping[str, str]) -> list[Span] | None:
    """Read entities, `words [Label] words [Label] …`, and find them in their text.

    Parameters
    ----------
    said
        what a model wrote.
    text
        the text that its words are from.
    names
        the labels, by how they are written.

    Returns
    -------
    The spans in the order of the text; None if there is anything else, or words that the text does not have.
    """
    pieces = _label_pattern(tuple(names)).split(said)
    words, labels = pieces[:-1:2], pieces[1::2]
    if pieces[-1].strip() or not all(part.strip() for part in words):
        return None
    # The alignment reads labels as single words.
    numbers = {f"{place}": names[without_spaces(label)] for place, label in enumerate(labels)}
    # Sign by sign, since a tokenizer may write a word apart, or two as one.
    target = " ".join(f"{' '.join(without_spaces(part))} [{place}]" for place, part in enumerate(words))
    # A tokenizer may know small letters only.
    for shown, wanted in ((text, target), (text.lower(), target.lower())):
        aligned = aligned_target(text=shown, target=wanted, labels=numbers)
        if not aligned.lost and len(shown) == len(text):
            return [span._replace(label=numbers[span.label]) for span in aligned.spans]
    return None


def _label_pattern(names: Sequence[str]) -> re.Pattern[str]:
    loose = (r"\s*".join(re.escape(sign) for sign in name) for name in sorted(names, key=len, reverse=True))
    return re.compile(rf"\[\s*({'|'.join(loose)})\s*\]")
