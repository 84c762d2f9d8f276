"""Parts of a text that are marked, with a label each."""

from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Any

from labeling.widgets.base import (
    CONTROL,
    Result,
    ResultInvalid,
    Widget,
    header,
    known,
    labelled_tag,
    meanings_shown,
    of_majority,
    regions_of,
    value_of,
)
from studies.task_types import Span, spans_from_json, spans_to_json

# Label Studio lets spans overlap; who submits such an annotation would learn of it afterwards only.
SPANS_RULE = "Spans must not overlap."


class Spans(Widget):
    """Parts of the text, with a label each.

    Label Studio counts code points in what its page shows, where a line ends with one character. Both directions
    translate.
    """

    takes_empty = True

    def config(
        self,
        *,
        labels: Sequence[str],
        instructions: str = "",
        by_characters: bool = False,
        meanings: Mapping[str, str] | None = None,
    ) -> str:
        granularity, said = "symbol" if by_characters else "word", meanings or {}
        tags = "".join(labelled_tag("Label", label, place, said.get(label, "")) for place, label in enumerate(labels))
        return (
            f"<View>{header(instructions)}{meanings_shown(said)}{header(SPANS_RULE)}"
            f'<Labels name="{CONTROL}" toName="text">{tags}</Labels>'
            f'<Text name="text" value="$text" granularity="{granularity}"/></View>'
        )

    def data(self, *, fields: Mapping[str, str]) -> dict[str, str]:
        """End lines as a browser would end them, so that what it counts is what was sent."""
        return {"text": as_browsers_end_lines(fields["text"])}

    def target(self, *, result: Any, fields: Mapping[str, str], labels: Sequence[str]) -> str:
        found = marked_spans(regions_of(result), text=fields["text"], labels=labels)
        for first, second in pairwise(sorted(found)):
            if second.start < first.end:
                raise ResultInvalid(
                    f"Two spans overlap (“{first.label}” and “{second.label}” at {second.start}); remove one."
                )
        return spans_to_json(found)

    def result(self, *, target: str, fields: Mapping[str, str]) -> Result:
        return marks_of(spans_from_json(target), text=fields["text"], control=CONTROL, field="text")

    def agreed(self, *, targets: Sequence[str], labels: Sequence[str]) -> str:
        # What is kept does not overlap, for of two overlapping spans no answer has both.
        return spans_to_json(of_majority([spans_from_json(target) for target in targets]))


def marked_spans(regions: Sequence[dict[str, Any]], *, text: str, labels: Sequence[str]) -> list[Span]:
    """Read marks as spans of the stored text; a part marked twice with one label counts once. Raises: ResultInvalid."""
    stored = {shown: place for place, shown in enumerate(shown_places(text))}
    found = {moved(span_in(region, labels), stored): region for region in regions}
    for span, region in found.items():
        check_words(span, region, text)
    return list(found)


def marks_of(spans: Sequence[Span], *, text: str, control: str, field: str) -> Result:
    """Write spans of a stored text as an annotator's marks."""
    shown = dict(enumerate(shown_places(text)))
    part = {"from_name": control, "to_name": field, "type": "labels"}
    places = [moved(span, shown) for span in spans]
    return [{**part, "value": {"start": one.start, "end": one.end, "labels": [one.label]}} for one in places]


def as_browsers_end_lines(text: str) -> str:
    return text.replace("\r\n", "\n").replace("\r", "\n")


def span_in(region: dict[str, Any], labels: Sequence[str]) -> Span:
    start, end, named = (value_of(region, key) for key in ("start", "end", "labels"))
    if type(start) is not int or type(end) is not int or not 0 <= start < end:
        raise ResultInvalid(f"The span {start} to {end} is not inside a text.")
    if not isinstance(named, list) or len(named) != 1 or not isinstance(named[0], str):
        raise ResultInvalid(f"The span {start} to {end} does not have exactly one label.")
    return Span(start, end, known(named[0], labels))


def shown_places(text: str) -> list[int]:
    """The position of each character of a text on the page, and of the text's end."""
    places = [0]
    for character, following in pairwise(f"{text} "):
        places.append(places[-1] + (0 if character + following == "\r\n" else 1))
    return places


def check_words(span: Span, region: dict[str, Any], text: str) -> None:
    """Refuse a span whose words, as the page saw them, are not those of the text: it was counted otherwise."""
    seen, kept = value_of(region, "text"), text[span.start : span.end]
    if isinstance(seen, str) and _squeezed(seen) != _squeezed(kept):
        raise ResultInvalid(f"The span {span.start} to {span.end} is “{kept[:40]}”, but “{seen[:40]}” was marked.")


def _squeezed(words: str) -> str:
    """Leave out white space, which a page may show otherwise; it writes a line's end as a backslash and an n."""
    return "".join(words.replace("\\n", "").split())


def moved(span: Span, place: Mapping[int, int]) -> Span:
    if span.start not in place or span.end not in place:
        raise ResultInvalid(f"The span {span.start} to {span.end} lies outside the text.")
    return span._replace(start=place[span.start], end=place[span.end])
