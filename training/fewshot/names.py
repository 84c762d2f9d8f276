"""Labels that say what they are: names, descriptions and example phrases, as vectors that a head can start from."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import regex

from training.answers import has_unspaced
from training.fewshot.features import Floats, Vectors, centred_units, unit_rows

# Of a label's name, as its vector is made from; a study may say more, as "a message about {name}".
TEMPLATE = "{name}"
_LETTERS = regex.compile(r"\p{L}{2}")
SHOWN = 5
# Of two units, whose cosine is 1 but for rounding: the checkpoint reads the same in both.
SAME = 1 - 1e-5
ROWS_PER_BLOCK = 1_000


@dataclass(frozen=True, kw_only=True)
class LabelText:
    """What is known of a label without any labelled text; a name may be a code that is not to be read."""

    name: str
    description: str = ""
    examples: tuple[str, ...] = ()
    is_read: bool = True

    @classmethod
    def of(cls, label: str, texts: Sequence[str]) -> LabelText:
        """Take texts for a label's own; without any, the label itself is all that is known."""
        return cls(name=label, examples=tuple(texts), is_read=not texts)

    def texts(self, template: str = TEMPLATE) -> list[str]:
        """Return the texts that say what the label is; none for a bare name like `1` or `B`."""
        said = [template.replace("{name}", self.name.strip())] if self.is_read and says_something(self.name) else []
        return [*said, *filter(says_something, (self.description.strip(), *self.examples))]


@dataclass(frozen=True, kw_only=True)
class NameVectors:
    """Labels' names as units of a checkpoint's space (C, H), 0 for a label that says nothing, and why it is so."""

    units_CH: Floats
    notes: tuple[str, ...] = ()

    @classmethod
    def unknown(cls, num_labels: int, width: int) -> NameVectors:
        """Return those of labels of which nothing is known."""
        return cls(units_CH=np.zeros((num_labels, width)))

    @property
    def says_C(self) -> list[bool]:
        """Whether each label says what it is."""
        return [bool(unit.any()) for unit in self.units_CH]


def says_something(text: str) -> bool:
    """Say whether a text has a word, or a sign that is one."""
    return bool(_LETTERS.search(text)) or has_unspaced(text)


def name_vectors(
    *,
    labels: Sequence[LabelText],
    centre_H: Floats,
    vectors_of: Callable[[Sequence[str]], Vectors],
    template: str = TEMPLATE,
) -> NameVectors:
    """Turn what labels say of themselves into one unit each: the mean of their texts' units.

    Parameters
    ----------
    centre_H
        of the texts that are to be labelled.
    vectors_of
        a checkpoint's vectors of texts, (N, H).
    template
        with `{name}` where the name goes.
    """
    texts = [label.texts(template) for label in labels]
    silent = [label.name for label, said in zip(labels, texts, strict=True) if not said]
    same = Counter(tuple(sorted(text.casefold() for text in said)) for said in texts if said)
    doubles = [number for number, said in enumerate(texts) if same[tuple(sorted(text.casefold() for text in said))] > 1]
    for number in doubles:
        texts[number] = []
    notes = [
        *([f"{listed(silent)}: the name says nothing. Add a description or example phrases."] if silent else []),
        *(
            [f"{listed([labels[n].name for n in doubles])}: described in the same words. Tell them apart."]
            if doubles
            else []
        ),
    ]
    flat = [text for said in texts for text in said]
    if not flat:
        return NameVectors(units_CH=np.zeros((len(labels), len(centre_H))), notes=tuple(notes))
    units = centred_units(vectors_of(flat), centre_H=centre_H)
    owner = np.repeat(np.arange(len(labels)), [len(said) for said in texts])
    sums_CH = np.zeros((len(labels), len(centre_H)))
    np.add.at(sums_CH, owner, units)
    units_CH = unit_rows(sums_CH)
    if alike := _alike(units_CH):
        units_CH[alike] = 0.0
        shown = listed([labels[number].name for number in alike])
        notes.append(f"{shown}: the checkpoint reads the same in them. Say it in words of a language that it knows.")
    return NameVectors(units_CH=units_CH, notes=tuple(notes))


def _alike(units_CH: Floats) -> list[int]:
    """Return the labels that have another one's vector, as those written in signs that a checkpoint does not know."""
    counts = [
        (units_CH[start : start + ROWS_PER_BLOCK] @ units_CH.T > SAME).sum(axis=1)
        for start in range(0, len(units_CH), ROWS_PER_BLOCK)
    ]
    return [int(number) for number in np.flatnonzero(np.concatenate(counts) > 1)]


def listed(names: Sequence[str]) -> str:
    """Name the first few labels of some."""
    more = f" and {len(names) - SHOWN:,} more" if len(names) > SHOWN else ""
    return f"Label {', '.join(map(repr, names[:SHOWN]))}{more}"
