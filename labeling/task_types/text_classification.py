"""One text, one of the study's labels."""

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar
from xml.sax.saxutils import quoteattr

from labeling.task_types.base import LabelingTaskType, Result, ResultInvalid

CHOICES = "label"
# Keys 1 to 9, then 0, as Label Studio's own interface counts.
HOTKEYS = "1234567890"
# A zero-width space behind it is not seen, and keeps a dollar sign from naming a field of the example.
HARMLESS_DOLLAR = "$\u200b"


class TextClassification(LabelingTaskType):
    name = "text_classification"
    input_fields: ClassVar[tuple[str, ...]] = ("text",)
    asked: ClassVar[str] = 'choice="single" required="true" requiredMessage="Choose a label, or skip."'

    def config(self, *, labels: Sequence[str], instructions: str = "", by_characters: bool = False) -> str:
        shown = "".join(self._shown(field) for field in self.input_fields)
        choices = "".join(labelled_tag("Choice", label, place) for place, label in enumerate(labels))
        return (
            f'<View>{header(instructions)}{shown}<Choices name="{CHOICES}" toName="{self.input_fields[0]}" '
            f"{self.asked}>{choices}</Choices></View>"
        )

    def target(self, *, result: Any, fields: Mapping[str, str], labels: Sequence[str]) -> str:
        chosen = _chosen(result)
        if chosen not in labels:
            raise ResultInvalid(f"“{chosen}” is not one of the study's labels.")
        return chosen

    def result(self, *, target: str, fields: Mapping[str, str]) -> Result:
        return [
            {
                "from_name": CHOICES,
                "to_name": self.input_fields[0],
                "type": "choices",
                "value": {"choices": [target]},
            }
        ]

    def _shown(self, field: str) -> str:
        return f'<Text name="{field}" value="${field}"/>'


def attribute(text: str) -> str:
    """Quote a text as an XML attribute, line breaks and tabs included."""
    return quoteattr(text, {"\n": "&#10;", "\t": "&#9;"})


def header(instructions: str) -> str:
    shown = attribute(instructions.replace("$", HARMLESS_DOLLAR))
    return f'<Header value={shown} size="5"/>' if instructions.strip() else ""


def labelled_tag(tag: str, label: str, place: int) -> str:
    """Write a Choice or Label tag with a key for the first ten."""
    hotkey = f' hotkey="{HOTKEYS[place]}"' if place < len(HOTKEYS) else ""
    if "$" not in label:
        return f"<{tag} value={attribute(label)}{hotkey}/>"
    # Label Studio would read `$text` in a value as a field of the example; an alias it takes as it is.
    return f"<{tag} value={attribute(label.replace('$', HARMLESS_DOLLAR))} alias={attribute(label)}{hotkey}/>"


def regions_of(result: Any, name: str) -> list[dict[str, Any]]:
    """Find the parts of a result that answer one control, whatever else an interface may have put beside them."""
    if not isinstance(result, list):
        raise ResultInvalid("The result is not a list.")
    return [part for part in result if isinstance(part, dict) and part.get("from_name") == name]


def value_of(region: dict[str, Any], key: str) -> Any:
    value = region.get("value")
    return value.get(key) if isinstance(value, dict) else None


def _chosen(result: Any) -> str:
    regions = regions_of(result, CHOICES)
    if len(regions) != 1:
        raise ResultInvalid(f"The result has {len(regions)} answers; one is expected.")
    choices = value_of(regions[0], "choices")
    if not isinstance(choices, list) or len(choices) != 1 or not isinstance(choices[0], str):
        raise ResultInvalid("The answer does not have exactly one choice.")
    return choices[0]
