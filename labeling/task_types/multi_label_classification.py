"""One text, any number of the study's labels, none too."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from labeling.task_types.base import Result, ResultInvalid, of_majority
from labeling.task_types.text_classification import CHOICES, TextClassification, regions_of, value_of


class MultiLabelClassification(TextClassification):
    """A target is a JSON list of the labels that apply, in the study's order; submitting none says that none does."""

    name = "multi_label_classification"
    takes_empty = True
    asked = 'choice="multiple" required="false"'

    def target(self, *, result: Any, fields: Mapping[str, str], labels: Sequence[str]) -> str:
        chosen = _chosen(result)
        for label in chosen:
            if label not in labels:
                raise ResultInvalid(f"“{label}” is not one of the study's labels.")
        return json.dumps([label for label in labels if label in chosen], ensure_ascii=False)

    def result(self, *, target: str, fields: Mapping[str, str]) -> Result:
        chosen = json.loads(target)
        value = {"choices": chosen}
        region = {"from_name": CHOICES, "to_name": self.input_fields[0], "type": "choices", "value": value}
        return [region] if chosen else []

    def agreed(self, *, targets: Sequence[str], labels: Sequence[str]) -> str:
        """Decide label by label, as `of_majority` does."""
        kept = of_majority([json.loads(target) for target in targets])
        return json.dumps([label for label in labels if label in kept], ensure_ascii=False)


def _chosen(result: Any) -> list[Any]:
    regions = regions_of(result, CHOICES)
    if len(regions) > 1:
        raise ResultInvalid(f"The result has {len(regions)} answers; one is expected.")
    choices = value_of(regions[0], "choices") if regions else []
    if not isinstance(choices, list):
        raise ResultInvalid("The answer has no list of choices.")
    return choices
