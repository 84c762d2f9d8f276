"""A question, with or without a passage that has the answer, and one or several accepted answers.

A model that writes gives the answer in words of its own; one that only reads marks it in the passage.
"""

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import ClassVar

from training.answers import (
    NO_START,
    Floats,
    GoldInvalid,
    LabelledSpan,
    MetricTally,
    Rows,
    Written,
    checked_texts,
    exact_match,
    given_texts,
    in_passage,
    normalised,
    question_scores,
    question_table,
    shown,
    tally_from_table,
    token_f1,
    written_in,
    written_to_json,
)
from training.tasks.base import TOKEN, TaskType
from training.tasks.written import WrittenAnswerType

NOT_IN_PASSAGE = "Imported although no accepted answer is in the passage: a model that marks answers cannot learn it"


class QuestionAnsweringType(WrittenAnswerType):
    """Answers a question in a few words, from a passage where there is one; several answers may be accepted."""

    name = "question_answering"
    title = "Question answering"
    input_fields: ClassVar[tuple[str, ...]] = ("question", "passage")
    optional_fields = ("passage",)
    usual_columns: ClassVar[Mapping[str, tuple[str, ...]]] = {
        "question": ("query",),
        "passage": ("context", "paragraph", "article", "document"),
        "label": ("answers", "answer"),
    }
    metrics = ("f1", "exact_match")
    metrics_of_examples = metrics
    has_places = True
    page_score = "mean F1 of words"
    agreement_measure = "F1 of words"
    widget = "answering"
    marked_field = "passage"
    told_to_write = (
        "Answer the question in as few words as it needs, and in the words of the passage where it has the answer."
    )
    asks = "Each question is answered in a few words, from the passage beside it where there is one."
    in_a_file = (
        'the answer itself, or a JSON list of accepted ones, ["Paris", "the capital"]; where an answer stands in the '
        'passage may be said by its first character, counted from 0: [{"text": "Paris", "start": 12}]'
    )

    def segmented(self, segmentation: str) -> TaskType:
        return MarkedAnswerType() if segmentation == TOKEN else self

    def answered_by(self, *, writes: bool) -> TaskType:
        return self if writes else MarkedAnswerType()

    def prompt(self, fields: Mapping[str, str]) -> str:
        """Name both parts, as T5 was taught to read them; without a passage the question stands alone."""
        asked, passage = f"question: {fields['question']}", fields.get("passage", "")
        return f"{asked}\ncontext: {passage}" if passage.strip() else asked

    def compared(self, text: str) -> str:
        return normalised(text)

    def kept_together(self, fields: Mapping[str, str]) -> Mapping[str, str]:
        """Return the passage, which several questions may share; without one, the question."""
        return {"passage": fields["passage"]} if fields.get("passage") else fields

    def read_cell(
        self, *, cell: str, cells: Mapping[str, str], labels: Sequence[str], remarks: Counter[str] | None = None
    ) -> str:
        """Read accepted answers; those with a place are checked by the passage and moved to the cleaned one."""
        passage = cells.get("passage", "")
        texts, unit = in_passage(given_texts(cell, how=self.in_a_file, has_starts=self.has_places), passage=passage)
        checked = checked_texts(texts)
        if remarks is not None:
            if unit:
                remarks[f"Places of answers counted in {unit} were moved so that the answers stand there"] += 1
            if passage.strip() and not any(one.start != NO_START or one.text in passage for one in checked):
                remarks[NOT_IN_PASSAGE] += 1
        return written_to_json(checked)

    def marked(self, *, answer: str, fields: Mapping[str, str]) -> list[LabelledSpan]:
        """Cut the passage into the first answer that has its place in it and what is around; [] where none has."""
        passage = fields.get("passage", "")
        found = next((one for one in written_in(answer) if one.start != NO_START), None)
        if found is None or not _stands_in(found, passage):
            return []
        end = found.start + len(found.text)
        pieces = [("", passage[: found.start]), ("answer", found.text), ("", passage[end:])]
        return [LabelledSpan(label=label, text=text) for label, text in pieces if text]

    def example_score(self, *, gold: str, predicted: str | None) -> float:
        return 0.0 if predicted is None else token_f1(predicted=self._one(predicted), accepted=self.texts(gold))

    def score_of_example(self, *, metric: str, gold: str, predicted: str) -> float:
        score = exact_match if metric == "exact_match" else token_f1
        return float(score(predicted=self._one(predicted), accepted=self.texts(gold)))

    def tally(self, *, rows: Rows, predicted: Sequence[str | None], labels: Sequence[str]) -> MetricTally:
        return tally_from_table(
            question_table(
                accepted=[self.texts(answer) for answer in rows.labelled()],
                written=[None if answer is None else self._one(answer) for answer in predicted],
            )
        )

    def score(self, *, totals_RK: Floats) -> dict[str, Floats]:
        return question_scores(totals_RK)

    def _checked_gold(self, value: object, fields: Mapping[str, str], row: int) -> list[Written]:
        texts = super()._checked_gold(value, fields, row)
        for one in texts:
            if one.start != NO_START and not _stands_in(one, fields.get("passage", "")):
                raise GoldInvalid(
                    row,
                    f"has an answer {shown(one.text)} at {one.start}, where the passage has another text. Count "
                    "characters from 0.",
                )
        return texts


class MarkedAnswerType(QuestionAnsweringType):
    """The same questions, answered by words of the passage: a unit is a token, with outputs for start and end."""

    unit = TOKEN
    is_written = False
    dev_criterion = ""
    segmentation = TOKEN

    def segmented(self, segmentation: str) -> TaskType:
        return self

    def segmentation_for(self, *, columns: Mapping[str, Sequence[str]], gold: Sequence[str]) -> str:
        return TOKEN

    def output_names(self, labels: Sequence[str]) -> tuple[str, ...]:
        return ("start", "end")

    def gold_span(self, *, answer: str, passage: str) -> tuple[int, int] | None:
        """Return the characters of the first accepted answer that is in a passage word for word; None without one.

        An answer with its place comes before others, and one that is no part of a word before one that is.
        """
        accepted = written_in(answer)
        placed = [(one.start, one.start + len(one.text)) for one in accepted if _stands_in(one, passage)]
        return next(iter(placed), None) or _first_in(passage, [one.text for one in accepted])


def _first_in(passage: str, texts: Sequence[str]) -> tuple[int, int] | None:
    for pattern in (r"(?<!\w){}(?!\w)", "{}"):
        for text in texts:
            found = re.search(pattern.format(re.escape(text)), passage)
            if found is not None:
                return found.span()
    return None


def _stands_in(one: Written, passage: str) -> bool:
    return one.start >= 0 and passage.startswith(one.text, one.start)
