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


@dataclass(frozen=True, kw_only=True)
class LabelText:
    """What is known of a label without any labelled text."""

    name: str
    description: str = ""
    examples: tuple[str, ...] = ()

    def texts(self, template: str = TEMPLATE) -> list[str]:
        """Return the texts that say what the label is; none for a bare name like `1` or `B`."""
        name = self.name.strip()
        said = [template.replace("{name}", name)] if _LETTERS.search(name) or has_unspaced(name) else []
        return [*said, *(text for text in (self.description.strip(), *self.examples) if text.strip())]


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
        *([f"{_listed(silent)}: the name says nothing. Add a description or example phrases."] if silent else []),
        *(
            [f"{_listed([labels[n].name for n in doubles])}: described in the same words. Tell them apart."]
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
    return NameVectors(units_CH=unit_rows(sums_CH), notes=tuple(notes))


def _listed(names: Sequence[str]) -> str:
    more = f" and {len(names) - SHOWN:,} more" if len(names) > SHOWN else ""
    return f"Label {', '.join(map(repr, names[:SHOWN]))}{more}"
