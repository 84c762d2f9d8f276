"""One text, spans of it with one of the study's labels each."""

import json
from collections.abc import Sequence
from itertools import pairwise
from typing import Any, ClassVar, NamedTuple

from labeling.task_types.base import LabelingTaskType, Result, ResultInvalid
from labeling.task_types.text_classification import header, labelled_tag, regions_of, value_of

LABELS = "label"


class Span(NamedTuple):
    start: int
    end: int
    label: str


class EntityExtraction(LabelingTaskType):
    """A target is a JSON list of spans with start, end (exclusive) and label, in the order of the text.

    Label Studio counts as a browser does: a character beyond the basic plane, most emoji for one, counts twice. Given
    the text, both directions translate; without it, offsets are taken as they are.
    """

    name = "entity_extraction"
    input_fields: ClassVar[tuple[str, ...]] = ("text",)

    def config(self, *, labels: Sequence[str], instructions: str = "") -> str:
        tags = "".join(labelled_tag("Label", label, place) for place, label in enumerate(labels))
        return (
            f'<View>{header(instructions)}<Labels name="{LABELS}" toName="text">{tags}</Labels>'
            '<Text name="text" value="$text" granularity="word"/></View>'
        )

    def target(self, *, result: Any, labels: Sequence[str], text: str | None = None) -> str:
        spans = sorted(_span(region, labels) for region in regions_of(result, LABELS))
        if text is not None:
            place = {width: index for index, width in enumerate(_widths(text))}
            spans = [_moved(span, place) for span in spans]
        for first, second in pairwise(spans):
            if second.start < first.end:
                raise ResultInvalid(f"“{second.label}” at {second.start} overlaps “{first.label}”; spans stand apart.")
        return json.dumps([span._asdict() for span in spans], ensure_ascii=False)

    def result(self, *, target: str, text: str | None = None) -> Result:
        spans = [Span(**span) for span in json.loads(target)]
        if text is not None:
            spans = [_moved(span, dict(enumerate(_widths(text)))) for span in spans]
        return [
            {
                "from_name": LABELS,
                "to_name": "text",
                "type": "labels",
                "value": {"start": span.start, "end": span.end, "labels": [span.label]},
            }
            for span in spans
        ]


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
    for character in text:
        places.append(places[-1] + (2 if ord(character) > 0xFFFF else 1))
    return places


def _moved(span: Span, place: dict[int, int]) -> Span:
    if span.start not in place or span.end not in place:
        raise ResultInvalid(f"The span {span.start} to {span.end} lies outside the text.")
    return span._replace(start=place[span.start], end=place[span.end])
