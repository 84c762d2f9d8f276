"""Answers to a study's question: brought into the one form in which they are kept, and shown to people."""

import json
import unicodedata
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from studies.hashing import clean
from studies.task_types import DESCRIPTIONS, TASK_TYPES
from training.gold import GoldInvalid

MARKS_BETWEEN_LABELS = "|;"
SHOWN_CHARACTERS = 80
NAMED_LABELS = 8


class AnswerInvalid(ValueError):
    """The label is not a valid answer to the study's question; the message says why."""


@dataclass(frozen=True, kw_only=True)
class Part:
    """A label of an answer, and the part of the text that it is given to, where it is not the whole."""

    label: str
    text: str = ""

    def __str__(self) -> str:
        return f"{self.label}: {self.text}" if self.text else self.label


class AnswerForm(ABC):
    """How answers of one task type are written; a new one is a line in `FORMS`."""

    is_list = True
    nothing = ""

    def __init__(self, task_type: str) -> None:
        self.task_type = task_type

    def read(self, *, given: str, fields: Mapping[str, str], labels: Sequence[str]) -> str:
        """Check an answer to an example and bring it into the one form. Raises: AnswerInvalid."""
        prepared = self._prepared(given, labels)
        columns = {name: [text] for name, text in fields.items()}
        try:
            return TASK_TYPES[self.task_type].read_gold(gold=[prepared], columns=columns, labels=labels)[0]
        except GoldInvalid as error:
            raise AnswerInvalid(f"it {error}") from None

    def read_cell(self, *, cell: str, cells: Mapping[str, str], labels: Sequence[str]) -> str:
        """Read the label of a file's row, whose texts are kept cleaned.

        Parameters: `cells` the row's texts by input field, as in the file.
        Raises: AnswerInvalid.
        """
        return self._moved(self.read(given=cell, fields=cells, labels=labels), cells)

    @abstractmethod
    def parts(self, *, value: str, fields: Mapping[str, str]) -> list[Part]:
        """Take a kept answer apart."""

    def pieces(self, label: str) -> list[str]:
        """Write text that occurs in every stored answer that has this label, and in no other.

        A quote within a label is escaped, so that no label can look like these.
        """
        return [label]

    def as_json(self, value: str) -> Any:
        """Write a kept answer as a value of a JSON line."""
        return json.loads(value)

    @abstractmethod
    def _prepared(self, given: str, labels: Sequence[str]) -> str:
        """Write what was given as the engine reads it."""

    def _moved(self, answer: str, cells: Mapping[str, str]) -> str:
        return answer

    def _known(self, label: str, labels: Sequence[str]) -> str:
        if label not in labels:
            shown = ", ".join(labels[:NAMED_LABELS]) + (" …" if len(labels) > NAMED_LABELS else "")
            raise AnswerInvalid(f"“{label[:SHOWN_CHARACTERS]}” is not a label of this study ({shown})")
        return label

    def _misread(self, given: str, what: str) -> AnswerInvalid:
        how = DESCRIPTIONS[self.task_type].in_a_file
        return AnswerInvalid(f"“{given[:SHOWN_CHARACTERS]}” is no {what}; write {how}")


class OneLabel(AnswerForm):
    """The label itself."""

    is_list = False

    def read(self, *, given: str, fields: Mapping[str, str], labels: Sequence[str]) -> str:
        # What the engine checks of a label, once for each of very many rows.
        return self._prepared(given, labels)

    def parts(self, *, value: str, fields: Mapping[str, str]) -> list[Part]:
        return [Part(label=value)]

    def as_json(self, value: str) -> Any:
        return value

    def _prepared(self, given: str, labels: Sequence[str]) -> str:
        return self._known(clean(given), labels)


class LabelSet(AnswerForm):
    """A JSON list of labels, in the study's order. Files may have them with a mark between."""

    nothing = "none applies"

    def parts(self, *, value: str, fields: Mapping[str, str]) -> list[Part]:
        return [Part(label=label) for label in json.loads(value)]

    def pieces(self, label: str) -> list[str]:
        return [before + json.dumps(label, ensure_ascii=False) for before in ("[", ", ")]

    def _prepared(self, given: str, labels: Sequence[str]) -> str:
        return json.dumps([self._known(label, labels) for label in self._named(clean(given), labels)])

    def _named(self, given: str, labels: Sequence[str]) -> list[str]:
        if given in labels:
            return [given]
        if given.startswith("["):
            named = _json(given)
            if not isinstance(named, list) or not all(isinstance(one, str) for one in named):
                raise self._misread(given, "list of labels")
            return [clean(one) for one in named]
        mark = next((one for one in MARKS_BETWEEN_LABELS if one in given), MARKS_BETWEEN_LABELS[0])
        return [clean(one) for one in given.split(mark)]


class Spans(AnswerForm):
    """A JSON list of spans with start, end and label. Files may have triples, or a list of one label."""

    nothing = "no entity"

    def parts(self, *, value: str, fields: Mapping[str, str]) -> list[Part]:
        text = fields["text"]
        return [Part(label=one["label"], text=text[one["start"] : one["end"]]) for one in json.loads(value)]

    def pieces(self, label: str) -> list[str]:
        return [f'"label": {json.dumps(label, ensure_ascii=False)}']

    def _prepared(self, given: str, labels: Sequence[str]) -> str:
        found = _json(given)
        spans = [_span(one) for one in found] if isinstance(found, list) else [None]
        if None in spans:
            raise self._misread(given, "list of spans")
        for span in spans:
            assert span is not None
            self._known(span["label"], labels)
        return json.dumps(spans)

    def _moved(self, answer: str, cells: Mapping[str, str]) -> str:
        text = cells["text"]
        if clean(text) == text:
            return answer
        spans = [
            {**one, "start": _place(one["start"], text), "end": _place(one["end"], text)} for one in json.loads(answer)
        ]
        return json.dumps(spans, ensure_ascii=False)


def _json(text: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None


def _span(one: Any) -> dict[str, Any] | None:
    """Read a span as annotation tools write it: an object with a label or with labels, of which one, or a triple."""
    if isinstance(one, list) and len(one) == 3:
        one = dict(zip(("start", "end", "label"), one, strict=True))
    if not isinstance(one, dict):
        return None
    label = one.get("label", one.get("labels"))
    label = label[0] if isinstance(label, list) and len(label) == 1 else label
    if not isinstance(label, str) or type(one.get("start")) is not int or type(one.get("end")) is not int:
        return None
    return {"start": one["start"], "end": one["end"], "label": clean(label)}


def _place(place: int, text: str) -> int:
    """Where a position in a file's text is once that text is composed and stripped."""
    composed = unicodedata.normalize("NFC", text)
    before = unicodedata.normalize("NFC", text[:place])
    if not composed.startswith(before):
        raise AnswerInvalid(f"it has a span that starts or ends at {place}, within a letter and its accent")
    return len(before) - (len(composed) - len(composed.lstrip()))


_FORMS = (
    OneLabel("text_classification"),
    OneLabel("pair_classification"),
    LabelSet("multi_label_classification"),
    Spans("entity_extraction"),
)
FORMS: dict[str, AnswerForm] = {form.task_type: form for form in _FORMS}


def in_one_line(*, task_type: str, value: str, fields: Mapping[str, str]) -> str:
    """Write a kept answer for a message."""
    form = FORMS[task_type]
    shown = ", ".join(map(str, form.parts(value=value, fields=fields))) or form.nothing
    return shown if len(shown) <= SHOWN_CHARACTERS else f"{shown[:SHOWN_CHARACTERS]}…"
