"""One text, the entities in it."""

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, ClassVar

from tables.signs import clean
from training.answers import (
    NUM_COMPAT_COUNTS,
    SHOWN_CHARACTERS,
    AnswerInvalid,
    BaselineAnswers,
    Floats,
    Item,
    LabelledSpan,
    MetricTally,
    Rows,
    Span,
    SpanMisplaced,
    UncheckedSpan,
    can_be_miscounted,
    checked_spans,
    chosen_segmentation,
    compat_f1,
    compat_tally,
    concatenated,
    f1_scores,
    given_list,
    given_span,
    in_characters,
    known_label,
    memorised_spans,
    most_frequent,
    offsets_kept,
    read_entities,
    spans_from_json,
    spans_to_json,
    words_of,
    write_entities,
)
from training.tasks.base import TaskType

MAY_BE_UTF_16 = (
    "Span offsets were read as characters. If the file came from a browser they may be UTF-16 units; add the words of "
    "each span to check"
)


class EntityExtractionType(TaskType):
    """Finds spans of a text and gives each a label; an answer is a JSON list of spans with start, end and label."""

    name = "entity_extraction"
    title = "Entity extraction"
    input_fields: ClassVar[tuple[str, ...]] = ("text",)
    metrics = ("micro_f1", "macro_f1", "accuracy", "compat_f1")
    unit = "word"
    min_labels = 1
    # Set beside single words, whose surroundings a colon is not among.
    label_template = "{label}, {description}"
    metric_titles = {
        "accuracy": "Accuracy of whole texts",
        "micro_f1": "Span F1",
        "macro_f1": "Span F1, mean over labels",
    }
    asks = "Parts of each text are marked, and each part gets one of the labels. Parts do not overlap."
    widget = "spans"
    marked_field = "text"
    in_a_file = (
        'a JSON list of spans, [{"start": 4, "end": 8, "label": "a"}], which count the text\'s characters '
        "from 0, the end exclusive; [] where there is none"
    )
    is_list = True
    page_score = "micro F1"
    agreement_measure = "F1 of spans"
    metrics_of_texts = ("compat_f1",)
    nothing = "no entity"

    def __init__(self, segmentation: str = "word") -> None:
        self.segmentation = segmentation

    def segmented(self, segmentation: str) -> TaskType:
        return EntityExtractionType(segmentation)

    def segmentation_for(self, *, columns: Mapping[str, Sequence[str]], gold: Sequence[str]) -> str:
        return chosen_segmentation(texts=columns["text"], answers=gold)

    def output_names(self, labels: Sequence[str]) -> tuple[str, ...]:
        return ("O", *(f"{part}-{label}" for label in labels for part in "BI"))

    def read_gold(
        self, *, gold: Sequence[Any], columns: Mapping[str, Sequence[str]], labels: Sequence[str]
    ) -> list[str]:
        place = dict.fromkeys(labels)
        return [
            spans_to_json(checked_spans(gold=value, text=text, labels=place, row=row))
            for row, (value, text) in enumerate(zip(gold, columns["text"], strict=True))
        ]

    def read_answer(self, *, given: str, fields: Mapping[str, str], labels: Sequence[str]) -> str:
        """Read a JSON list of spans, as objects or triples."""
        return self._checked(self._given(given), fields["text"], labels)

    def read_cell(
        self, *, cell: str, cells: Mapping[str, str], labels: Sequence[str], remarks: Counter[str] | None = None
    ) -> str:
        """Read spans, check them by their words, and move them to the cleaned text."""
        text, given = cells["text"], self._given(cell)
        try:
            spans, unit = in_characters(given, text=text)
            answer = self._checked(spans, text, labels)
            if remarks is not None and (remark := _remark(spans, text, unit)):
                remarks[remark] += 1
            return answer if clean(text) == text else _moved_to_clean(answer, text)
        except SpanMisplaced as error:
            raise AnswerInvalid(str(error)) from None

    def _given(self, given: str) -> list[UncheckedSpan]:
        found = given_list(given)
        spans = [None] if found is None else [given_span(one) for one in found]
        read = [one for one in spans if one is not None]
        if len(read) < len(spans):
            shown = given[:SHOWN_CHARACTERS]
            raise AnswerInvalid(f"“{shown}” is not a valid list of spans; write {self.in_a_file}")
        return read

    def _checked(self, spans: Sequence[UncheckedSpan], text: str, labels: Sequence[str]) -> str:
        known = [Span(one.start, one.end, known_label(one.label, labels)) for one in spans]
        return super().read_answer(given=spans_to_json(known), fields={"text": text}, labels=labels)

    def parts(self, *, answer: str, fields: Mapping[str, str]) -> list[LabelledSpan]:
        text = fields["text"]
        return [LabelledSpan(label=one.label, text=text[one.start : one.end]) for one in spans_from_json(answer)]

    def marked(self, *, answer: str, fields: Mapping[str, str]) -> list[LabelledSpan]:
        text, pieces, end = fields["text"], list[LabelledSpan](), 0
        for span in sorted(spans_from_json(answer)):
            pieces.append(LabelledSpan(label="", text=text[end : span.start]))
            pieces.append(LabelledSpan(label=span.label, text=text[span.start : span.end]))
            end = span.end
        return [one for one in (*pieces, LabelledSpan(label="", text=text[end:])) if one.text]

    def json_pieces(self, label: str) -> list[str]:
        return [f'"label": {json.dumps(label, ensure_ascii=False)}']

    def as_text(self, *, answer: str, text: str, labels: Sequence[str] = ()) -> str:
        return write_entities(text=text, spans=spans_from_json(answer), labels=labels)

    def from_text(self, *, generated: str, text: str, names: Mapping[str, str]) -> str | None:
        spans = read_entities(generated=generated, text=text, names=names)
        return None if spans is None else spans_to_json(spans)

    def written_samples(self, labels: Sequence[str]) -> list[tuple[str, str]]:
        return [(label, spans_to_json([Span(0, len(label), label)])) for label in labels]

    def items(self, *, answer: str, place: Mapping[str, int]) -> frozenset[Item]:
        """Return each span: right only with exactly its characters and its label."""
        return frozenset((place[span.label], span.start, span.end) for span in spans_from_json(answer))

    def is_varied(self, gold: Sequence[str]) -> bool:
        """Say whether there is an entity at all; words beside it are in every text."""
        return any(spans_from_json(answer) for answer in gold)

    def tally(self, *, rows: Rows, predicted: Sequence[str | None], labels: Sequence[str]) -> MetricTally:
        spans = super().tally(rows=rows, predicted=predicted, labels=labels)
        return concatenated(spans, compat_tally(texts=rows.columns["text"], gold=rows.labelled(), predicted=predicted))

    def score(self, *, totals_RK: Floats) -> dict[str, Floats]:
        spans_RK, compat_RK = totals_RK[:, :-NUM_COMPAT_COUNTS], totals_RK[:, -NUM_COMPAT_COUNTS:]
        return {**f1_scores(spans_RK), "compat_f1": compat_f1(compat_RK)}

    def baselines(self, *, train: Rows, test: Rows, labels: Sequence[str]) -> dict[str, BaselineAnswers]:
        """Answer with no entity, with every word as one of the commonest label, and with what is one in training."""
        train_gold = train.labelled()
        copied = memorised_spans(train=train.columns["text"], train_gold=train_gold, test=test.columns["text"])
        return {
            "majority": _no_entity(test),
            "every_word": self._every_word(test, _commonest_label(train_gold, labels)),
            "copy": BaselineAnswers(label="entities of the training data", predicted=copied),
        }

    def constants(self, *, test: Rows, labels: Sequence[str]) -> list[BaselineAnswers]:
        """Return no entity, and each word as one of the label that is most frequent on test."""
        label = _commonest_label(test.labelled(), labels)
        return [_no_entity(test), replace(self._every_word(test, label), label=f"every {self.segmentation}: {label}")]

    def _every_word(self, rows: Rows, label: str) -> BaselineAnswers:
        words = [words_of(text, self.segmentation) for text in rows.columns["text"]]
        return BaselineAnswers(
            label=label, predicted=[spans_to_json(Span(*word, label) for word in one) for one in words]
        )


def _remark(spans: Sequence[UncheckedSpan], text: str, unit: str) -> str:
    if unit:
        return f"Spans counted in {unit} were moved so that their own words fit"
    return MAY_BE_UTF_16 if can_be_miscounted(spans, text=text) else ""


def _moved_to_clean(answer: str, text: str) -> str:
    """Move spans of a file's text to their offsets in the cleaned text."""
    spans = spans_from_json(answer)
    offsets = offsets_kept([place for one in spans for place in (one.start, one.end)], text=text)
    return spans_to_json([Span(offsets[one.start], offsets[one.end], one.label) for one in spans])


def _commonest_label(answers: Sequence[str], labels: Sequence[str]) -> str:
    found = [span.label for answer in answers for span in spans_from_json(answer)]
    return most_frequent(found, labels) if found else labels[0]


def _no_entity(rows: Rows) -> BaselineAnswers:
    return BaselineAnswers(label="no entity", predicted=[spans_to_json([])] * len(rows))
