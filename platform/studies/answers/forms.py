"""Answers to a study's question: brought into the one form in which they are kept, and shown to people."""

import json
from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any

from studies.answers.span_places import SpanMisplaced, UncheckedSpan, can_be_miscounted, in_characters, places_kept
from studies.hashing import clean
from studies.task_types import DESCRIPTIONS, TASK_TYPES
from tables.signs import comparable
from training.answers import GoldInvalid

MARKS_BETWEEN_LABELS = "|;"
SHOWN_CHARACTERS = 80
NAMED_LABELS = 8
MAY_BE_UTF_16 = (
    "Span offsets were read as characters. If the file came from a browser they may be UTF-16 units; add the words of "
    "each span to check"
)


class AnswerInvalid(Exception):
    """The label is not a valid answer to the study's question; the message says why."""


@dataclass(frozen=True, kw_only=True)
class LabelledSpan:
    """A label of an answer, and the part of the text that it is given to, where it is not the whole."""

    label: str
    text: str = ""

    def __str__(self) -> str:
        return f"{self.label}: {self.text}" if self.text else self.label


class AnswerFormat(ABC):
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

    def read_cell(
        self, *, cell: str, cells: Mapping[str, str], labels: Sequence[str], remarks: Counter[str] | None = None
    ) -> str:
        """Read the label of a file's row, whose texts are kept cleaned.

        Parameters: `cells` the row's texts by input field, as in the file; `remarks` counts assumptions.
        Raises: AnswerInvalid.
        """
        return self.read(given=cell, fields=cells, labels=labels)

    @abstractmethod
    def parts(self, *, value: str, fields: Mapping[str, str]) -> list[LabelledSpan]:
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

    def _known(self, label: str, labels: Sequence[str]) -> str:
        if label not in labels:
            if alike := _by_looks(tuple(labels)).get(comparable(label)):
                return alike
            shown = ", ".join(labels[:NAMED_LABELS]) + (" …" if len(labels) > NAMED_LABELS else "")
            raise AnswerInvalid(f"“{label[:SHOWN_CHARACTERS]}” is not a label of this study ({shown})")
        return label

    def _misread(self, given: str, what: str) -> AnswerInvalid:
        how = DESCRIPTIONS[self.task_type].in_a_file
        return AnswerInvalid(f"“{given[:SHOWN_CHARACTERS]}” is not a valid {what}; write {how}")


class OneLabel(AnswerFormat):
    """The label itself."""

    is_list = False

    def read(self, *, given: str, fields: Mapping[str, str], labels: Sequence[str]) -> str:
        # What the engine checks of a label, once for each of very many rows.
        return self._prepared(given, labels)

    def parts(self, *, value: str, fields: Mapping[str, str]) -> list[LabelledSpan]:
        return [LabelledSpan(label=value)]

    def as_json(self, value: str) -> Any:
        return value

    def _prepared(self, given: str, labels: Sequence[str]) -> str:
        return self._known(clean(given), labels)


class LabelSet(AnswerFormat):
    """A JSON list of labels, in the study's order. Files may have them with a mark between."""

    nothing = "none applies"

    def parts(self, *, value: str, fields: Mapping[str, str]) -> list[LabelledSpan]:
        return [LabelledSpan(label=label) for label in json.loads(value)]

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


class Spans(AnswerFormat):
    """A JSON list of spans with start, end and label. Files may have triples, or a list of one label."""

    nothing = "no entity"

    def parts(self, *, value: str, fields: Mapping[str, str]) -> list[LabelledSpan]:
        text = fields["text"]
        return [LabelledSpan(label=one["label"], text=text[one["start"] : one["end"]]) for one in json.loads(value)]

    def pieces(self, label: str) -> list[str]:
        return [f'"label": {json.dumps(label, ensure_ascii=False)}']

    def read_cell(
        self, *, cell: str, cells: Mapping[str, str], labels: Sequence[str], remarks: Counter[str] | None = None
    ) -> str:
        text, given = cells["text"], self._given(cell)
        try:
            spans, unit = in_characters(given, text=text)
            answer = self.read(given=_written(spans), fields=cells, labels=labels)
            if remarks is not None and (remark := _remark(spans, text, unit)):
                remarks[remark] += 1
            return answer if clean(text) == text else _kept(answer, text)
        except SpanMisplaced as error:
            raise AnswerInvalid(str(error)) from None

    def _prepared(self, given: str, labels: Sequence[str]) -> str:
        return _written([replace(one, label=self._known(one.label, labels)) for one in self._given(given)])

    def _given(self, given: str) -> list[UncheckedSpan]:
        found = _json(given)
        spans = [_span(one) for one in found] if isinstance(found, list) else [None]
        read = [one for one in spans if one is not None]
        if len(read) < len(spans):
            raise self._misread(given, "list of spans")
        return read


@lru_cache(maxsize=8)
def _by_looks(labels: tuple[str, ...]) -> dict[str, str]:
    """Find a label by what it looks like; two that look the same are found only by what they are."""
    looks = Counter(comparable(label) for label in labels)
    return {comparable(label): label for label in labels if looks[comparable(label)] == 1}


def _written(spans: Sequence[UncheckedSpan]) -> str:
    return json.dumps([{"start": one.start, "end": one.end, "label": one.label} for one in spans])


def _remark(spans: Sequence[UncheckedSpan], text: str, unit: str) -> str:
    if unit:
        return f"Spans counted in {unit} were moved so that their own words fit"
    if can_be_miscounted(spans, text=text):
        return MAY_BE_UTF_16
    return ""


def _kept(answer: str, text: str) -> str:
    """Move spans of a file's text to where they stand in the text as it is kept."""
    spans = json.loads(answer)
    places = places_kept([one[end] for one in spans for end in ("start", "end")], text=text)
    moved = [{**one, "start": places[one["start"]], "end": places[one["end"]]} for one in spans]
    return json.dumps(moved, ensure_ascii=False)


def _json(text: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None


def _span(one: Any) -> UncheckedSpan | None:
    """Read a span as annotation tools write it: an object with a label or with labels, of which one, or a triple."""
    if isinstance(one, list) and len(one) == 3:
        one = dict(zip(("start", "end", "label"), one, strict=True))
    if not isinstance(one, dict):
        return None
    label = one.get("label", one.get("labels"))
    label = label[0] if isinstance(label, list) and len(label) == 1 else label
    start, end, words = one.get("start"), one.get("end"), one.get("text")
    if not isinstance(label, str) or type(start) is not int or type(end) is not int:
        return None
    return UncheckedSpan(start=start, end=end, label=clean(label), words=words if isinstance(words, str) else "")


_FORMS = (
    OneLabel("text_classification"),
    OneLabel("pair_classification"),
    LabelSet("multi_label_classification"),
    Spans("entity_extraction"),
)
FORMS: dict[str, AnswerFormat] = {form.task_type: form for form in _FORMS}


def in_one_line(*, task_type: str, value: str, fields: Mapping[str, str]) -> str:
    """Write a kept answer for a message."""
    form = FORMS[task_type]
    shown = ", ".join(map(str, form.parts(value=value, fields=fields))) or form.nothing
    return shown if len(shown) <= SHOWN_CHARACTERS else f"{shown[:SHOWN_CHARACTERS]}…"
