"""What a labelling interface is, and the parts that several of them are made of."""

from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Hashable, Mapping, Sequence
from typing import Any, ClassVar, TypeVar
from xml.sax.saxutils import quoteattr

Result = list[dict[str, Any]]
Item = TypeVar("Item", bound=Hashable)
CONTROL = "label"
# Keys 1 to 9, then 0, as Label Studio's own interface counts.
HOTKEYS = "1234567890"
# A zero-width space behind it is not seen, and keeps a dollar sign from naming a field of the example.
HARMLESS_DOLLAR = "$\u200b"
# More would push the text off the screen.
MOST_MEANINGS_SHOWN = 12


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


def of_majority(answers: Sequence[Sequence[Item]]) -> list[Item]:
    """Keep what more than half of the answers have; if exactly half have it, what the earliest one has."""
    counts = Counter(item for answer in answers for item in dict.fromkeys(answer))
    return [
        item
        for item, count in counts.items()
        if 2 * count > len(answers) or (2 * count == len(answers) and item in answers[0])
    ]


def attribute(text: str) -> str:
    """Quote a text as an XML attribute, line breaks and tabs included."""
    return quoteattr(text, {"\n": "&#10;", "\t": "&#9;"})


def header(instructions: str, *, size: int = 5) -> str:
    shown = attribute(instructions.replace("$", HARMLESS_DOLLAR))
    return f'<Header value={shown} size="{size}"/>' if instructions.strip() else ""


def meanings_shown(meanings: Mapping[str, str]) -> str:
    """Show what labels mean above the text; more than a few only at the labels themselves, as hints."""
    if len(meanings) > MOST_MEANINGS_SHOWN:
        return ""
    shown = (f"{label}: {meaning}".replace("$", HARMLESS_DOLLAR) for label, meaning in meanings.items())
    return "".join(f'<Header value={attribute(one)} size="6"/>' for one in shown)


def labelled_tag(tag: str, label: str, place: int, meaning: str = "") -> str:
    further = f' hotkey="{HOTKEYS[place]}"' if place < len(HOTKEYS) else ""
    if meaning:
        further += f" hint={attribute(meaning.replace('$', HARMLESS_DOLLAR))}"
    if "$" not in label:
        return f"<{tag} value={attribute(label)}{further}/>"
    # Label Studio would read `$text` in a value as a field of the example; an alias it takes as it is.
    return f"<{tag} value={attribute(label.replace('$', HARMLESS_DOLLAR))} alias={attribute(label)}{further}/>"


def regions_of(result: Any, *, control: str = CONTROL) -> list[dict[str, Any]]:
    """Find the parts of a result that answer a control, whatever else an interface may have put beside them."""
    if not isinstance(result, list):
        raise ResultInvalid("The result is not a list.")
    return [part for part in result if isinstance(part, dict) and part.get("from_name") == control]


def value_of(region: dict[str, Any], key: str) -> Any:
    value = region.get("value")
    return value.get(key) if isinstance(value, dict) else None


def known(label: Any, labels: Sequence[str]) -> str:
    if label not in labels:
        raise ResultInvalid(f"“{label}” is not one of the study's labels.")
    return str(label)
