"""How Label Studio asks for an answer: its labelling interfaces, and what annotators make with them."""

import json
from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Hashable, Mapping, Sequence
from itertools import pairwise
from typing import Any, ClassVar, TypeVar
from xml.sax.saxutils import quoteattr

from studies.task_types import Span, TaskType, spans_from_json, spans_to_json

Result = list[dict[str, Any]]
Item = TypeVar("Item", bound=Hashable)
CONTROL = "label"
# Keys 1 to 9, then 0, as Label Studio's own interface counts.
HOTKEYS = "1234567890"
# A zero-width space behind it is not seen, and keeps a dollar sign from naming a field of the example.
HARMLESS_DOLLAR = "$\u200b"
# Of texts that are shown together.
TITLES = ("First", "Second", "Third")
# More would push the text off the screen.
MOST_MEANINGS_SHOWN = 12
# Label Studio lets spans overlap; who submits such an annotation would learn of it afterwards only.
SPANS_RULE = "Spans must not overlap."


class ResultInvalid(Exception):
    """An annotation's result is not a valid answer; the message says why."""


class Widget(ABC):
    """One labelling interface; a new one is a class here and a line in `WIDGETS`."""

    takes_empty: ClassVar[bool] = False

    def __init__(self, input_fields: Sequence[str]) -> None:
        self.input_fields = input_fields

    @abstractmethod
    def config(
        self,
        *,
        labels: Sequence[str],
        instructions: str = "",
        by_characters: bool = False,
        meanings: Mapping[str, str] | None = None,
    ) -> str:
        """Build the labelling configuration (XML) for a label set, in its order.

        Parameters: `by_characters` lets parts of words be marked, where parts of a text are. `meanings` has what a
        label says of itself, where it does.
        """

    @abstractmethod
    def target(self, *, result: Any, fields: Mapping[str, str], labels: Sequence[str]) -> str:
        """Read what an annotator answered to an example. Raises: ResultInvalid."""

    @abstractmethod
    def result(self, *, target: str, fields: Mapping[str, str]) -> Result:
        """Write an answer to an example as an annotator's result, for predictions and for replay."""

    def data(self, *, fields: Mapping[str, str]) -> dict[str, str]:
        return {name: fields[name] for name in self.input_fields}

    def agreed(self, *, targets: Sequence[str], labels: Sequence[str]) -> str:
        """Decide between answers to one example, earliest first: the one most gave; of equal ones, the earliest."""
        return Counter(targets).most_common(1)[0][0]


class Choices(Widget):
    asked: ClassVar[str] = 'choice="single" required="true" requiredMessage="Choose a label, or skip."'

    def config(
        self,
        *,
        labels: Sequence[str],
        instructions: str = "",
        by_characters: bool = False,
        meanings: Mapping[str, str] | None = None,
    ) -> str:
        said = meanings or {}
        shown = "".join(self._shown(place, field) for place, field in enumerate(self.input_fields))
        choices = "".join(
            _labelled_tag("Choice", label, place, said.get(label, "")) for place, label in enumerate(labels)
        )
        return (
            f"<View>{_header(instructions)}{_meanings(said)}{shown}"
            f'<Choices name="{CONTROL}" toName="{self.input_fields[0]}" {self.asked}>{choices}</Choices></View>'
        )

    def target(self, *, result: Any, fields: Mapping[str, str], labels: Sequence[str]) -> str:
        regions = _regions_of(result)
        if len(regions) != 1:
            raise ResultInvalid(f"The result has {len(regions)} answers; one is expected.")
        choices = _value_of(regions[0], "choices")
        if not isinstance(choices, list) or len(choices) != 1 or not isinstance(choices[0], str):
            raise ResultInvalid("The answer does not have exactly one choice.")
        return _known(choices[0], labels)

    def result(self, *, target: str, fields: Mapping[str, str]) -> Result:
        return self._chosen([target])

    def _chosen(self, choices: Sequence[str]) -> Result:
        value = {"choices": choices}
        return [{"from_name": CONTROL, "to_name": self.input_fields[0], "type": "choices", "value": value}]

    def _shown(self, place: int, field: str) -> str:
        title = f'<Header value="{TITLES[place]}" size="6"/>' if len(self.input_fields) > 1 else ""
        return f'{title}<Text name="{field}" value="${field}"/>'


class MultipleChoices(Choices):
    """Any number of labels; submitting none says that none applies."""

    takes_empty = True
    asked = 'choice="multiple" required="false"'

    def target(self, *, result: Any, fields: Mapping[str, str], labels: Sequence[str]) -> str:
        regions = _regions_of(result)
        if len(regions) > 1:
            raise ResultInvalid(f"The result has {len(regions)} answers; one is expected.")
        chosen = _value_of(regions[0], "choices") if regions else []
        if not isinstance(chosen, list):
            raise ResultInvalid("The answer has no list of choices.")
        return json.dumps([_known(label, labels) for label in chosen], ensure_ascii=False)

    def result(self, *, target: str, fields: Mapping[str, str]) -> Result:
        chosen = json.loads(target)
        return self._chosen(chosen) if chosen else []

    def agreed(self, *, targets: Sequence[str], labels: Sequence[str]) -> str:
        kept = of_majority([json.loads(target) for target in targets])
        return json.dumps([label for label in labels if label in kept], ensure_ascii=False)


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
        tags = "".join(_labelled_tag("Label", label, place, said.get(label, "")) for place, label in enumerate(labels))
        return (
            f"<View>{_header(instructions)}{_meanings(said)}{_header(SPANS_RULE)}"
            f'<Labels name="{CONTROL}" toName="text">{tags}</Labels>'
            f'<Text name="text" value="$text" granularity="{granularity}"/></View>'
        )

    def data(self, *, fields: Mapping[str, str]) -> dict[str, str]:
        """End lines as a browser would end them, so that what it counts is what was sent."""
        return {"text": fields["text"].replace("\r\n", "\n").replace("\r", "\n")}

    def target(self, *, result: Any, fields: Mapping[str, str], labels: Sequence[str]) -> str:
        text = fields["text"]
        stored = {shown: place for place, shown in enumerate(_shown_places(text))}
        # The same part marked twice with the same label counts once.
        found = {_moved(_span(region, labels), stored): region for region in _regions_of(result)}
        for span, region in found.items():
            _check_words(span, region, text)
        for first, second in pairwise(sorted(found)):
            if second.start < first.end:
                raise ResultInvalid(
                    f"Two spans overlap (“{first.label}” and “{second.label}” at {second.start}); remove one."
                )
        return spans_to_json(found)

    def result(self, *, target: str, fields: Mapping[str, str]) -> Result:
        shown = dict(enumerate(_shown_places(fields["text"])))
        spans = [_moved(span, shown) for span in spans_from_json(target)]
        control = {"from_name": CONTROL, "to_name": "text", "type": "labels"}
        return [{**control, "value": {"start": span.start, "end": span.end, "labels": [span.label]}} for span in spans]

    def agreed(self, *, targets: Sequence[str], labels: Sequence[str]) -> str:
        # What is kept does not overlap, for of two overlapping spans no answer has both.
        return spans_to_json(of_majority([spans_from_json(target) for target in targets]))


WIDGETS: dict[str, type[Widget]] = {"choices": Choices, "multiple_choices": MultipleChoices, "spans": Spans}


def widget_of(task_type: TaskType) -> Widget:
    return WIDGETS[task_type.widget](task_type.input_fields)


def of_majority(answers: Sequence[Sequence[Item]]) -> list[Item]:
    """Keep what more than half of the answers have; if exactly half have it, what the earliest one has."""
    counts = Counter(item for answer in answers for item in dict.fromkeys(answer))
    return [
        item
        for item, count in counts.items()
        if 2 * count > len(answers) or (2 * count == len(answers) and item in answers[0])
    ]


def _attribute(text: str) -> str:
    """Quote a text as an XML attribute, line breaks and tabs included."""
    return quoteattr(text, {"\n": "&#10;", "\t": "&#9;"})


def _header(instructions: str) -> str:
    shown = _attribute(instructions.replace("$", HARMLESS_DOLLAR))
    return f'<Header value={shown} size="5"/>' if instructions.strip() else ""


def _meanings(meanings: Mapping[str, str]) -> str:
    """Show what labels mean above the text; more than a few only at the labels themselves, as hints."""
    if len(meanings) > MOST_MEANINGS_SHOWN:
        return ""
    shown = (f"{label}: {meaning}".replace("$", HARMLESS_DOLLAR) for label, meaning in meanings.items())
    return "".join(f'<Header value={_attribute(one)} size="6"/>' for one in shown)


def _labelled_tag(tag: str, label: str, place: int, meaning: str = "") -> str:
    further = f' hotkey="{HOTKEYS[place]}"' if place < len(HOTKEYS) else ""
    if meaning:
        further += f" hint={_attribute(meaning.replace('$', HARMLESS_DOLLAR))}"
    if "$" not in label:
        return f"<{tag} value={_attribute(label)}{further}/>"
    # Label Studio would read `$text` in a value as a field of the example; an alias it takes as it is.
    return f"<{tag} value={_attribute(label.replace('$', HARMLESS_DOLLAR))} alias={_attribute(label)}{further}/>"


def _regions_of(result: Any) -> list[dict[str, Any]]:
    """Find the parts of a result that answer our control, whatever else an interface may have put beside them."""
    if not isinstance(result, list):
        raise ResultInvalid("The result is not a list.")
    return [part for part in result if isinstance(part, dict) and part.get("from_name") == CONTROL]


def _value_of(region: dict[str, Any], key: str) -> Any:
    value = region.get("value")
    return value.get(key) if isinstance(value, dict) else None


def _known(label: Any, labels: Sequence[str]) -> str:
    if label not in labels:
        raise ResultInvalid(f"“{label}” is not one of the study's labels.")
    return str(label)


def _span(region: dict[str, Any], labels: Sequence[str]) -> Span:
    start, end, named = (_value_of(region, key) for key in ("start", "end", "labels"))
    if type(start) is not int or type(end) is not int or not 0 <= start < end:
        raise ResultInvalid(f"The span {start} to {end} is not inside a text.")
    if not isinstance(named, list) or len(named) != 1 or not isinstance(named[0], str):
        raise ResultInvalid(f"The span {start} to {end} does not have exactly one label.")
    return Span(start, end, _known(named[0], labels))


def _shown_places(text: str) -> list[int]:
    """The position of each character of a text on the page, and of the text's end."""
    places = [0]
    for character, following in zip(text, text[1:] + " ", strict=True):
        places.append(places[-1] + (0 if character + following == "\r\n" else 1))
    return places


def _check_words(span: Span, region: dict[str, Any], text: str) -> None:
    """Refuse a span whose words, as the page saw them, are not those of the text: it was counted otherwise."""
    seen, kept = _value_of(region, "text"), text[span.start : span.end]
    if isinstance(seen, str) and _squeezed(seen) != _squeezed(kept):
        raise ResultInvalid(f"The span {span.start} to {span.end} is “{kept[:40]}”, but “{seen[:40]}” was marked.")


def _squeezed(words: str) -> str:
    """Leave out white space, which a page may show otherwise; it writes a line's end as a backslash and an n."""
    return "".join(words.replace("\\n", "").split())


def _moved(span: Span, place: Mapping[int, int]) -> Span:
    if span.start not in place or span.end not in place:
        raise ResultInvalid(f"The span {span.start} to {span.end} lies outside the text.")
    return span._replace(start=place[span.start], end=place[span.end])
