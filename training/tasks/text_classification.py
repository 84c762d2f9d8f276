"""One text, one of several labels."""

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from tables.signs import clean
from training.answers import GoldInvalid, Item, known_label, listed, shown, without_spaces
from training.tasks.base import TaskType


class TextClassificationType(TaskType):
    """Assigns one of the study's labels to a text."""

    name = "text_classification"
    title = "Text classification"
    input_fields: ClassVar[tuple[str, ...]] = ("text",)
    asks = "Each text gets one of the labels."
    widget = "choices"
    in_a_file = "the label itself"

    def read_gold(
        self, *, gold: Sequence[Any], columns: Mapping[str, Sequence[str]], labels: Sequence[str]
    ) -> list[str]:
        known = set(labels)
        for row, label in enumerate(gold):
            if label not in known:
                raise GoldInvalid(row, f"has label {shown(label)}. The labels are {listed(labels)}.")
        return list(gold)

    def read_answer(self, *, given: str, fields: Mapping[str, str], labels: Sequence[str]) -> str:
        return known_label(clean(given), labels)

    def as_text(self, *, answer: str, text: str, labels: Sequence[str] = ()) -> str:
        return answer

    def from_text(self, *, generated: str, text: str, names: Mapping[str, str]) -> str | None:
        return names.get(without_spaces(generated))

    def items(self, *, answer: str, place: Mapping[str, int]) -> frozenset[Item]:
        return frozenset({(place[answer],)})
