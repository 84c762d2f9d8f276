"""Answers that are written: a text, or several of which each is right."""

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from tables.signs import clean
from training.answers import (
    NO_MATCH,
    SHOWN_CHARACTERS,
    AnswerInvalid,
    BaselineAnswers,
    GoldInvalid,
    Item,
    LabelledSpan,
    Rows,
    Written,
    checked_texts,
    compared_texts,
    constant_answer,
    given_texts,
    joined_texts,
    nearest_texts,
    shown,
    written_in,
    written_to_json,
)
from training.tasks.base import TaskType


class WrittenAnswerType(TaskType):
    """Writes a text; an answer is a JSON list of texts, gold ones of all that are right, predicted ones of one."""

    unit = "text"
    has_labels = False
    is_written = True
    # To write answers takes many times as long.
    dev_criterion = "Probability of a token"
    min_labels = 0
    is_list = True
    is_exclusive = False
    widget = "writing"
    # Whether a text may say where its passage has it.
    has_places: ClassVar[bool] = False

    def texts(self, answer: str) -> list[str]:
        """Return all texts of an answer, the one that a model is to write first."""
        return [one.text for one in written_in(answer)]

    def compared(self, text: str) -> str:
        """Return the form in which two texts are the same answer."""
        return text

    def read_gold(
        self, *, gold: Sequence[Any], columns: Mapping[str, Sequence[str]], labels: Sequence[str]
    ) -> list[str]:
        names = list(columns)
        by_row = zip(*columns.values(), strict=True)
        return [
            written_to_json(self._checked_gold(value, dict(zip(names, texts, strict=True)), row))
            for row, (value, texts) in enumerate(zip(gold, by_row, strict=True))
        ]

    def read_answer(self, *, given: str, fields: Mapping[str, str], labels: Sequence[str]) -> str:
        """Read one text, or a JSON list of texts that are all right."""
        return self.read_cell(cell=given, cells=fields, labels=labels)

    def read_cell(
        self, *, cell: str, cells: Mapping[str, str], labels: Sequence[str], remarks: Counter[str] | None = None
    ) -> str:
        read = given_texts(cell, how=self.in_a_file, has_starts=self.has_places)
        return written_to_json(checked_texts(read))

    def prediction_as_json(self, answer: str) -> str:
        return self._one(answer)

    def parts(self, *, answer: str, fields: Mapping[str, str]) -> list[LabelledSpan]:
        return [LabelledSpan(label=text) for text in self.texts(answer)]

    def one_line(self, *, answer: str, fields: Mapping[str, str]) -> str:
        shown = " | ".join(" ".join(text.split()) for text in self.texts(answer))
        return shown if len(shown) <= SHOWN_CHARACTERS else f"{shown[:SHOWN_CHARACTERS]}…"

    def items(self, *, answer: str, place: Mapping[str, int]) -> frozenset[Item]:
        """Return nothing: a written answer has no classes to count. Raises: ValueError, TypeError, KeyError."""
        if not self.texts(answer):
            raise ValueError(f"{answer!r} has no text")
        return frozenset()

    def as_text(self, *, answer: str, text: str, labels: Sequence[str] = ()) -> str:
        return self.texts(answer)[0]

    def from_text(self, *, generated: str, text: str, names: Mapping[str, str]) -> str | None:
        written = clean(generated)
        return written_to_json([Written(written)]) if written else None

    def output_names(self, labels: Sequence[str]) -> tuple[str, ...]:
        """Return what a model says of a text that it wrote."""
        return ("log_probability",)

    def prompt(self, fields: Mapping[str, str]) -> str:
        """Return the one text that a model is shown of an example."""
        return "\n".join(text for text in fields.values() if text)

    def agreement(self, first: str, second: str) -> float:
        """Compare the texts of two answers, and take those that are most alike."""
        return max(self.example_score(gold=first, predicted=written_to_json([one])) for one in written_in(second))

    def baselines(self, *, train: Rows, test: Rows, labels: Sequence[str]) -> dict[str, BaselineAnswers]:
        """Answer test rows by the most frequent training text, and by that of the most similar training row."""
        train_gold, texts = train.labelled(), joined_texts(train)
        majority = self._most_frequent(train_gold)
        places = compared_texts(num_train=len(train), num_test=len(test))
        alike = nearest_texts(train=[texts[place] for place in places], test=joined_texts(test))
        copied = [majority if row == NO_MATCH else _answer(self._one(train_gold[places[row]])) for row in alike]
        of = "" if len(places) == len(train) else f", {len(places):,} of {len(train):,} compared"
        return {
            "majority": self._constant(majority, len(test)),
            "copy": BaselineAnswers(label=f"answer of the most similar training text{of}", predicted=copied),
        }

    def constants(self, *, test: Rows, labels: Sequence[str]) -> list[BaselineAnswers]:
        return [self._constant(self._most_frequent(test.labelled()), len(test))]

    def _constant(self, answer: str, count: int) -> BaselineAnswers:
        shown = self.one_line(answer=answer, fields={})
        return BaselineAnswers(label=shown, predicted=constant_answer(answer, count).predicted)

    def _one(self, answer: str) -> str:
        return self.texts(answer)[0]

    def _most_frequent(self, answers: Sequence[str]) -> str:
        """Return the text that most answers have, of equal ones the first, as it is written most often."""
        forms: dict[str, Counter[str]] = {}
        for answer in answers:
            for form, text in {self.compared(text): text for text in reversed(self.texts(answer))}.items():
                forms.setdefault(form, Counter())[text] += 1
        best = max(forms.values(), key=lambda texts: texts.total())
        return _answer(best.most_common(1)[0][0])

    def _checked_gold(self, value: Any, fields: Mapping[str, str], row: int) -> list[Written]:
        try:
            found = given_texts(value, how=self.in_a_file, has_starts=self.has_places) if _is_json_list(value) else None
            if found is None:
                raise GoldInvalid(row, f"has label {shown(value)}, which is no list of texts. Write {self.in_a_file}.")
            return checked_texts(found)
        except AnswerInvalid as error:
            raise GoldInvalid(row, f"has label {shown(value)}: {error}.") from error


def _answer(text: str) -> str:
    return written_to_json([Written(text)])


def _is_json_list(value: Any) -> bool:
    try:
        return isinstance(value, str) and isinstance(json.loads(value), list)
    except (ValueError, RecursionError):
        return False
