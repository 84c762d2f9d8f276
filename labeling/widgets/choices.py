"""One label of several, or any number of them."""

import json
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

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

# Of texts that are shown together.
TITLES = ("First", "Second", "Third")


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
            labelled_tag("Choice", label, place, said.get(label, "")) for place, label in enumerate(labels)
        )
        return (
            f"<View>{header(instructions)}{meanings_shown(said)}{shown}"
            f'<Choices name="{CONTROL}" toName="{self.input_fields[0]}" {self.asked}>{choices}</Choices></View>'
        )

    def target(self, *, result: Any, fields: Mapping[str, str], labels: Sequence[str]) -> str:
        regions = regions_of(result)
        if len(regions) != 1:
            raise ResultInvalid(f"The result has {len(regions)} answers; one is expected.")
        choices = value_of(regions[0], "choices")
        if not isinstance(choices, list) or len(choices) != 1 or not isinstance(choices[0], str):
            raise ResultInvalid("The answer does not have exactly one choice.")
        return known(choices[0], labels)

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
        regions = regions_of(result)
        if len(regions) > 1:
            raise ResultInvalid(f"The result has {len(regions)} answers; one is expected.")
        chosen = value_of(regions[0], "choices") if regions else []
        if not isinstance(chosen, list):
            raise ResultInvalid("The answer has no list of choices.")
        return json.dumps([known(label, labels) for label in chosen], ensure_ascii=False)

    def result(self, *, target: str, fields: Mapping[str, str]) -> Result:
        chosen = json.loads(target)
        return self._chosen(chosen) if chosen else []

    def agreed(self, *, targets: Sequence[str], labels: Sequence[str]) -> str:
        kept = of_majority([json.loads(target) for target in targets])
        return json.dumps([label for label in labels if label in kept], ensure_ascii=False)
