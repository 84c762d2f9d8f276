"""Answers that are written, or marked in a passage."""

import json
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from labeling.widgets.base import CONTROL, Result, ResultInvalid, Widget, header, regions_of, value_of
from labeling.widgets.spans import as_browsers_end_lines, marked_spans, marks_of
from studies.task_types import Span, all_written, most_written, placed_texts

MARK = "mark"
ANSWER = "Answer"


class Writing(Widget):
    """A text is written; every annotation's text is right, as one more reference."""

    # Else Label Studio lets nobody submit before they press Add; what stands in the area is taken with a submission.
    takes_empty = True
    rows: ClassVar[int] = 4
    required: ClassVar[str] = ' required="true" requiredMessage="Write a text, or skip."'

    def config(
        self,
        *,
        labels: Sequence[str],
        instructions: str = "",
        by_characters: bool = False,
        meanings: Mapping[str, str] | None = None,
    ) -> str:
        return f"<View>{header(instructions)}{self._shown(by_characters)}{self._area()}</View>"

    def data(self, *, fields: Mapping[str, str]) -> dict[str, str]:
        return {name: as_browsers_end_lines(fields.get(name, "")) for name in self.input_fields}

    def target(self, *, result: Any, fields: Mapping[str, str], labels: Sequence[str]) -> str:
        texts = [text for region in regions_of(result) for text in _texts(region)]
        if not texts:
            raise ResultInvalid("The answer has no text. Write one, or skip.")
        return json.dumps(texts, ensure_ascii=False)

    def result(self, *, target: str, fields: Mapping[str, str]) -> Result:
        return self._written([text for text, _ in placed_texts(target)])

    def agreed(self, *, targets: Sequence[str], labels: Sequence[str]) -> str:
        return all_written(targets)

    def _shown(self, by_characters: bool) -> str:
        return "".join(f'<Text name="{field}" value="${field}"/>' for field in self.input_fields)

    def _area(self) -> str:
        return (
            f'<TextArea name="{CONTROL}" toName="{self.input_fields[0]}" rows="{self.rows}" editable="true" '
            f'maxSubmissions="1" showSubmitButton="false"{self.required}/>'
        )

    def _written(self, texts: Sequence[str]) -> Result:
        value = {"text": list(texts)}
        return [{"from_name": CONTROL, "to_name": self.input_fields[0], "type": "textarea", "value": value}]


class Answering(Writing):
    """A question is answered by a mark in its passage, in writing, or both; the first field is the question."""

    rows = 2
    required = ""

    def target(self, *, result: Any, fields: Mapping[str, str], labels: Sequence[str]) -> str:
        marks = regions_of(result, control=MARK)
        spans = marked_spans(marks, text=self._passage(fields), labels=[ANSWER])
        marked = [{"text": self._passage(fields)[one.start : one.end], "start": one.start} for one in sorted(spans)]
        written = [text for region in regions_of(result) for text in _texts(region)]
        if not marked and not written:
            raise ResultInvalid("The question has no answer. Mark it in the passage, write it, or skip.")
        return json.dumps([*marked, *written], ensure_ascii=False)

    def result(self, *, target: str, fields: Mapping[str, str]) -> Result:
        texts = placed_texts(target)
        spans = [Span(start, start + len(text), ANSWER) for text, start in texts if start is not None]
        marks = marks_of(spans, text=self._passage(fields), control=MARK, field=self.input_fields[1])
        written = [text for text, start in texts if start is None]
        return [*marks, *(self._written(written) if written else [])]

    def agreed(self, *, targets: Sequence[str], labels: Sequence[str]) -> str:
        return most_written(targets)

    def _passage(self, fields: Mapping[str, str]) -> str:
        return fields.get(self.input_fields[1], "")

    def _shown(self, by_characters: bool) -> str:
        question, passage = self.input_fields
        granularity = "symbol" if by_characters else "word"
        return (
            f'<Text name="{question}" value="${question}"/>'
            f"{header('Mark the answer in the passage, where there is one, or write it.', size=6)}"
            f'<Labels name="{MARK}" toName="{passage}"><Label value="{ANSWER}" hotkey="1"/></Labels>'
            f'<Text name="{passage}" value="${passage}" granularity="{granularity}"/>'
        )


def _texts(region: dict[str, Any]) -> list[str]:
    """Read what was written in a text area; its value is a text or a list of texts."""
    written = value_of(region, "text")
    found = [written] if isinstance(written, str) else written
    if not isinstance(found, list) or not all(isinstance(one, str) for one in found):
        raise ResultInvalid("The answer is not a text.")
    return [one.strip() for one in found if one.strip()]
