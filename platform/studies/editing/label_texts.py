"""What a study's labels say of themselves: a description and example phrases, read from lines and checked."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from accounts.texts import unusable_sign, without_unusable
from config.refusals import Refusal
from studies.models import Study
from studies.task_types import label_text
from tables.signs import clean, comparable, is_blank

SEPARATOR = " | "
MAX_DESCRIPTION = 1_000
MAX_PHRASE = 300
MAX_PHRASES = 20
MAX_CHARACTERS = 100_000
FIELD = "label_texts"

LabelTexts = dict[str, dict[str, Any]]


class LabelTextsInvalid(Refusal):
    """What labels say of themselves cannot be kept like this; the message names the label."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason, field=FIELD)


def read_label_lines(text: str, *, labels: Iterable[str]) -> LabelTexts:
    """Read lines of label, description and example phrases, separated by ` | `; blank lines are skipped.

    A label may itself have the separator in it. Raises: LabelTextsInvalid for a label in two lines.
    """
    longest_first = sorted((clean(label) for label in labels), key=len, reverse=True)
    found: LabelTexts = {}
    for line in text.replace("\r\n", "\n").split("\n"):
        if is_blank(line):
            continue
        label, rest = _label_and_rest(line.strip(), longest_first)
        if label in found:
            raise LabelTextsInvalid(f"two lines describe “{label[:40]}”. Make one of them.")
        description, *phrases = [part.strip() for part in rest.split(SEPARATOR)]
        found[label] = {"description": description, "phrases": phrases}
    return found


def write_label_lines(study: Study) -> str:
    """Write what a study's labels say of themselves as `read_label_lines` reads it."""
    lines = ([label, meaning.description, *meaning.phrases] for label, meaning in study.meanings.items())
    return "\n".join(SEPARATOR.join(parts) for parts in lines)


def checked_label_texts(given: Mapping[str, Mapping[str, Any]], *, labels: Sequence[str]) -> LabelTexts:
    """Clean what labels say of themselves and check it; in the order of the labels. Raises: LabelTextsInvalid."""
    unknown = [label for label in given if label not in labels]
    if unknown:
        shown = without_unusable(unknown[0][:40])
        raise LabelTextsInvalid(
            f"“{shown}” is not one of the labels. Begin each line with a label as it is written in the label set."
        )
    texts = {label: _checked(label, given[label]) for label in labels if label in given}
    texts = {label: one for label, one in texts.items() if one["description"] or one["phrases"]}
    total = sum(len(said) for one in texts.values() for said in (one["description"], *one["phrases"]))
    if total > MAX_CHARACTERS:
        raise LabelTextsInvalid(f"{total:,} characters in all; the maximum is {MAX_CHARACTERS:,}. Shorten them.")
    _refuse_equal(texts)
    return texts


def texts_of_labels(study: Study) -> dict[str, list[str]]:
    """Return what a model is told of each label that has a description or phrases, in spec.json's form."""
    return {
        label: [label_text(task_type=study.task_type, label=label, description=one.description), *one.phrases]
        for label, one in study.meanings.items()
    }


def _label_and_rest(line: str, longest_first: Sequence[str]) -> tuple[str, str]:
    for label in longest_first:
        if label and (line == label or line.startswith(f"{label}{SEPARATOR}")):
            return label, line[len(label) + len(SEPARATOR) :]
    label, _, rest = line.partition(SEPARATOR)
    return label.strip(), rest


def _checked(label: str, given: Mapping[str, Any]) -> dict[str, Any]:
    phrases = [_checked_text(label, phrase, MAX_PHRASE) for phrase in given.get("phrases") or ()]
    phrases = [phrase for phrase in phrases if phrase]
    if len(phrases) > MAX_PHRASES:
        raise LabelTextsInvalid(f"“{label[:40]}” has {len(phrases):,} example phrases; the maximum is {MAX_PHRASES}.")
    description = _checked_text(label, given.get("description") or "", MAX_DESCRIPTION)
    return {"description": description, "phrases": phrases}


def _checked_text(label: str, text: str, most: int) -> str:
    if sign := unusable_sign(text):
        raise LabelTextsInvalid(f"what “{label[:40]}” says has {sign}. Each is one line of plain text: remove it.")
    text = clean(text)
    if len(text) > most:
        raise LabelTextsInvalid(f"“{label[:40]}” has a text of {len(text):,} characters; the maximum is {most:,}.")
    if SEPARATOR in text:
        raise LabelTextsInvalid(
            f"“{label[:40]}” has a text with “{SEPARATOR}” in it, which separates texts. Remove it."
        )
    return text


def _refuse_equal(texts: LabelTexts) -> None:
    """Texts that two labels share tell nobody which of them applies."""
    owner: dict[str, str] = {}
    for label, one in texts.items():
        for said in filter(None, (one["description"], *one["phrases"])):
            looks = " ".join(comparable(said).casefold().split())
            if owner.get(looks) == label:
                raise LabelTextsInvalid(f"“{label[:40]}” says “{said[:40]}” twice. Keep one.")
            if looks in owner:
                both = f"“{owner[looks][:40]}” and “{label[:40]}”"
                raise LabelTextsInvalid(f"{both} both say “{said[:40]}”. Say what tells them apart.")
            owner[looks] = label
