"""One text, spans of it with one of the study's labels each."""

import json
from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Any, ClassVar, NamedTuple

from labeling.task_types.base import LabelingTaskType, Result, ResultInvalid, of_majority
from labeling.task_types.text_classification import header, labelled_tag, regions_of, value_of

LABELS = "label"


class Span(NamedTuple):
    start: int
    end: int
    label: str


class EntityExtraction(LabelingTaskType):
    """A target is a JSON list of spans with start, end (exclusive) and label, in the order of the text.

    Label Studio counts as a browser does: a character beyond the basic plane, most emoji for one, counts twice, and a
    line ends with one character. Both directions translate.
    """

    name = "entity_extraction"
    input_fields: ClassVar[tuple[str, ...]] = ("text",)

    def config(self, *, labels: Sequence[str], instructions: str = "") -> str:
        tags = "".join(labelled_tag("Label", label, place) for place, label in enumerate(labels))
        return (
            f'<View>{header(instructions)}<Labels name="{LABELS}" toName="text">{tags}</Labels>'
            '<Text name="text" value="$text" granularity="word"/></View>'
        )

    def data(self, *, fields: Mapping[str, str]) -> dict[str, str]:
        """Show lines that end as a browser would end them, so that it counts what we count."""
        return {"text": fields["text"].replace("\r\n", "\n").replace("\r", "\n")}

    def target(self, *, result: Any, fields: Mapping[str, str], labels: Sequence[str]) -> str:
        place = {width: index for index, width in enumerate(_widths(fields["text"]))}
        # The same part marked twice with the same label is said once.
        regions = {_span(region, labels) for region in regions_of(result, LABELS)}
        spans = [_moved(span, place) for span in sorted(regions)]
        for first, second in pairwise(spans):
            if second.start < first.end:
                raise ResultInvalid(f"“{second.label}” at {second.start} overlaps “{first.label}”; spans stand apart.")
        return _written(spans)

    def result(self, *, target: str, fields: Mapping[str, str]) -> Result:
        place = dict(enumerate(_widths(fields["text"])))
        spans = [_moved(span, place) for span in _spans_in(target)]
        return [
            {
                "from_name": LABELS,
                "to_name": "text",
                "type": "labels",
                "value": {"start": span.start, "end": span.end, "labels": [span.label]},
            }
            for span in spans
        ]

    def agreed(self, *, targets: Sequence[str], labels: Sequence[str]) -> str:
        """Decide span by span, as `of_majority` does: alike are those with the same characters and label.

        What is kept does not overlap, for of two overlapping spans no answer has both.
        """
        return _written(of_majority([_spans_in(target) for target in targets]))


def _spans_in(target: str) -> list[Span]:
    return [Span(**span) for span in json.loads(target)]


def _written(spans: Sequence[Span]) -> str:
    return json.dumps([span._asdict() for span in sorted(spans)], ensure_ascii=False)


def _span(region: dict[str, Any], labels: Sequence[str]) -> Span:
    start, end, named = (value_of(region, key) for key in ("start", "end", "labels"))
    if type(start) is not int or type(end) is not int or not 0 <= start < end:
        raise ResultInvalid(f"The span {start} to {end} is no part of a text.")
    if not isinstance(named, list) or len(named) != 1 or not isinstance(named[0], str):
        raise ResultInvalid(f"The span {start} to {end} does not have exactly one label.")
    if named[0] not in labels:
        raise ResultInvalid(f"“{named[0]}” is not one of the study's labels.")
    return Span(start, end, named[0])


def _widths(text: str) -> list[int]:
    """Where each character of a text stands as a browser counts, and where the text ends."""
    places = [0]
    for character, following in zip(text, text[1:] + " ", strict=True):
        is_first_of_line_end = character == "\r" and following == "\n"
        places.append(places[-1] + (0 if is_first_of_line_end else 2 if ord(character) > 0xFFFF else 1))
    return places


def _moved(span: Span, place: dict[int, int]) -> Span:
    if span.start not in place or span.end not in place:
        raise ResultInvalid(f"The span {span.start} to {span.end} lies outside the text.")
    return span._replace(start=place[span.start], end=place[span.end])
