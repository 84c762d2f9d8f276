"""One text, spans of it with one of the study's labels each."""

import json
from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Any, ClassVar, NamedTuple

from labeling.task_types.base import LabelingTaskType, Result, ResultInvalid, of_majority
from labeling.task_types.text_classification import header, labelled_tag, regions_of, value_of

LABELS = "label"
# Label Studio lets spans overlap; who submits such an annotation would learn of it afterwards only.
RULE = "Spans must not overlap."


class Span(NamedTuple):
    start: int
    end: int
    label: str


class EntityExtraction(LabelingTaskType):
    """A target is a JSON list of spans with start, end (exclusive) and label, in the order of the text.

    Label Studio counts code points, as Python does, in what its page shows: a line ends with one character there. Both
    directions translate.
    """

    name = "entity_extraction"
    input_fields: ClassVar[tuple[str, ...]] = ("text",)
    takes_empty = True

    def config(self, *, labels: Sequence[str], instructions: str = "", by_characters: bool = False) -> str:
        granularity = "symbol" if by_characters else "word"
        tags = "".join(labelled_tag("Label", label, place) for place, label in enumerate(labels))
        return (
            f'<View>{header(instructions)}{header(RULE)}<Labels name="{LABELS}" toName="text">{tags}</Labels>'
            f'<Text name="text" value="$text" granularity="{granularity}"/></View>'
        )

    def data(self, *, fields: Mapping[str, str]) -> dict[str, str]:
        """End lines as a browser would end them, so that what it counts is what was sent."""
        return {"text": fields["text"].replace("\r\n", "\n").replace("\r", "\n")}

    def target(self, *, result: Any, fields: Mapping[str, str], labels: Sequence[str]) -> str:
        text = fields["text"]
        place = {shown: kept for kept, shown in enumerate(_shown_places(text))}
        # The same part marked twice with the same label is said once.
        found = {_moved(_span(region, labels), place): region for region in regions_of(result, LABELS)}
        for span, region in found.items():
            _check_words(span, region, text)
        spans = sorted(found)
        for first, second in pairwise(spans):
            if second.start < first.end:
                raise ResultInvalid(
                    f"Two spans overlap (“{first.label}” and “{second.label}” at {second.start}); remove one."
                )
        return _written(spans)

    def result(self, *, target: str, fields: Mapping[str, str]) -> Result:
        place = dict(enumerate(_shown_places(fields["text"])))
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
        raise ResultInvalid(f"The span {start} to {end} is not inside a text.")
    if not isinstance(named, list) or len(named) != 1 or not isinstance(named[0], str):
        raise ResultInvalid(f"The span {start} to {end} does not have exactly one label.")
    if named[0] not in labels:
        raise ResultInvalid(f"“{named[0]}” is not one of the study's labels.")
    return Span(start, end, named[0])


def _shown_places(text: str) -> list[int]:
    """The position of each character of a text on the page, and of the text's end."""
    places = [0]
    for character, following in zip(text, text[1:] + " ", strict=True):
        places.append(places[-1] + (0 if character + following == "\r\n" else 1))
    return places


def _check_words(span: Span, region: dict[str, Any], text: str) -> None:
    """Refuse a span whose words, as the page saw them, are not those of the text: it was counted otherwise."""
    seen, kept = value_of(region, "text"), text[span.start : span.end]
    if isinstance(seen, str) and _squeezed(seen) != _squeezed(kept):
        raise ResultInvalid(f"The span {span.start} to {span.end} is “{kept[:40]}”, but “{seen[:40]}” was marked.")


def _squeezed(words: str) -> str:
    """Leave out white space, which a page may show otherwise; it writes a line's end as a backslash and an n."""
    return "".join(words.replace("\\n", "").split())


def _moved(span: Span, place: dict[int, int]) -> Span:
    if span.start not in place or span.end not in place:
        raise ResultInvalid(f"The span {span.start} to {span.end} lies outside the text.")
    return span._replace(start=place[span.start], end=place[span.end])
