"""The text that a prompt is made of, with named places, as a manager edits it. Pure."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from config.refusals import Refusal

GUIDELINE, LABELS, HOW_TO_ANSWER = "guideline", "labels", "how_to_answer"
_SYSTEM_PLACES = {
    GUIDELINE: "the study's instructions to annotators",
    LABELS: "the labels, one a line, each with what it means",
    HOW_TO_ANSWER: "how the answer must be written; it depends on what the server can do",
}
LONGEST_TEXT = 20_000
_PLACE = re.compile(r"\{\{\s*([^{}]*?)\s*\}\}")
_SYSTEM = "{{guideline}}\n\nThe labels:\n\n{{labels}}\n\n{{how_to_answer}}"
_SYSTEM_WITHOUT_LABELS = "{{guideline}}\n\n{{how_to_answer}}"


class PromptTextInvalid(Refusal):
    """A prompt's text names a place that there is not, or lacks one that it needs."""


@dataclass(frozen=True, kw_only=True)
class PromptText:
    """What is said before the examples, and the form of the message that has one example; `{{name}}` is a place."""

    system: str
    message: str


def system_places(*, has_labels: bool = True) -> dict[str, str]:
    """The places before the examples, each with what stands there."""
    return {name: meaning for name, meaning in _SYSTEM_PLACES.items() if has_labels or name != LABELS}


def usual_text(fields: Sequence[str], *, has_labels: bool = True) -> PromptText:
    """The text of a study whose prompt nobody has edited: one field as it is, several under their names."""
    named = [f"{name.replace('_', ' ')}: {{{{{name}}}}}" for name in fields]
    system = _SYSTEM if has_labels else _SYSTEM_WITHOUT_LABELS
    return PromptText(system=system, message=f"{{{{{fields[0]}}}}}" if len(fields) == 1 else "\n".join(named))


def check_text(text: PromptText, *, fields: Sequence[str], has_labels: bool = True) -> None:
    """Raises: PromptTextInvalid, which names the place and those that there are."""
    known = tuple(system_places(has_labels=has_labels))
    _check("system", text.system, known=known, needed=[name for name in known if name != GUIDELINE])
    _check("message", text.message, known=fields, needed=fields)


def filled(text: str, values: Mapping[str, str]) -> str:
    """A text with its places filled, once: what looks like a place in a value stays as it is."""
    return _PLACE.sub(lambda place: values[place[1]], text)


def _check(part: str, text: str, *, known: Sequence[str], needed: Sequence[str]) -> None:
    if len(text) > LONGEST_TEXT:
        _refuse(part, f"has {len(text):,} characters; at most {LONGEST_TEXT:,} are sent.")
    found = _PLACE.findall(text)
    places = ", ".join(_written(name) for name in known)
    unknown = [name for name in found if name not in known]
    if unknown:
        _refuse(part, f"has no place {_written(unknown[0][:40])}. Its places: {places}.")
    if "{{" in _PLACE.sub("", text):
        _refuse(part, f"has a {{{{ that begins no place. Its places: {places}.")
    missing = [name for name in needed if name not in found]
    if missing:
        _refuse(part, f"needs the place {_written(missing[0])}: without it the model is not told all it must know.")


def _refuse(part: str, fault: str) -> None:
    raise PromptTextInvalid(fault, field=part)


def _written(name: str) -> str:
    return f"{{{{{name}}}}}"
